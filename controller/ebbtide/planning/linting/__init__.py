"""A policy held against its own past: what in it can't be meant."""
