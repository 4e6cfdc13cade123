"""Prometheus stops in the middle of a descent: nothing shrinks until it is back."""

import pytest

from ebbtide.api.timestamps import epoch
from tests.cluster.match_day import DARK, MatchDay
from tests.cluster.plane import PATIENCE
from tests.cluster.running_operator import LOOK, condition

MINUTE = 60.0
pytestmark = [
    pytest.mark.prometheus,
    pytest.mark.traces,
]


def test_the_outage_is_seen_when_the_next_minute_is_due(match_day: MatchDay) -> None:
    moments = match_day.moments
    assert moments["unavailable"] - moments["stopped"] <= MINUTE + PATIENCE * LOOK


def test_nothing_shrinks_from_then_until_it_is_back(match_day: MatchDay) -> None:
    moments, stairs = match_day.moments, match_day.stairs["quiet"]
    dark = stairs.between(moments["unavailable"], moments["started"])
    assert moments["started"] - moments["unavailable"] >= DARK
    assert not dark.drops(), dark.changes
    assert stairs.between(0, moments["stopped"]).drops()


def test_the_condition_and_an_event_say_so(match_day: MatchDay) -> None:
    said = condition(match_day.outage, "MetricsAvailable")
    assert said["status"] == "False"
    assert said["reason"] == "MetricsUnavailable"
    assert "metrics source other" in said["message"]
    told = [(event["type"], event["reason"]) for event in match_day.events["quiet"]]
    assert told.count(("Warning", "MetricsUnavailable")) == 1


def test_it_recovers_by_itself_and_the_descent_goes_on(match_day: MatchDay) -> None:
    moments, stairs = match_day.moments, match_day.stairs["quiet"]
    assert moments["available"] - moments["started"] <= MINUTE + PATIENCE * LOOK
    assert stairs.between(moments["available"]).drops()
    assert condition(match_day.statuses["quiet"], "MetricsAvailable")["status"] == "True"


def test_workloads_of_another_source_do_not_notice(match_day: MatchDay) -> None:
    moments, others = match_day.moments, ("rise", "match", "whistle")
    for app in others:
        said = condition(match_day.statuses[app], "MetricsAvailable")
        assert said["status"] == "True"
        assert epoch(said["lastTransitionTime"]) <= moments["stopped"]
        reasons = {event["reason"] for event in match_day.events[app]}
        assert "MetricsUnavailable" not in reasons
    meanwhile = [
        match_day.stairs[app].between(moments["stopped"], moments["started"]) for app in others
    ]
    assert any(len(set(stairs.replicas)) > 1 for stairs in meanwhile), "they are scaled as ever"
