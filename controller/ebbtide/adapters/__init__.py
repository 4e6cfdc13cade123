"""The only rooms with I/O: each fulfils a Protocol of the loop on something real."""
