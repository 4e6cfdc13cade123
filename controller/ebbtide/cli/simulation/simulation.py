"""The very loop that runs in a cluster, on embedded twins and a fast clock: for demo and plan."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ebbtide.adapters.embedded.cluster import SimulatedCluster
from ebbtide.adapters.embedded.leadership import AlwaysLeader
from ebbtide.adapters.embedded.metrics import DemandMetrics, Period
from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.capacity_policy.other_hands import ActuatorKind
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.compose import Plugins
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.models import HOUSE, makers
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.gate import check_curves, gate_of
from ebbtide.cli.simulation.manifests import resource_of
from ebbtide.cli.simulation.workbench import Workbench
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.tick import Loop
from ebbtide.loop.world import Rules, World
from ebbtide.planning.demand.answering import as_far_as_known, share_answering
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.experience import LoadCurve, load
from ebbtide.planning.scoring.score import Course
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from ebbtide.planning.simulated_fleet.plant_settings import BootTime
from ebbtide.planning.sweeping.seen_demand import DELAY
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.sessions import Sessions, SessionsSettings

_CALM = PlantSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The world that a simulation takes place in."""

    tick: float = 15.0
    lead: float | BootTime | None = None
    """Seconds until a replica is ready and warm; None: what each policy says."""
    boot: float | BootTime | None = None
    """The same up to Ready; the policy's warm-up comes on top of it."""
    delay: float = DELAY
    """Seconds until a minute can be read."""
    plant: PlantSettings = _CALM
    """How the fleets behave otherwise; whoever scales a StatefulSet loses the highest ordinals."""
    outages: tuple[Period, ...] = ()
    """When the metrics store does not answer."""
    experience: Mapping[str, LoadCurve] = field(default_factory=dict)
    """What signals of experience come to under a load, by their names."""
    seed: int = 0
    """Of all that is left to chance."""


Answers = Callable[[Manifest, SignalSpec], DemandSeries]
"""The demand behind a signal of a CapacityPolicy."""


class Simulation:
    """Runs policies over known demand, as if their modes were Enforce."""

    def __init__(
        self,
        manifests: Sequence[Manifest],
        answers: Answers,
        world: Conditions,
        plugins: Plugins | None = None,
    ) -> None:
        self.world = world
        self._now = 0.0
        self._modelled: set[str] = set()
        self.workbenches: dict[str, Workbench] = {}
        self.cluster = SimulatedCluster(lambda: self._now)
        self.metrics = DemandMetrics({}, lambda: self._now, world.delay)
        self.metrics.outages += world.outages
        self.manifests, self._answers = manifests, answers
        outside = World(
            metrics=self.metrics,
            cluster=self.cluster,
            leadership=AlwaysLeader(),
            stopwatch=lambda: self._now,
        )
        rules = Rules(
            forecasters=makers(),
            candidates=tuple(HOUSE),
            plugins=plugins or {},
            tick=world.tick,
            replayed=True,
            tells=self._modelled.__contains__,
        )
        self.loop = Loop(outside, rules)

    def run(self, start: float, end: float) -> Iterator[Sequence[Frame]]:
        """Tick from `start` up to `end`; yields what was decided at each tick."""
        self._now = start
        for manifest in self.manifests:
            self._apply(manifest, start)
        check_curves(self.world.experience, (b.gate for b in self.workbenches.values()))
        while self._now < end:
            tick = self.loop.tick(self._now)
            if tick.failures:
                raise InvalidInput("; ".join(f"{k}: {why}" for k, why in tick.failures.items()))
            yield [Frame.of(account) for account in tick.accounts.values()]
            self._now += self.world.tick

    def course(self, key: str, frames: Sequence[Frame]) -> Course:
        """What happened to one workload, as scores are made of."""
        bench = self.workbenches[key]
        times = np.array([frame.now for frame in frames])
        census = [c for c in self.cluster.census(bench.ref) if c.now <= times[-1]]
        return Course.told(census, bench.replicas_needed(times), self.world.tick)

    def _apply(self, manifest: Manifest, start: float) -> None:
        resource = resource_of(manifest)
        if manifest.kind == CAPACITY_POLICY.name:
            self._add(manifest, start)
            resource.spec.update(mode="Enforce", actuator=ActuatorKind.SCALE.value)
        self.cluster.apply(resource)

    def _add(self, manifest: Manifest, start: float) -> None:
        """Put the target of a policy there, with the replicas that its demand asks for at first."""
        bench = self.workbench_of(manifest)
        rival = next((b.key for b in self.workbenches.values() if b.ref == bench.ref), None)
        if rival:
            raise InvalidInput(f"{bench.key} and {rival} scale the same {bench.ref}; leave one out")
        limits = bench.spec.replicas
        need = np.ceil(bench.replicas_needed(np.array([start]))[0] * 1.1)
        replicas = int(np.clip(need, limits.min, limits.max))
        plant = self.plant_of(bench, replicas, start)
        sessions = bench.signals[0][0]
        self.cluster.add_target(bench.ref, plant, lambda at: float(sessions.at(at)))
        spared = bench.spec.written(Sessions)
        if isinstance(spared, SessionsSettings) and spared.query:
            self.metrics.answer_each(spared.query, self.cluster.book(bench.ref).sessions)
        for promql, curve in bench.gate.answers.items():
            if promql in self._modelled:
                raise InvalidInput(
                    f"experience: two workloads ask {promql!r}; name one fleet in it"
                )
            self.metrics.answer_by(promql, partial(self._under_load, bench, curve))
            self._modelled.add(promql)
        self.workbenches[bench.key] = bench

    def _under_load(self, bench: Workbench, curve: LoadCurve, moments: Lanes) -> Lanes:
        """What a signal of experience came to; unknown before the fleet was there."""
        ready = self.cluster.ready_at(bench.ref, moments)
        return curve.at(load(bench.replicas_needed(moments), ready))

    def plant_of(self, bench: Workbench, replicas: int, start: float) -> Plant:
        """A plant as that of a workload is; every one of them has the same luck."""
        return bench.plant(self.world.plant, replicas, start, self.world.seed)

    def workbench_of(self, manifest: Manifest) -> Workbench:
        """A workload that is not under way yet."""
        spec = parse_policy(manifest.spec)
        key = manifest.key
        signals = []
        for signal in spec.signals().values():
            if signal.per_replica is None:
                raise InvalidInput(f"{key}: perReplicaQuery has no answer here; write perReplica")
            series = self._answers(manifest, signal)
            signals.append((as_far_as_known(series, signal), signal.per_replica))
            self.metrics.answer(signal.query, series)
            if signal.alive:
                answering = replace(series, minutes=share_answering(series))
                self.metrics.answer(signal.alive.query, answering)
        ref = spec.scale_target_ref
        return Workbench(
            key=key,
            ref=Ref(ref.api_version, ref.kind, manifest.namespace, ref.name),
            spec=spec,
            lead=self._lead(spec),
            signals=tuple(signals),
            gate=gate_of(spec, self.world.experience, signals[0][1]),
        )

    def _lead(self, spec: CapacityPolicySpec) -> float | BootTime:
        """How long a replica of a workload takes."""
        if self.world.lead is not None:
            return self.world.lead
        boot, warm = self.world.boot, spec.capacity.warmup
        if isinstance(boot, BootTime):
            return replace(boot, after=warm)
        return spec.lead_time if boot is None else boot + warm
