"""One workload under simulation: what it has to carry, and how what came of it is scored."""

from dataclasses import dataclass

import numpy as np

from ebbtide.api.capacity_policy import CapacityPolicySpec
from ebbtide.cli.plan.gate import Gate
from ebbtide.loop.ports import Ref
from ebbtide.planning.demand import DemandSeries
from ebbtide.planning.plant_settings import BootTime
from ebbtide.planning.score import Course, Score, score
from ebbtide_policies.lanes import Lanes


@dataclass(frozen=True, slots=True)
class Workbench:
    """One workload under simulation."""

    key: str
    ref: Ref
    spec: CapacityPolicySpec
    lead: float | BootTime
    signals: tuple[tuple[DemandSeries, float], ...]
    """The demand of each signal, and what one replica carries of it."""
    gate: Gate

    @property
    def price(self) -> float:
        """The cost of a replica for an hour; 0 where nobody has said it."""
        return self.spec.capacity.cost_per_hour or 0.0

    def replicas_needed(self, times: Lanes) -> Lanes:
        """The truth at some moments, in replicas at load 1.0; the largest signal counts."""
        needs = [series.at(times) / per_replica for series, per_replica in self.signals]
        return np.asarray(np.max(needs, axis=0))

    def scored(self, course: Course) -> Score:
        """Score what came of it, or of a rival in its place."""
        return score(course, self.price, self.gate.modelled)
