"""What the operator writes into the status of a CapacityPolicy."""
