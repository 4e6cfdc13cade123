"""What is known of one workload at one moment: an observation that is known to have no lanes."""

from dataclasses import dataclass

from ebbtide_policies.observation import Observation
from ebbtide_policies.phase_lanes import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Observation):
    """What the live loop decides on. A policy is handed an `Observation`, which may have lanes."""

    now: float
    """Epoch seconds."""
    phase: Phase = Phase.PEACE
    phase_since: float = float("-inf")
    """The moment at which this phase began; unknown: long ago."""
