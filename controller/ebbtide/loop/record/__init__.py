"""What is on record of a workload, in its status and on its pods, for a successor to go on."""
