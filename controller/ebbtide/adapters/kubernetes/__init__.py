"""The Kubernetes API: what the loop asks of it and writes to it, and leadership."""
