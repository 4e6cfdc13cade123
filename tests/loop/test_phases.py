"""From war to peace in the loop: phases, what they set, and what follows an event."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ebbtide.loop.ports.cluster import Json
from ebbtide.planning.demand.series import DemandSeries
from tests.loop.world import BEFORE, NOON, PLAIN, World, levels

BY_PHASE = PLAIN | {
    "descent": {"maxStep": "4%", "soak": "30s", "when": {"Ebb": {"maxStep": "10%"}}}
}


def event(start: int, end: int, **expect: Any) -> Json:
    """An event between two minutes after noon."""

    def at(minute: int) -> str:
        return str(np.datetime64(int(NOON + minute * 60), "s")).replace("T", " ")

    return {"events": {"double-11": {"start": at(start), "end": at(end), "expect": [expect]}}}


def downs(world: World) -> list[int]:
    return [change.before - change.after for change in world.cluster.changes]


def idle(policies: Json = BY_PHASE) -> World:
    """A fleet of a hundred of which ten would do, seen for so long that it may go."""
    world = World()
    world.add(replicas=100, level=10.0, policies=policies)
    return world


def test_a_phase_changes_the_steps_one_soak_after_it_has_come() -> None:
    world = idle()
    world.override("ebb", minutes=3, phase="Ebb")
    world.run(1)
    assert world.status()["phase"] == "Ebb"
    assert downs(world)[0] == 10
    world.run(1)
    assert set(downs(world)) == {10}


def test_when_a_phase_ends_the_stricter_settings_hold_at_once() -> None:
    world = idle()
    world.override("ebb", minutes=2, phase="Ebb")
    world.run(2)
    fast = len(downs(world))
    world.override("war", minutes=9, phase="War")
    world.run(2)
    assert set(downs(world)[:fast]) == {10}
    assert set(downs(world)[fast:]) == {4}


def test_what_is_loosened_while_nothing_goes_counts_a_soak_later() -> None:
    dips = {"maxStep": "10%", "soak": "30s", "early": "0%"}
    world = idle(PLAIN | {"descent": dips | {"window": "4h"}})
    way = [(float(level), 1) for level in np.linspace(100, 10, 10)]
    world.metrics.answer("edge", levels((100.0, BEFORE - 30), *way, (10.0, 600)))
    world.run(2)
    assert downs(world) == []
    world.edit(policies=PLAIN | {"descent": dips | {"window": "1m"}})
    world.run(0.5)
    assert downs(world) == []
    world.run(1)
    assert downs(world)[0] == 10


def test_a_looser_phase_is_held_back_for_a_soak() -> None:
    world = idle()
    world.override("war", minutes=1.25, phase="War")
    world.override("ebb", minutes=9, phase="Ebb")
    world.run(3)
    assert downs(world)[0] == 4
    first_fast = downs(world).index(10)
    at = [change.at for change in world.cluster.changes]
    assert at[first_fast] - (NOON + 75) >= 30


def test_the_words_of_a_phase_are_ended_by_the_clock_alone() -> None:
    world = World()
    world.add()
    world.override("war", minutes=2, phase="War")
    seen = [next(iter(tick.accounts.values())).seen.phase.value for tick in world.run(4)]
    assert seen[:8] == ["War"] * 8
    told = [a.message for a in world.cluster.announcements if a.reason == "PhaseChanged"]
    assert told[-1].endswith(" -> Peace")
    assert set(seen[8:]) <= {"Ebb", "Peace"}
    assert world.status()["phase"] == "Peace"


def promotion(high: float, until: int) -> DemandSeries:
    """Demand of ten that is high in an event, and gone within a minute of its end."""
    return levels((10.0, BEFORE), (high, until), (10.0, 600))


@pytest.mark.parametrize("announced", [True, False])
def test_the_end_of_an_event_is_the_start_of_a_descent_and_never_a_drop(announced: bool) -> None:
    world = World()
    world.add(replicas=10, policies=PLAIN | {"descent": {"maxStep": "5%", "soak": "1m"}})
    world.metrics.answer("edge", promotion(200.0, until=30))
    if announced:
        world.write("EventCalendar", "promotions", event(1, 30, demand="200"))
    world.run(30)
    assert world.replicas() >= 200
    top = max(change.after for change in world.cluster.changes)
    world.cluster.changes.clear()
    phases = [next(iter(tick.accounts.values())).seen.phase.value for tick in world.run(60)]
    steps = world.cluster.changes
    assert steps, "the fleet does go down"
    assert all(0 < step.before - step.after <= top * 0.05 for step in steps)
    assert all(later.at - step.at >= 60 for step, later in pairwise(steps))
    if announced:
        assert set(phases) <= {"Ebb", "Peace"}


def test_an_event_that_is_deleted_in_its_midst_is_no_drop_either() -> None:
    world = World()
    world.add(replicas=10, policies=PLAIN | {"descent": {"maxStep": "5%", "soak": "1m"}})
    world.metrics.answer("edge", levels((10.0, BEFORE + 600)))
    world.write("EventCalendar", "promotions", event(1, 300, demand="200"))
    world.run(20)
    assert world.replicas() >= 200
    top = max(change.after for change in world.cluster.changes)
    world.cluster.changes.clear()
    world.cluster.delete("EventCalendar", "live", "promotions")
    world.run(30)
    assert downs(world)
    assert max(downs(world)) <= top * 0.05


def test_a_fleet_that_is_too_large_in_peace_descends_in_peace() -> None:
    world = World()
    world.add(replicas=100, level=50.0)
    world.run(1)
    assert world.status()["phase"] == "Peace"


PREPARED = {
    "as much as the war wants": {
        "calendar": {"headroom": "0%", "when": {"War": {"headroom": "50%"}}}
    },
    "as much as the prewarm wants": {
        "calendar": {"headroom": "0%", "when": {"Prewarm": {"headroom": "50%"}}}
    },
    "as slowly as a prewarm may grow": {
        "calendar": {"headroom": "50%"},
        "rate": {"when": {"Prewarm": {"share": "10%", "replicas": 1, "period": "1m"}}},
    },
}


@pytest.mark.parametrize("written", PREPARED.values(), ids=PREPARED.keys())
def test_a_fleet_is_ready_for_an_event_by_the_settings_that_will_hold_then(written: Json) -> None:
    world = World()
    world.add(replicas=100, level=100.0, policies=PLAIN | written)
    world.write("EventCalendar", "days", event(30, 60, demand=200))
    world.run(5)
    assert (world.status()["phase"], world.replicas()) == ("Peace", 100)
    world.run(25)
    assert world.status()["phase"] == "Prewarm"
    assert world.status()["replicas"]["ready"] == 300
    rises = len(world.cluster.changes)
    world.run(1)
    assert world.status()["phase"] == "War"
    assert all(step.after < step.before for step in world.cluster.changes[rises:])


def test_the_least_fleet_of_a_war_is_there_when_it_begins() -> None:
    world = World()
    world.add(replicas=100, level=100.0)
    slow = {"rate": {"when": {"Prewarm": {"share": "10%", "replicas": 1, "period": "1m"}}}}
    world.edit(
        replicas={"min": 1, "max": 1000, "when": {"War": {"min": 300}}}, policies=PLAIN | slow
    )
    world.write("EventCalendar", "days", event(30, 60, demand=200))
    world.run(5)
    assert (world.status()["phase"], world.replicas()) == ("Peace", 100)
    world.run(25)
    assert (world.status()["phase"], world.status()["replicas"]["ready"]) == ("Prewarm", 300)
