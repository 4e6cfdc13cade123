"""The main job on real input: a match in Prometheus, and a Deployment that follows up and down."""

import itertools

import numpy as np
import pytest

from tests.cluster.match_day import FLEETS, PER_REPLICA, MatchDay, keep
from tests.cluster.running_operator import condition
from tests.cluster.workloads import SOAK

UNSERVED = {"match": 0.02, "rise": 0.0, "whistle": 0.0}
"""Share of the demand that may find no replica. Whoever looks once in five minutes is late."""

pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.traces,
]


def test_capacity_is_there_before_the_need(match_day: MatchDay) -> None:
    for app, demand in match_day.recordings.items():
        stairs = match_day.stairs[app]
        begun = match_day.moments["settled"]
        moments = np.arange(begun, demand.live + match_day.length, 0.5)
        need = np.array([demand(moment) for moment in moments])
        capacity = np.array([stairs.at(moment) * PER_REPLICA for moment in moments])
        unserved = np.maximum(need - capacity, 0).sum() / need.sum()
        print(f"{app}: unserved {unserved:.3%}")
        assert unserved <= UNSERVED[app], (app, unserved, stairs.changes)


def test_the_fleet_rises_with_the_match_and_falls_after_it(match_day: MatchDay) -> None:
    stairs = match_day.stairs["match"]
    highest = max(stairs.replicas)
    assert stairs.at(match_day.top_of("match")) * PER_REPLICA >= match_day.peak("match")
    assert stairs.replicas[-1] <= 0.9 * highest
    assert len(stairs.between(match_day.top_of("match")).drops()) >= 2


@pytest.mark.parametrize("app", FLEETS)
def test_no_window_of_a_soak_sees_more_than_one_step(match_day: MatchDay, app: str) -> None:
    stairs = match_day.stairs[app]
    highest = max(stairs.replicas)
    share = 0.02 if app == "quiet" else 0.1
    print(stairs.told(app, SOAK))
    least = 0 if app == "rise" else 1  # while the match fills up there may be nothing to let go
    most = max(1, int(highest * share))
    assert least <= stairs.largest_drop(SOAK) <= most, stairs.changes


def test_only_the_operator_moved_the_fleet(match_day: MatchDay) -> None:
    for stairs in match_day.stairs.values():
        assert {change.managers for change in stairs.changes[1:]} == {"ebbtide"}


def test_get_says_what_it_is_doing_and_why(
    match_day: MatchDay, request: pytest.FixtureRequest
) -> None:
    keep(match_day, request.config.rootpath / "build" / "cluster")
    head, *rows = match_day.tables[-1].splitlines()
    titles = ["NAME", "TARGET", "MODE", "PHASE", "CURRENT", "READY", "DESIRED", "REASON", "AGE"]
    assert head.split()[: len(titles)] == titles
    shown = {row.split()[0]: row.split()[: len(titles)] for row in rows}
    assert shown.keys() == FLEETS.keys()
    for app, (_, target, mode, _, current, ready, desired, reason, _) in shown.items():
        status = match_day.statuses[app]
        assert (target, mode) == (app, "Enforce")
        assert int(ready) <= int(current) <= max(FLEETS.values())
        assert int(desired) >= 1
        assert reason
        assert condition(status, "Ready")["status"] == "True"


def test_describe_tells_every_step_and_its_reason(match_day: MatchDay) -> None:
    for app in ("match", "whistle"):
        described = match_day.described[app]
        told = described.partition("\nEvents:")[2]
        stairs = match_day.stairs[app].replicas
        for before, after in itertools.pairwise(stairs):
            assert f"{before} -> {after} replicas (" in told
        for words in ("SuccessfulRescale", "Conditions:", "MetricsAvailable", "Bounds:"):
            assert words in described
    decisions = match_day.statuses["match"]["decisions"]
    assert {"ForecastNeed", "PresentNeed"} & {each["reason"] for each in decisions}
    assert all(each["message"] for each in decisions)


def test_the_operator_saw_no_error_that_it_did_not_expect(match_day: MatchDay) -> None:
    assert not match_day.traces
