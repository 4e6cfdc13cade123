"""The loop: renew, observe, forecast, decide, record intent, act, confirm. No I/O of its own."""
