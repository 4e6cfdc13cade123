"""Plain forecasters, each with the measured errors of its rule: what `Tide` has to beat."""
