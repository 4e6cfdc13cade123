"""`objective`: the settings that a workload's own past speaks for, asked for off the tick."""
