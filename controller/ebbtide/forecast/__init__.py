"""Forecasters: from a history of minutes to quantiles of the minutes to come. Pure numpy."""
