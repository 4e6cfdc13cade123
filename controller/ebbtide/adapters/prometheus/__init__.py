"""Prometheus, or a store that speaks its API: demand, signals, and the past."""
