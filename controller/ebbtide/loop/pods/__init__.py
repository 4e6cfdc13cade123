"""Pods one by one, where a decision needs to see them: those that boot, or carry sessions."""
