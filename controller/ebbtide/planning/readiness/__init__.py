"""The peak that is planned, and what a cluster can carry of it."""
