"""`objective` and `tuning` on a real cluster: what a week in Prometheus speaks for, and its use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, events_of, home_of, status_of
from tests.cluster.workloads import PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

DAY = 86400.0
NEEDED = 20
"""Replicas that the demand needs, and that a fleet with nothing to spare has."""
SPARE = 21
"""What the prior of the objective makes of it."""
PATIENCE = 240
"""Seconds in which a week is read, and replayed on a machine that is busy."""


def tuned(app: str, **spec: Any) -> dict[str, Any]:
    """A policy with an objective; it knows a week and a day, and foresees nothing new."""
    return care(
        app,
        capacity={"perReplica": PER_REPLICA, "leadTime": "60s"},
        forecast={"history": "8d", "model": "Persistence"},
        objective={"unserved": "0.1%"},
        **spec,
    )


@dataclass(frozen=True)
class Tuned:
    """What came of two fleets."""

    statuses: Mapping[str, dict[str, Any]]
    events: Mapping[str, list[dict[str, Any]]]
    replicas: Mapping[str, int]
    traces: list[str]


@pytest.fixture(scope="module")
def fleets(plane: Plane, live_prometheus: PrometheusServer) -> Iterator[Tuned]:
    """Two fleets of the same past; of one the settings are only suggested."""
    install(plane)
    apps = ("suggested", "applied")
    demand = constant(NEEDED * PER_REPLICA - 10)
    with (
        home_of(plane, "tuning") as home,
        Feed(live_prometheus, dict.fromkeys(apps, demand), history=8 * DAY),
    ):
        start_fleets(plane, home, apps, SPARE)
        plane.apply(tuned("suggested"), namespace=home)
        plane.apply(tuned("applied", tuning="Apply"), namespace=home)

        def replicas(app: str) -> int:
            return int(plane.get("deployment", app, namespace=home)["spec"]["replicas"])

        def replayed() -> bool:
            return "tuning" in status_of(plane, home, "suggested")

        with Operator(plane, home, {"default": live_prometheus.url}) as operator:
            plane.wait(replayed, PATIENCE, "its past is replayed")
            plane.wait(lambda: replicas("applied") == NEEDED, PATIENCE, "the choice is in force")
            operator.stop()
        yield Tuned(
            {app: status_of(plane, home, app) for app in apps},
            {app: events_of(plane, home, app) for app in apps},
            {app: replicas(app) for app in apps},
            operator.stack_traces,
        )


def test_what_the_past_speaks_for_is_published_with_its_evidence(fleets: Tuned) -> None:
    told = fleets.statuses["suggested"]["tuning"]
    assert told["settings"]["presentNeed"]["headroom"] == "0%"
    assert told["minutes"] >= 7 * 1440
    assert (told["objective"], told["unserved"]) == (0.001, 0)
    assert told["cost"] == pytest.approx(NEEDED / SPARE, abs=0.01)
    assert "settings tried on" in told["message"]
    assert told["waiting"] is True
    conditions = {c["type"]: c["status"] for c in fleets.statuses["suggested"]["conditions"]}
    assert conditions["TuningFailed"] == "False"
    reasons = [event["reason"] for event in fleets.events["suggested"]]
    assert reasons.count("SettingsSuggested") == 1


def test_a_suggestion_changes_nothing(fleets: Tuned) -> None:
    assert "applied" not in fleets.statuses["suggested"]["tuning"]
    assert fleets.replicas["suggested"] == SPARE


def test_apply_puts_it_in_force_and_the_fleet_follows(fleets: Tuned) -> None:
    force = fleets.statuses["applied"]["tuning"]["applied"]
    assert force["settings"]["presentNeed"]["headroom"] == "0%"
    assert fleets.replicas["applied"] == NEEDED
    assert "SettingsApplied" in [event["reason"] for event in fleets.events["applied"]]
    assert not fleets.traces
