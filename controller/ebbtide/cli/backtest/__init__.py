"""`ebbtide backtest`: how good the forecasts are on one's own history."""
