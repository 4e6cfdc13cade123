"""`ebbtide compare`: policies side by side on the same demand."""
