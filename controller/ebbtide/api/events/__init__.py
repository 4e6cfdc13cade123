"""What is announced of demand: events, shapes of earlier ones, and days of their own kind."""
