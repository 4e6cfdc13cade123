"""The parts of Tide, each a step on the way from minutes to quantiles."""
