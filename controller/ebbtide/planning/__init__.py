"""Planning: demand, a simulated fleet, rivals and their score. Pure: no clock, no I/O."""
