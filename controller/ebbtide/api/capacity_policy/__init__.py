"""What an SRE says about the capacity of one workload."""
