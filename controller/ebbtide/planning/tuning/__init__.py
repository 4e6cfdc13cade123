"""Which settings to take, by what a replay of the past says that each would have come to."""
