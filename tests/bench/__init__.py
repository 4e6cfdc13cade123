"""Benchmarks: each prints a table, and writes its rows to build/bench."""
