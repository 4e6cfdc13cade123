"""Ebbtide itself on the falls: its loop, its rules and its forecaster, on embedded twins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ebbtide.adapters.embedded.cluster import SimulatedCluster
from ebbtide.adapters.embedded.leadership import AlwaysLeader
from ebbtide.adapters.embedded.metrics import DemandMetrics
from ebbtide.api.capacity_policy.forecast import ForecastSpec
from ebbtide.cli.models import makers
from ebbtide.forecast.contract import NO_CONTEXT, Context, Forecast, Forecaster, History
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.tick import Loop, Tick
from ebbtide.loop.world import Rules, World
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from ebbtide_policies.lanes import Lanes
from tests.bench.descent.falls import BOOT, DELAY, FLEET, HISTORY, LEAD_IN, NOON, WAR, Fall

PLAIN: Json = {
    "descent": {"maxStep": "20%", "soak": "60s"},
    "presentNeed": {"headroom": "0%"},
    "stabilization": {"headroom": "0%"},
    "calendar": {"headroom": "0%"},
}
"""No headroom anywhere, and the step that the criteria are about; all else as Ebbtide ships."""


SHIPPED = ForecastSpec().model
"""The forecaster that a CapacityPolicy has when it names none."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How Ebbtide is set up for a run."""

    policies: Json = field(default_factory=lambda: PLAIN)
    announced: bool = False
    """Whether a calendar says when the war ends."""
    model: str = SHIPPED


@dataclass(frozen=True, slots=True)
class Told:
    """What one fall came to: replicas asked for at every tick, and what decided."""

    asked: Lanes
    reasons: Sequence[str]


class Remembered:
    """A forecaster that is asked once for each minute, however often it is restarted.

    What it keeps can always be rebuilt, so that a restarted one forecasts the same.
    """

    def __init__(self, model: str) -> None:
        self.name = model
        self._model = makers()[model]()
        self._made: dict[tuple[float, tuple[int, ...], int], Forecast] = {}

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """The forecast that was made of this minute, or a new one."""
        key = (history.end, history.minutes.shape, horizon)
        if key not in self._made:
            self._made[key] = self._model.forecast(history, horizon, context)
        return self._made[key]


class Wavering:
    """A forecaster that changes its mind with every minute, by a fifth up and back."""

    name = "Wavering"

    def __init__(self, model: Forecaster) -> None:
        self._model = model

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """What the model says, and a fifth more in every other minute."""
        made = self._model.forecast(history, horizon, context)
        return made._replace(values=made.values * (1.0 + 0.2 * (history.end // 60 % 2)))


class FallWorld:
    """Many falls at once, one workload each, under one controller."""

    def __init__(self, falls: Sequence[Fall], trial: Trial, model: Forecaster) -> None:
        self._falls, self._trial = falls, trial
        self._now = NOON - LEAD_IN
        self._cluster = SimulatedCluster(lambda: self._now)
        self._metrics = DemandMetrics({}, lambda: self._now, DELAY)
        wavers = any(fall.wavers for fall in falls)
        self._model: Forecaster = Wavering(model) if wavers else model
        for fall in falls:
            self._add(fall)
        if trial.announced:
            self._announce()
        self._loop = self._started()

    def run(self) -> Mapping[str, Told]:
        """Tick through all of it."""
        asked: dict[str, list[float]] = {fall.name: [] for fall in self._falls}
        reasons: dict[str, list[str]] = {fall.name: [] for fall in self._falls}
        for index, second in enumerate(self._falls[0].seconds.tolist()):
            self._now = NOON + second
            self._happen(index, second)
            for key, account in self._tick().accounts.items():
                decision = account.outcome.decision
                asked[key.split("/")[1]].append(decision.replicas)
                reasons[key.split("/")[1]].append(decision.binding.reason)
        return {name: Told(np.array(asked[name]), reasons[name]) for name in asked}

    def _happen(self, index: int, second: float) -> None:
        """What people and fate do at this moment."""
        for fall in self._falls:
            if fall.restarts and second >= 0:
                self._loop = self._started()
            if fall.lowered is not None and second == 0:
                known = self._cluster.get("CapacityPolicy", "bench", fall.name)
                limits = {"min": 1, "max": int(fall.lowered)}
                self._cluster.apply(replace(known, spec={**known.spec, "replicas": limits}))

    def _tick(self) -> Tick:
        tick = self._loop.tick(self._now)
        if tick.failures:
            raise RuntimeError(str(tick.failures))
        return tick

    def _started(self) -> Loop:
        outside = World(
            metrics=self._metrics,
            cluster=self._cluster,
            leadership=AlwaysLeader(),
            stopwatch=lambda: self._now,
        )
        return Loop(outside, Rules(forecasters={self._trial.model: lambda: self._model}))

    def _add(self, fall: Fall) -> None:
        start = NOON + fall.start
        self._metrics.answer(fall.name, DemandSeries(start=start, minutes=fall.minutes))
        plant = Plant(PlantSettings(lead=BOOT), int(FLEET), self._now, np.random.default_rng(1))
        self._cluster.add_target(Ref("apps/v1", "Deployment", "bench", fall.name), plant)
        self._apply(
            "CapacityPolicy", fall.name, spec_of(fall, self._trial), labels={"fall": fall.name}
        )

    def _announce(self) -> None:
        for fall in self._falls:
            expected = {"selector": {"fall": fall.name}, "demand": int(FLEET)}
            event = {
                "start": _local(-WAR),
                "end": _local(fall.ends),
                "expect": [expected],
            }
            self._apply("EventCalendar", fall.name, {"events": {"war": event}})

    def _apply(self, kind: str, name: str, spec: Json, **more: Any) -> None:
        self._cluster.apply(Resource(kind=kind, namespace="bench", name=name, spec=spec, **more))


def spec_of(fall: Fall, trial: Trial) -> Json:
    """The CapacityPolicy of one fall."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": fall.name},
        "mode": "Enforce",
        "demand": {"query": fall.name},
        "capacity": {"perReplica": 1, "leadTime": f"{BOOT:.0f}s"},
        "replicas": {"min": 1, "max": int(2 * FLEET)},
        "forecast": {"model": trial.model, "history": f"{HISTORY}m"},
        "policies": trial.policies,
    }


def _local(second: float) -> str:
    return datetime.fromtimestamp(NOON + second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def driven(falls: Sequence[Fall], trial: Trial) -> Mapping[str, Told]:
    """Run Ebbtide over some falls; those that need a controller of their own get one."""
    together: dict[int, list[Fall]] = {}
    groups: list[list[Fall]] = []
    for fall in falls:
        if fall.restarts or fall.wavers:
            groups.append([fall])
        else:
            together.setdefault(fall.seconds.size, []).append(fall)
    told: dict[str, Told] = {}
    for group in [*together.values(), *groups]:
        told |= FallWorld(group, trial, Remembered(trial.model)).run()
    return told
