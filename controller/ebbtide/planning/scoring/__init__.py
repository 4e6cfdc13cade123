"""What a scaler cost and whom it failed, beside rivals and the fewest replicas that would do."""
