"""What is laid over any forecast: announced events, special days, an ebb, a surge and a slump."""
