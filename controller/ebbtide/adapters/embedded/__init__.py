"""The embedded twins of the outside world: for tests, demo and plans."""
