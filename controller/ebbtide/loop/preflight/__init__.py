"""What stands between a workload and Enforce, told before anything is switched on."""
