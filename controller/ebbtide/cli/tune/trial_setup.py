"""From what is written and recorded to the way in which variants are tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ebbtide.api.capacity_policy.settings_by_phase import least_replicas
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.gate import check_curves
from ebbtide.cli.simulation.manifests import announced, workload_of
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.cli.tune.sweep_setup import Timing, sweep_setup
from ebbtide.cli.tune.trials import ByLoop, BySweep, Crowd, Spec, Trial, sweepable
from ebbtide.loop.observing.guidance import event_of
from ebbtide.planning.simulated_fleet.plant_settings import usual
from ebbtide.planning.tuning.counted_need import counted_need
from ebbtide.planning.tuning.judgement import Truth
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Phase


@dataclass(frozen=True, slots=True)
class TrialSetup:
    """One policy with what is written beside it, its demand, and the world that it meets it in."""

    manifest: Manifest
    """The policy that is tuned."""
    beside: tuple[Manifest, ...]
    """Calendars, profiles and overrides."""
    recorded: Recorded
    world: Conditions

    @property
    def workload(self) -> str:
        """Its namespace/name."""
        return self.manifest.key

    @property
    def bench(self) -> Workbench:
        """The policy as it is written, with its demand."""
        simulation = Simulation([], self.recorded.answer, self.world, plugins())
        return simulation.workbench_of(self.manifest)

    def trial(self, specs: Sequence[Spec], told: Callable[[int, int], None]) -> tuple[Trial, Truth]:
        """How variants are tried, and what they are measured by; `told` hears of forecasts.

        Raises:
            InvalidInput: what one replica carries is behind a query, or a curve has no signal.

        """
        bench, world = self.bench, self.world
        check_curves(world.experience, [bench.gate])
        parsed = [parse_policy(spec) for spec in specs]
        least = float(min(least_replicas(spec.replicas) for spec in parsed))
        if not all(sweepable(spec, world) for spec in parsed):
            now = self._now
            boot = int(np.ceil(usual(bench.lead) / world.tick))
            needed, signals = bench.replicas_needed(now), bench.gate.modelled
            truth = Truth(needed, world.tick, boot, signals, least=least)
            return ByLoop(self.manifest, self.beside, self.recorded, world), truth
        reach = max(self._reach(spec) for spec in specs)
        timing = Timing(world.tick, world.delay, reach + world.tick + world.delay)
        here = sweep_setup(self.manifest, self.recorded, timing, told, self.beside)
        plant = world.plant
        counted = plant.session or plant.termination
        crowd = Crowd(bench, plant, world.seed) if counted else None
        return BySweep(here.world, crowd), here.truth._replace(least=least)

    def counted_need(self) -> Lanes:
        """The need at each tick as far as the operator counts it where an objective decides."""
        bench, now = self.bench, self._now
        needs = [series.known_at(now) / carried for series, carried in bench.signals]
        carried = bench.signals[0][1]
        said = announced(self.manifest, self.beside)
        events = [event_of(one, carried) for one in said.events]
        return counted_need(np.fmax.reduce(needs), now, events, bench.spec.replicas)

    def days_known(self, ticks: int) -> float:
        """Days of the first so many ticks in which all demand is known."""
        now = self._now[:ticks]
        known = [np.isfinite(series.known_at(now)) for series, _ in self.bench.signals]
        return int(np.count_nonzero(np.all(known, axis=0))) * self.world.tick / DAY

    @property
    def _now(self) -> Lanes:
        """The moments of all decisions."""
        tick = self.world.tick
        return np.arange(self.recorded.start, self.recorded.end + tick, tick, dtype=np.float64)

    def _reach(self, spec: Spec) -> float:
        """Seconds that policies look ahead: a soak, and until what goes in it could be won back."""
        workload = workload_of(replace(self.manifest, spec=spec), plugins())
        phases = [workload.in_phase(phase) for phase in Phase]
        period = max(float(one.scale_up.period) for one in phases)
        return workload.lead_time + max(one.soak for one in phases) + period
