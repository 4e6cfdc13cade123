"""Ticks as they were recorded, and decided again."""
