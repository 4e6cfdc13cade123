"""The very loop that runs in a cluster, on embedded twins and a fast clock: for demo and plan."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

import numpy as np

from ebbtide.adapters.embedded import AlwaysLeader, DemandMetrics
from ebbtide.adapters.embedded_cluster import SimulatedCluster
from ebbtide.api.compose import Plugins
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_policy
from ebbtide.cli.models import FORECASTERS
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports import Ref, Resource
from ebbtide.loop.report import Account
from ebbtide.loop.tick import Loop, Rules, World
from ebbtide.planning.demand import DemandSeries
from ebbtide.planning.plant import BootTime, Plant, PlantSettings
from ebbtide.planning.score import Course

POLICY = "CapacityPolicy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The world that a simulation takes place in."""

    tick: float = 15.0
    lead: float | BootTime | None = None
    """Seconds until a replica is ready; None: what each policy says."""
    delay: float = 30.0
    """Seconds until a minute can be read."""
    session: float = 0.0
    """Mean length of a session in seconds; 0: no sessions."""
    seed: int = 0


class Frame(NamedTuple):
    """One workload at one tick."""

    now: float
    account: Account


@dataclass(frozen=True, slots=True)
class Workbench:
    """One workload under simulation."""

    key: str
    ref: Ref
    per_replica: float
    lead: float | BootTime
    series: DemandSeries


class Simulation:
    """Runs policies over known demand. The demand of a workload answers all of its signals."""

    def __init__(
        self,
        manifests: Sequence[Manifest],
        demand: Callable[[Manifest], DemandSeries],
        world: Conditions,
        plugins: Plugins | None = None,
    ) -> None:
        self.world = world
        self._now = 0.0
        self._rng = np.random.default_rng(world.seed)
        self.workbenches: dict[str, Workbench] = {}
        self.cluster = SimulatedCluster(lambda: self._now)
        self.metrics = DemandMetrics({}, lambda: self._now, world.delay)
        self._manifests, self._demand = manifests, demand
        outside = World(
            metrics=self.metrics,
            cluster=self.cluster,
            leadership=AlwaysLeader(),
            stopwatch=monotonic,
        )
        self.loop = Loop(outside, Rules(forecasters=FORECASTERS, plugins=plugins or {}))

    def run(self, start: float, end: float) -> Iterator[Sequence[Frame]]:
        """Tick from `start` up to `end`; yields what was decided at each tick."""
        self._now = start
        for manifest in self._manifests:
            self._apply(manifest, start)
        while self._now < end:
            tick = self.loop.tick(self._now)
            if tick.failures:
                raise InvalidInput("; ".join(f"{k}: {why}" for k, why in tick.failures.items()))
            yield [Frame(self._now, account) for account in tick.accounts.values()]
            self._now += self.world.tick

    def course(self, key: str, frames: Sequence[Frame]) -> Course:
        """What happened to one workload, as scores are made of."""
        bench = self.workbenches[key]
        times = np.array([frame.now for frame in frames])
        census = [c for c in self.cluster.census(bench.ref) if c.now <= times[-1]]
        return Course.told(census, bench.series.at(times) / bench.per_replica, self.world.tick)

    def _apply(self, manifest: Manifest, start: float) -> None:
        spec = dict(manifest.spec)
        if manifest.kind == POLICY:
            self._add(manifest, start)
            spec["mode"] = "Enforce"
        self.cluster.apply(
            Resource(
                kind=manifest.kind,
                namespace=manifest.namespace,
                name=manifest.name,
                labels=manifest.labels,
                spec=spec,
            )
        )

    def _add(self, manifest: Manifest, start: float) -> None:
        """Put the target of a policy there, with the replicas that its demand asks for at first."""
        bench = self._workbench(manifest)
        spec = parse_policy(manifest.spec)
        need = np.ceil(float(bench.series.at(start)) / bench.per_replica * 1.1)
        replicas = int(np.clip(need, spec.replicas.min, spec.replicas.max))
        settings = PlantSettings(lead=bench.lead, session=self.world.session)
        plant = Plant(settings, replicas, start, self._rng)
        self.cluster.add_target(bench.ref, plant, lambda at: float(bench.series.at(at)))
        self.workbenches[bench.key] = bench

    def _workbench(self, manifest: Manifest) -> Workbench:
        spec, series = parse_policy(manifest.spec), self._demand(manifest)
        signals = spec.signals().values()
        known = [s.per_replica for s in signals if s.per_replica is not None]
        key = f"{manifest.namespace}/{manifest.name}"
        if len(known) < len(signals):
            raise InvalidInput(f"{key}: perReplicaQuery has no answer here; write perReplica")
        for signal in signals:
            self.metrics.answer(signal.query, series)
            if signal.alive:
                self.metrics.answer(signal.alive.query, _alive(series))
        ref = spec.scale_target_ref
        return Workbench(
            key=key,
            ref=Ref(ref.api_version, ref.kind, manifest.namespace, ref.name),
            per_replica=min(known),
            lead=spec.lead_time if self.world.lead is None else self.world.lead,
            series=series,
        )


def _alive(series: DemandSeries) -> DemandSeries:
    """All scrape targets answer: a recording has none that could be missing."""
    return replace(series, minutes=np.ones(series.minutes.size))
