"""The loop of the operator over a demand, on embedded twins and a fast clock, for many commands."""
