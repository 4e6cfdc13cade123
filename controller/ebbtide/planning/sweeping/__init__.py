"""Many variants of policies over the same recordings, side by side on numpy lanes, and exactly."""
