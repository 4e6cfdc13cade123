"""How variants are tried: side by side in a sweep, or one by one by the loop.

A sweep knows neither single pods nor luck. What hangs on them (boots that vary, sessions that hold
pods, a gate that follows the load) is replayed by the loop, as `ebbtide plan` does it. Sessions
that hold no pod change no decision: they live on the plant, along what a sweep has asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.gate import gate_of
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.planning.simulated_fleet.plant import Census, Plant
from ebbtide.planning.simulated_fleet.plant_settings import BootTime, PlantSettings
from ebbtide.planning.sweeping.sweep import World, replicas_asked
from ebbtide.planning.sweeping.variants import left_out, swept
from ebbtide.planning.tuning.fleets import Fleets, with_sessions, without_sessions
from ebbtide_policies.experience_gate import ExperienceGate
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.sessions import Sessions, SessionsSettings

AT_ONCE = 100
Spec = Mapping[str, Any]
"""The spec of one variant as it is written."""


class Crowd(NamedTuple):
    """The sessions of a workload, and the plant that they live on."""

    bench: Workbench
    settings: PlantSettings
    seed: int

    def on(self, asked: Lanes, world: World) -> Fleets:
        """What becomes of the fleets of variants, by the replicas that they asked for."""

        def plant() -> Plant:
            first = int(np.max(world.replicas))
            return self.bench.plant(self.settings, first, float(world.now[0]), self.seed)

        offered = self.bench.signals[0][0].at(world.now)
        return with_sessions(asked, world.now, offered, plant)


@dataclass(frozen=True, slots=True)
class BySweep:
    """Variants side by side."""

    world: World
    crowd: Crowd | None = None
    """None: sessions are not counted."""

    @property
    def at_once(self) -> int:
        """Most variants that are replayed side by side."""
        return AT_ONCE

    def fleets(self, specs: Sequence[Spec]) -> Fleets:
        """What came of the fleets of variants."""
        brought = plugins()
        asked = replicas_asked(self.world, [swept(parse_policy(spec), brought) for spec in specs])
        if self.crowd is None:
            return without_sessions(asked, self.world.boot, self.world.replicas)
        return self.crowd.on(asked, self.world)

    def left_out(self, spec: CapacityPolicySpec) -> Sequence[str]:
        """The policies that are not replayed."""
        return left_out(spec, plugins())


@dataclass(frozen=True, slots=True)
class ByLoop:
    """Variants one by one."""

    manifest: Manifest
    beside: tuple[Manifest, ...]
    """Calendars, profiles and overrides."""
    recorded: Recorded
    conditions: Conditions

    @property
    def at_once(self) -> int:
        """Most variants that are tried before anything is told of them."""
        return 1

    def fleets(self, specs: Sequence[Spec]) -> Fleets:
        """What came of the fleets of variants."""
        return Fleets.of([self._lived(spec) for spec in specs])

    def _lived(self, spec: Spec) -> Sequence[Census]:
        manifests = [replace(self.manifest, spec=spec), *self.beside]
        simulation = Simulation(manifests, self.recorded.answer, self.conditions, plugins())
        until = self.recorded.end + self.conditions.tick
        count = sum(1 for _ in simulation.run(self.recorded.start, until))
        [bench] = simulation.workbenches.values()
        return simulation.cluster.census(bench.ref)[:count]

    def left_out(self, spec: CapacityPolicySpec) -> Sequence[str]:
        """The policies that are not replayed."""
        foreign = gate_of(spec, self.conditions.experience, 1.0).foreign
        return [f"{ExperienceGate.name}.{name}" for name in foreign]


Trial = BySweep | ByLoop


def sweepable(spec: CapacityPolicySpec, world: Conditions) -> bool:
    """Whether a sweep decides as the loop does in a world: nothing hangs on single pods there."""
    plant, boot = world.plant, world.boot
    other_boot = boot is not None and (
        isinstance(boot, BootTime) or boot + spec.capacity.warmup != spec.lead_time
    )
    gated = gate_of(spec, world.experience, 1.0).modelled
    spared = spec.written(Sessions)
    held = isinstance(spared, SessionsSettings) and spared.query and plant.session
    return not (plant.eventful or world.outages or other_boot or gated or held)
