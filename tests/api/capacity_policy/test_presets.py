"""Presets are right, careful, and give way to what is written."""

from typing import Any

import pytest

from ebbtide.api.capacity_policy.presets import merged, presets
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide_policies.descent import Descent
from tests.api.written import POLICY, spec_of


@pytest.mark.parametrize("name", presets())
def test_a_preset_measures_the_lead_time_and_says_what_counts_until_then(name: str) -> None:
    found = parse_policy(spec_of(POLICY, preset=name, capacity={"perReplica": 1}))
    assert found.capacity.measured
    assert found.lead_time > 60


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_right_and_says_nothing_of_a_workload_of_its_own(name: str) -> None:
    assert set(presets()[name]) <= {"capacity", "replicas", "forecast", "policies"}
    found = parse_policy(spec_of(POLICY, preset=name, policies={}))
    assert compose(found, {})


@pytest.mark.parametrize("name", presets())
def test_a_preset_never_lets_go_faster_than_it_wins_back(name: str) -> None:
    found = parse_policy(spec_of(POLICY, preset=name, policies={}))
    assert "minimum" not in presets()[name].get("replicas", {})
    descent = found.written(Descent)
    assert isinstance(descent, Descent.Settings)
    assert descent.max_step <= 0.1
    assert descent.soak >= 60


def test_four_presets_are_shipped() -> None:
    assert list(presets()) == ["ai-service", "origin", "streaming-edge", "transcoder"]


def test_what_is_written_wins_over_the_preset() -> None:
    found = parse_policy(
        spec_of(
            POLICY,
            preset="transcoder",
            capacity={"perReplicaQuery": "max(x)", "leadTime": "9s"},
            policies={"descent": {"maxStep": "1%"}},
        )
    )
    assert found.capacity.per_replica is None
    assert found.capacity.per_replica_query == "max(x)"
    assert found.capacity.lead_time == 9
    descent = found.written(Descent)
    assert isinstance(descent, Descent.Settings)
    assert (descent.max_step, descent.soak) == (0.01, 120)


def test_a_preset_may_say_the_capacity() -> None:
    found = parse_policy(spec_of(POLICY, preset="transcoder", capacity={}))
    assert found.signals()["demand"].per_replica == 1


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="maps-merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists-are-replaced"),
        pytest.param({"a": {"b": 1}}, {"a": 5}, {"a": 5}, id="values-are-replaced"),
        pytest.param({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="by-maps-too"),
        pytest.param(
            {"a": {"perReplica": 1}},
            {"a": {"perReplicaQuery": "q"}},
            {"a": {"perReplicaQuery": "q"}},
            id="an-alternative-drops-the-other",
        ),
    ],
)
def test_merging(under: dict[str, Any], over: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(under, over) == result
