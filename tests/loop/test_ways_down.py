"""Every way in which an autoscaler of this field fails on the way down: Ebbtide does not.

A thousand replicas, a metric that is a minute late, steps of 20 % a minute. Each test names what
does fail so; the figures of both are in docs/descent.md.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from ebbtide.loop.ports.cluster import Json
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.score import largest_drop
from tests.loop.world import BEFORE, NOON, PLAIN, TICK, World, levels, steady, target

STEP = 200
PACED: Json = PLAIN | {"descent": {"maxStep": "20%", "soak": "60s"}}
NAN = float("nan")
REST = 600
CLIFF = levels((1000.0, BEFORE), (60.0, REST))
DIP = levels((1000.0, BEFORE), (60.0, 6), (800.0, REST))
ZERO = levels((1000.0, BEFORE), (0.0, 10), (1000.0, REST))
NOTHING = levels((1000.0, BEFORE), (NAN, 10), (1000.0, REST))
HALF_FILLED = levels(
    (1000.0, BEFORE), (NAN, 10), (500.0, 1), (600.0, 1), (700.0, 1), (850.0, 1), (1000.0, REST)
)


def war() -> World:
    """A fleet of a thousand that is needed, until noon."""
    world = World()
    world.add(replicas=1000, level=1000.0, policies=PACED)
    world.metrics.answer("edge", CLIFF)
    return world


def gone_in_a_minute(world: World) -> float:
    """The most replicas that went within 60 seconds."""
    asked = np.array([one.asked for one in world.cluster.census(target("edge"))], dtype=float)
    return largest_drop(asked, TICK, 60.0)


def event(world: World, ends: str) -> None:
    """Announce a war that has been going on, and ends at some time of today."""
    spec = {"start": "2026-11-11 09:00", "end": f"2026-11-11 {ends}", "expect": [{"demand": 1000}]}
    world.write("EventCalendar", "promotions", {"events": {"war": spec}})


def lower_the_maximum(world: World) -> None:
    world.edit(replicas={"min": 1, "max": 200})


def lose_the_status(world: World) -> None:
    world.set_status({})


def delete_the_calendar(world: World) -> None:
    event(world, "18:00")
    world.tick()
    world.cluster.delete("EventCalendar", "live", "promotions")


def test_it_does_not_let_all_go_once_a_window_has_passed() -> None:
    """The HPA's default way down has no limit after its window: 940 of 1,000 at once."""
    world = war()
    world.run(25)
    assert gone_in_a_minute(world) <= STEP
    assert world.replicas() == 60


@pytest.mark.parametrize(
    "meddle",
    [
        pytest.param(lower_the_maximum, id="the HPA, WPA and PHPA: a lowered maximum"),
        pytest.param(lose_the_status, id="a status that is lost"),
        pytest.param(delete_the_calendar, id="an event that is deleted"),
    ],
)
@pytest.mark.parametrize("minutes", [0, 7])
def test_it_does_not_jump_past_its_pace_because_of(
    meddle: Callable[[World], None], minutes: int
) -> None:
    world = war()
    world.run(minutes)
    meddle(world)
    world.run(6)
    assert gone_in_a_minute(world) <= STEP


def test_it_does_not_jump_at_the_moment_that_its_step_is_made_larger() -> None:
    """The HPA takes a new limit for its past as well."""
    world = war()
    world.run(7)
    before = world.replicas()
    world.edit(policies=PACED | {"descent": {"maxStep": "100%", "soak": "15s"}})
    world.run(1)
    assert before - world.replicas() <= STEP


def test_it_does_not_forget_its_pace_in_a_crash_loop() -> None:
    """The HPA keeps its scale events in memory: 344 pods rather than 100 in a minute."""
    world = war()
    for _ in range(60):
        world.restart()
        world.tick()
    assert gone_in_a_minute(world) <= STEP
    assert world.replicas() < 300


@pytest.mark.parametrize(
    "demand",
    [
        pytest.param(ZERO, id="HPA, Knative, Kapacity: zero is obeyed"),
        pytest.param(NOTHING, id="KEDA: an empty answer is zero"),
        pytest.param(HALF_FILLED, id="all of them: averages are low after an outage"),
    ],
)
def test_it_does_not_take_bad_data_for_an_empty_house(demand: DemandSeries) -> None:
    world = war()
    world.metrics.answer("edge", demand)
    world.run(25)
    lowest = min(one.asked for one in world.cluster.census(target("edge")))
    assert lowest == 1000


def test_it_does_not_let_a_dip_take_what_comes_back() -> None:
    """Six minutes, then 80 %: the HPA's default, Knative and Kapacity fall 1,000 short and more."""
    world = war()
    world.metrics.answer("edge", DIP)
    world.run(20)
    lowest = min(one.asked for one in world.cluster.census(target("edge")))
    assert lowest >= 0.9 * 800


def test_it_does_not_skip_steps_while_its_target_moves() -> None:
    """Kapacity ramps from its last target: one that moves takes 92 to 60 at once."""
    moving = levels((1000.0, BEFORE), *((60.0 + minute % 3, 1) for minute in range(60)))
    world = war()
    world.metrics.answer("edge", moving)
    world.run(25)
    assert gone_in_a_minute(world) <= STEP
    assert world.replicas() < 100


def test_it_does_not_skip_steps_where_demand_is_below_the_minimum() -> None:
    """Kapacity's cap changes its own target: from the second look on its ramp is gone."""
    world = war()
    world.edit(replicas={"min": 200, "max": 1000})
    world.run(15)
    assert gone_in_a_minute(world) <= STEP
    assert world.replicas() == 200


def test_it_does_not_go_faster_when_it_looks_more_often() -> None:
    """Knative's rate has no period: it halves at every look."""
    world = war()
    world.run(4)
    for _ in range(120):
        world.loop.tick(world.time)
        world.time += 4.0
    steps = [one.at for one in world.cluster.changes]
    assert len(steps) > 3
    assert all(later - sooner >= 60 for sooner, later in pairwise(steps))
    assert all(one.before - one.after <= STEP for one in world.cluster.changes)


def test_it_does_not_drop_its_floor_with_the_end_of_an_event() -> None:
    """KEDA's cron, Crane's and cronhpa's jobs ask for nothing from the end on: 940 in one step."""
    world = war()
    world.metrics.answer("edge", levels((1000.0, BEFORE - 30), (60.0, REST)))
    event(world, "12:05")
    world.run(5)
    assert world.replicas() == 1000
    world.run(15)
    assert gone_in_a_minute(world) <= STEP
    assert world.replicas() == 60


def test_it_does_not_fall_with_the_end_of_an_event_whose_crowd_stays() -> None:
    """A rollback that runs by the clock takes the fleet away from under the crowd."""
    world = war()
    world.metrics.answer("edge", steady(1000.0))
    event(world, "12:05")
    world.run(15)
    assert world.cluster.changes == []


def test_it_does_not_let_go_under_a_freeze_whatever_the_maximum_says() -> None:
    """The HPA's `selectPolicy: Disabled` is passed by, as window and limits are."""
    world = war()
    world.override("freeze", minutes=20, freeze=True)
    lower_the_maximum(world)
    world.run(19)
    assert world.replicas() == 1000


def test_it_does_not_round_a_step_up_on_a_small_fleet() -> None:
    """The HPA truncates what stays: ten percent of five pods are one pod, twenty of nine two."""
    world = World()
    world.add(replicas=9, level=9.0, policies=PACED)
    world.metrics.answer("edge", levels((9.0, BEFORE), (1.0, REST)))
    world.run(20)
    assert world.replicas() == 1
    assert max(one.before - one.after for one in world.cluster.changes) == 1


def test_the_fleet_is_where_the_tests_say_it_is() -> None:
    world = war()
    world.tick()
    assert world.replicas() == 1000
    assert world.time == NOON + TICK
