"""Ticks, recorded as they were decided, and decided again from that."""
