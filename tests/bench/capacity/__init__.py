"""What an objective costs over recorded demand, beside the rivals of the house."""
