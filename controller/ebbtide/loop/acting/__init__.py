"""How a decision reaches a fleet: on record before it is done, and put back in the end."""
