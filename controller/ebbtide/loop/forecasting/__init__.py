"""Forecasts of every signal, made beside the ticks; and whether they are followed."""
