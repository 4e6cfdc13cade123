"""Demand over time: recorded, made up, supposed, and as one workload's past."""
