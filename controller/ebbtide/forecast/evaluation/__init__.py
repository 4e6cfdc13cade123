"""How good forecasters are: over a recorded past, on its last days, and as it turned out."""
