"""What is laid over any forecast: announced events, special days, an ebb, and a slump."""
