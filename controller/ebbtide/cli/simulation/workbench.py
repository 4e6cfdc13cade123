"""One workload under simulation: what it has to carry, and how what came of it is scored."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.cli.simulation.gate import Gate
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.score import Course, Score, replicas_needed, score
from ebbtide.planning.simulated_fleet.plant import Plant
from ebbtide.planning.simulated_fleet.plant_settings import BootTime, PlantSettings
from ebbtide.planning.simulated_fleet.pods import Victims, highest_first
from ebbtide_policies.lanes import Lanes

_VICTIMS: Mapping[str, Victims] = {"StatefulSet": highest_first}
"""Kinds that have an order of their own."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """One workload under simulation."""

    key: str
    ref: Ref
    spec: CapacityPolicySpec
    lead: float | BootTime
    signals: tuple[tuple[DemandSeries, float], ...]
    """The demand of each signal as far as it is known, and what one replica carries of it."""
    gate: Gate

    @property
    def price(self) -> float:
        """The cost of a replica for an hour; 0 where nobody has said it."""
        return self.spec.capacity.cost_per_hour or 0.0

    def replicas_needed(self, times: Lanes) -> Lanes:
        """The truth at some moments, in replicas at target load; the largest signal counts."""
        return replicas_needed(self.signals, times)

    def plant(self, settings: PlantSettings, replicas: int, start: float, seed: int) -> Plant:
        """A plant as that of the workload is; every one of them has the same luck."""
        victims = settings.victims or _VICTIMS.get(self.ref.kind)
        luck = np.random.default_rng([seed, zlib.crc32(self.key.encode())])
        return Plant(replace(settings, lead=self.lead, victims=victims), replicas, start, luck)

    def scored(self, course: Course) -> Score:
        """Score what came of it, or of a rival in its place."""
        return score(course, self.price, self.gate.modelled)
