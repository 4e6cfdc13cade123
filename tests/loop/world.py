"""A whole small world for the loop: fleets, demand, people, and a controller that can be killed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ebbtide.adapters.embedded.cluster import Call
from ebbtide.adapters.embedded.leadership import AlwaysLeader
from ebbtide.adapters.embedded.metrics import DemandMetrics
from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.contract import LEVELS, NO_CONTEXT, Context, Forecast, History
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.background import AtOnce, Background
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.ports.leadership import Leadership
from ebbtide.loop.tick import Loop, Tick
from ebbtide.loop.world import Rules, for_ever
from ebbtide.loop.world import World as Outside
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from ebbtide_policies.observation import Mode
from tests.loop.strict_cluster import StrictCluster

NOON = 1_794_398_400.0
"""A Wednesday, 2026-11-11 12:00 UTC."""
TICK = 15.0
BEFORE = 120
"""Minutes of demand before noon."""
PLAIN: Json = {
    "presentNeed": {"headroom": "0%"},
    "stabilization": {"window": "0s", "headroom": "0%"},
}
"""Policies that ask for what demand asks for, and for nothing more."""
SLOW: Json = PLAIN | {"descent": {"maxStep": "10%", "soak": "30s"}}
"""A way down with a step in every other tick."""
HOME = "ebbtide"
"""The operator's own namespace."""


class Flat:
    """A forecaster that foresees the last value, and keeps what it was shown."""

    name = "Flat"

    def __init__(self) -> None:
        self.shown: list[History] = []
        self.told: list[Context] = []

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        self.shown.append(history)
        self.told.append(context)
        series = history.minutes.shape[1]
        values = np.broadcast_to(history.minutes[-1], (len(LEVELS), horizon, series))
        ordinary = np.full((1440, series), np.nan)
        made = Forecast(history.end, values, ordinary, np.ones(series, dtype=np.bool_))
        return heed(made, history, context)


def levels(*parts: tuple[float, int]) -> DemandSeries:
    """Demand that stands at one level after the other, each for some minutes, from before noon."""
    minutes = np.concatenate([np.full(count, level, dtype=float) for level, count in parts])
    return DemandSeries(start=NOON - BEFORE * 60, minutes=minutes)


def steady(level: float) -> DemandSeries:
    """Demand that never changes."""
    return levels((level, BEFORE + 600))


def fallen(high: float, low: float) -> DemandSeries:
    """Demand that fell at eleven, slowly enough to be believed, and has been low since."""
    way = np.linspace(high, low, 10)
    return levels((high, BEFORE - 60), *((float(level), 1) for level in way), (low, 650))


def spec_of(name: str, **more: Any) -> Json:
    """The spec of a CapacityPolicy for a Deployment of the same name; one viewer is one replica."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "mode": "Enforce",
        "demand": {"query": name},
        "capacity": {"perReplica": 1, "leadTime": "30s"},
        "replicas": {"min": 1, "max": 1000},
        "forecast": {"model": "Flat", "history": "1h"},
        "policies": PLAIN,
    } | more


def target(name: str, namespace: str = "live") -> Ref:
    """The Deployment that a policy of this name scales."""
    return Ref("apps/v1", "Deployment", namespace, name)


class World:
    """Fleets, demand and people; time moves on by one tick after each tick of the loop."""

    def __init__(self, max_mode: Mode = Mode.ENFORCE) -> None:
        self.time = NOON
        self.stopwatch: Callable[[], float] = lambda: self.time
        """Seconds that pass within a tick."""
        self.late = 0.0
        """How far the operator's clock is behind."""
        self.calls: list[Call] = []
        self.trouble: Callable[[Call], None] = lambda _: None
        """What goes wrong with a call; it may raise."""
        self.cluster = StrictCluster(lambda: self.time, self._watch)
        self.metrics = DemandMetrics({}, lambda: self.time)
        self.leadership: Leadership = AlwaysLeader()
        self.background: Background = AtOnce()
        self.leisure: Background = AtOnce()
        self.goes_on: Callable[[], bool] = for_ever
        self.forecaster = Flat()
        flat = {"Flat": lambda: self.forecaster}
        self.rules = Rules(forecasters=flat, max_mode=max_mode, namespace=HOME)
        self.restart()

    def restart(self) -> None:
        """Put a new controller in the place of the old: all it knows is in the cluster."""
        outside = Outside(
            metrics=self.metrics,
            cluster=self.cluster,
            leadership=self.leadership,
            stopwatch=self.stopwatch,
            background=self.background,
            leisure=self.leisure,
            goes_on=self.goes_on,
        )
        self.loop = Loop(outside, self.rules)

    def _watch(self, call: Call) -> None:
        self.calls.append(call)
        self.trouble(call)

    # --- what people do

    def add(
        self, name: str = "edge", replicas: int = 100, level: float = 100.0, **spec: Any
    ) -> None:
        """Put a Deployment and its policy there, with a steady demand."""
        self.fleet(name, replicas)
        self.metrics.answer(name, steady(level))
        self.write("CapacityPolicy", name, spec_of(name, **spec), labels={"app": name})

    def fleet(self, name: str, replicas: int, lead: float = 30.0) -> None:
        """Put a Deployment there."""
        plant = Plant(PlantSettings(lead=lead), replicas, self.time, np.random.default_rng(1))
        self.cluster.add_target(target(name), plant)

    def write(self, kind: str, name: str, spec: Json, **more: Any) -> None:
        """Apply an object, as kubectl does."""
        given = {"namespace": "live"} | more
        self.cluster.apply(Resource(kind=kind, name=name, spec=spec, **given))

    def edit(self, name: str = "edge", **spec: Any) -> None:
        """Change some fields of a policy's spec."""
        known = self.policy(name)
        self.cluster.apply(replace(known, spec=dict(known.spec) | spec))

    def override(self, name: str, minutes: float, **said: Any) -> None:
        """Say a word that holds for some minutes."""
        until = np.datetime64(int(self.time + 60 * minutes), "s")
        namespace = said.pop("namespace", "live")
        said = {"until": str(until).replace("T", " "), "why": "CDN migration"} | said
        self.write("CapacityOverride", name, said, namespace=namespace)

    def set_status(self, status: Json, name: str = "edge") -> None:
        """Replace a status by hand."""
        watched, self.trouble = self.trouble, lambda _: None
        self.cluster.write_status(self.policy(name), status)
        self.trouble = watched

    # --- what happens

    def tick(self) -> Tick:
        """One tick, and the time until the next."""
        try:
            return self.loop.tick(self.time - self.late)
        finally:
            self.time += TICK

    def run(self, minutes: float) -> Sequence[Tick]:
        """As many ticks as there are in some minutes."""
        return [self.tick() for _ in range(round(minutes * 60 / TICK))]

    # --- what can be seen

    def policy(self, name: str = "edge") -> Resource:
        """A policy as it is now."""
        return self.cluster.get("CapacityPolicy", "live", name)

    def status(self, name: str = "edge") -> Json:
        """The status of a policy."""
        return self.policy(name).status

    def condition(self, kind: str, name: str = "edge") -> Json:
        """One condition of a policy."""
        found: Json = next(c for c in self.status(name)["conditions"] if c["type"] == kind)
        return found

    def replicas(self, name: str = "edge") -> int:
        """The replicas of a Deployment now."""
        return self.cluster.census(target(name))[-1].asked

    def reasons(self, name: str = "edge") -> Sequence[str]:
        """The reasons of all events about a policy."""
        return [a.reason for a in self.cluster.announcements if a.about.name == name]

    def verbs(self) -> Sequence[str]:
        """The API calls that took effect since this was asked last."""
        done = [call.verb for call in self.calls if call.done or call.verb == "event"]
        self.calls.clear()
        return done


def two_growing() -> World:
    """Two workloads that both have to grow at once."""
    world = World()
    world.add("edge", replicas=100, level=120.0)
    world.add("origin", replicas=100, level=120.0)
    return world


def fails(
    name: str, verb: str, error: BaseException, *, done: bool = False
) -> Callable[[Call], None]:
    """What goes wrong with one kind of call on one object."""

    def trouble(call: Call) -> None:
        if (call.verb, call.name, call.done) == (verb, f"live/{name}", done):
            raise error

    return trouble
