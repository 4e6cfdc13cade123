"""Conditions and events: what is told, when, and that nothing floods."""

import pytest

from ebbtide.loop.forecasting.forecasts import Doubt
from ebbtide.loop.record.other_hands import NO_INTERFERENCE
from ebbtide.loop.reporting.conditions import judge
from ebbtide_policies.decide import decide
from tests.loop.world import World, fallen, levels
from tests.policies.builders import house, seen


def test_conditions_keep_the_time_at_which_their_truth_changed() -> None:
    world = World()
    world.add()
    world.run(6)
    world.edit(replicas={"min": 1, "max": 60})
    world.tick()
    changed = {
        c["type"] for c in world.status()["conditions"] if "12:06" in c["lastTransitionTime"]
    }
    assert changed == {"Squeezed"}
    world.run(6)
    assert world.condition("Squeezed")["lastTransitionTime"] == "2026-11-11T12:06:00.000Z"
    assert world.condition("Squeezed")["observedGeneration"] == 2


@pytest.mark.parametrize(
    ("level", "told"),
    [
        pytest.param(90.0, ("False", "DesiredWithinRange", "no ceiling and no"), id="below it"),
        pytest.param(200.0, ("True", "TooManyReplicas", "max is 120"), id="above it"),
    ],
)
def test_a_ceiling_that_decides_is_a_condition(level: float, told: tuple[str, str, str]) -> None:
    world = World()
    world.add(replicas=100, level=level)
    world.edit(replicas={"min": 1, "max": 120})
    world.tick()
    found = world.condition("ScalingLimited")
    assert (found["status"], found["reason"]) == told[:2]
    assert found["message"].startswith(told[2])


def test_a_floor_above_a_ceiling_is_a_condition() -> None:
    world = World()
    world.add(replicas=100, level=100.0)
    world.tick()
    assert world.condition("Squeezed")["message"] == "every floor fits below the ceilings"
    world.edit(replicas={"min": 1, "max": 60})
    world.tick()
    assert "a floor stands above a ceiling" in world.condition("Squeezed")["message"]


def test_of_several_doubts_in_forecasts_one_that_was_measured_is_the_reason() -> None:
    unknown, worse = Doubt("ForecastUntrusted", "too little"), Doubt("ForecastWorse", "by half")
    found = seen()
    decision = decide(house(), found, {}).decision
    for doubts in ({"a": unknown, "b": worse}, {"a": worse, "b": unknown}):
        told = judge(found, decision, (), NO_INTERFERENCE, doubts)
        [forecast] = [one for one in told if one.type == "ForecastTrusted"]
        assert forecast.reason == "ForecastWorse"
        assert all(doubt.message in forecast.message for doubt in doubts.values())


def test_a_condition_that_turns_is_announced_and_bad_ones_are_warnings() -> None:
    world = World()
    world.add()
    world.run(1)
    assert world.reasons() == []
    world.edit(replicas={"min": 1, "max": 60})
    world.run(1)
    world.edit(replicas={"min": 1, "max": 600})
    world.run(1)
    told = [(a.reason, a.warning) for a in world.cluster.announcements]
    assert told == [("FloorAboveCeiling", True), ("FloorsFit", False)]


@pytest.mark.parametrize("replicas", [1, 100])
def test_what_is_bad_at_first_sight_is_announced_too(replicas: int) -> None:
    world = World()
    world.add(replicas=replicas, demand={"query": "nobody"})
    world.tick()
    assert {"MetricsIncomplete", "ForecastUntrusted"} <= set(world.reasons())


def test_a_condition_that_flaps_is_told_of_once_in_a_while() -> None:
    world = World()
    world.add()
    world.run(1)
    for _ in range(30):
        world.edit(replicas={"min": 1, "max": 60})
        world.tick()
        world.edit(replicas={"min": 1, "max": 600})
        world.tick()
    counts = {reason: world.reasons().count(reason) for reason in set(world.reasons())}
    assert counts == {"FloorAboveCeiling": 3, "FloorsFit": 3}


def test_a_flood_of_binding_reasons_is_no_flood_of_events() -> None:
    world = World()
    wave = [(level, 3) for _ in range(20) for level in (100.0, 104.0)]
    world.add()
    world.metrics.answer("edge", levels((100.0, 120), *wave))
    world.run(60)
    rest = [reason for reason in world.reasons() if reason != "SuccessfulRescale"]
    assert len(rest) <= 24


def test_every_step_is_told_in_one_sentence() -> None:
    world = World()
    world.add()
    world.metrics.answer("edge", fallen(100.0, 90.0))
    world.run(6)
    told = [a.message for a in world.cluster.announcements if a.action == "Rescale"]
    assert told[0].startswith("Peace: 100 -> 95 replicas (DescentStep: ")
    world.edit(mode="DryRun")
    world.run(6)
    told = [a.message for a in world.cluster.announcements if a.reason == "DryRunRescale"]
    assert all("[DryRun]" in one for one in told)
