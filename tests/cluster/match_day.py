"""A match day on a real control plane: recorded once for all tests that look at it.

Four workloads under one operator, for about five minutes:

- `rise`: 23 June 1998 at the World Cup site, minute by minute as it was: before the end of the
  games demand rises by a third in four minutes;
- `whistle`: the end of the games of 30 June 1998, minute by minute too;
- `match`: the whole of that evening of 23 June, five recorded minutes to a minute, up and down;
- `quiet`: constant low demand from a second Prometheus, which stops and starts again meanwhile.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ebbtide.api.timestamps import epoch
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import MINUTE, Feed, Recording, constant, recording
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, condition, events_of, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import DIP, MAX_STEP, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

PER_REPLICA = 4000
FLEETS = {"match": 22, "rise": 22, "whistle": 36, "quiet": 70}
MATCH, RISE = "1998-06-23T20:52:00Z", "1998-06-23T20:50:00Z"
WHISTLE = "1998-06-30T22:04:00Z"
FAST = 5.0
LENGTH = 4 * MINUTE + 12
"""Seconds from the first whole minute to the end."""
HEAD_START = 15
"""Seconds that the operator has to start before a recording begins, at least."""
DARK = 30
"""Seconds that the outage is left to be seen, at least."""


@dataclass
class MatchDay:
    """Everything that was seen."""

    recordings: dict[str, Recording]
    stairs: dict[str, Staircase] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    """`kubectl get capacitypolicies -o wide`, once while demand is high and once at the end."""
    described: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)
    """When all were decided on for the first time; when the second Prometheus stopped and started,
    and since when the condition says so."""
    outage: dict[str, Any] = field(default_factory=dict)
    """The status of `quiet` during the outage."""
    traces: list[str] = field(default_factory=list)
    length: float = LENGTH
    """Seconds from the moment that a recording begins to the end."""

    def top_of(self, app: str) -> float:
        """The moment of the highest demand."""
        demand = self.recordings[app]
        return max(np.arange(demand.live, demand.live + LENGTH, 0.5), key=demand)

    def peak(self, app: str) -> float:
        """The highest demand."""
        return self.recordings[app](self.top_of(app))


def played(plane: Plane, main: PrometheusServer, other: PrometheusServer) -> MatchDay:
    """Play the day, and take everything down."""
    _recordings(0.0)  # without them there is nothing to play
    install(plane)
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "match-day"))
        for app, replicas in FLEETS.items():
            start_fleets(plane, home, [app], replicas)
        watch = stack.enter_context(Watch(plane, home))
        for app in FLEETS:
            plane.apply(_policy(app), namespace=home)
        kick_off = ((time.time() + HEAD_START) // MINUTE + 1) * MINUTE
        day = MatchDay(_recordings(kick_off))
        stack.enter_context(Feed(main, day.recordings))
        stack.enter_context(Feed(other, {"quiet": constant(10.0)}))
        sources = {"default": main.url, "other": other.url}
        operator = stack.enter_context(Operator(plane, home, sources))
        stage = _Stage(plane, home, day, other)
        stage.settle()
        plane.wait(
            lambda: 0 < watch.now("quiet") < FLEETS["quiet"] - 1, 30, "the quiet one descends"
        )
        _until(kick_off + 10)
        stage.stop_metrics()
        stage.start_metrics()
        available = day.moments["available"]
        plane.wait(lambda: watch.of("quiet").between(available).drops(), 30, "it descends again")
        _until(kick_off + LENGTH)
        operator.stop()  # what it did last is told now too
        stage.look()
        day.stairs = {app: watch.until_now(app) for app in FLEETS}
        day.traces = operator.stack_traces
    return day


def _recordings(kick_off: float) -> dict[str, Recording]:
    return {
        "match": recording(MATCH, kick_off, FAST),
        "rise": recording(RISE, kick_off),
        "whistle": recording(WHISTLE, kick_off),
    }


def _policy(app: str) -> dict[str, Any]:
    if app == "quiet":
        found = care(app, policies={"descent": {"maxStep": "2%", "soak": f"{SOAK}s"}})
        found["spec"]["demand"]["source"] = "other"
        return found
    policies = {
        "descent": {"maxStep": MAX_STEP, "soak": f"{SOAK}s", "window": DIP},
        "stabilization": {"window": "60s"},
        "forecastNeed": {"headroom": "10%"},
    }
    return care(app, capacity={"perReplica": PER_REPLICA, "leadTime": "2s"}, policies=policies)


@dataclass(frozen=True)
class _Stage:
    """The hands behind the scene."""

    plane: Plane
    home: str
    day: MatchDay
    other: PrometheusServer

    def settle(self) -> None:
        """Wait until all were decided on."""

        def decided() -> bool:
            return all(status_of(self.plane, self.home, app).get("phase") for app in FLEETS)

        self.plane.wait(decided, 30, "all are decided on")
        self.day.moments["settled"] = time.time()

    def stop_metrics(self) -> None:
        """Stop the second Prometheus, and wait until the condition says so."""
        self.other.stop()
        self.day.moments["stopped"] = time.time()
        self.day.outage = self._turned("False", "unavailable", "the outage is seen")
        self.day.tables.append(self._table())

    def start_metrics(self) -> None:
        """Start it again a little before the next minute, and wait until that is seen."""
        _until((time.time() // MINUTE + 1) * MINUTE - 20)
        _until(self.day.moments["unavailable"] + DARK)
        self.other.start()
        self.day.moments["started"] = time.time()
        self._turned("True", "available", "it recovers by itself")

    def look(self) -> None:
        """See what kubectl shows."""
        self.day.tables.append(self._table())
        for app in FLEETS:
            described = self.plane.kubectl("describe", "capacitypolicy", app, f"-n={self.home}")
            self.day.described[app] = described
            self.day.statuses[app] = status_of(self.plane, self.home, app)
            self.day.events[app] = events_of(self.plane, self.home, app)

    def _turned(self, truth: str, moment: str, why: str) -> dict[str, Any]:
        """Wait for a turn of the condition, note its own moment, and return the status."""

        def turned() -> dict[str, Any]:
            status = status_of(self.plane, self.home, "quiet")
            found = condition(status, "MetricsAvailable")
            return status if found.get("status") == truth else {}

        status = self.plane.wait(turned, 75, why)
        said = condition(status, "MetricsAvailable")["lastTransitionTime"]
        self.day.moments[moment] = epoch(said)
        return status

    def _table(self) -> str:
        return self.plane.kubectl("get", "capacitypolicies", "-o=wide", f"-n={self.home}")


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def keep(day: MatchDay, folder: Path) -> None:
    """Write what kubectl showed where a person may look at it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "get-capacitypolicies.txt").write_text("\n".join(day.tables))
    for app, text in day.described.items():
        (folder / f"describe-{app}.txt").write_text(text)
