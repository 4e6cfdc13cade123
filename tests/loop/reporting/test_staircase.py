"""What is published of the next steps is what is decided, if it comes as was foreseen."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ebbtide.api.timestamps import epoch, stamp
from ebbtide.forecast.contract import LEVELS, NO_CONTEXT, Context, Forecast, History
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.reporting.staircase import MOST_STEPS, NextStep, next_steps
from ebbtide.loop.reporting.status import HEARTBEAT
from ebbtide.loop.world import Rules
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.decide import decide
from ebbtide_policies.observation import Observation, Override
from tests.conformance import DOUBTS, SITUATIONS
from tests.loop.test_experience import BAD, GATE, GOOD
from tests.loop.world import BEFORE, NOON, TICK, World, fallen
from tests.policies.builders import NAN, NOW, foretold, house, outlook, seen, signal

Step = tuple[float, int, int]
"""When, from how many replicas, and to how many."""
STEEP = {"descent": {"maxStep": "10%"}, "presentNeed": {"headroom": "0%"}}


class Knowing:
    """A forecaster that knows what will come."""

    name = "Flat"

    def __init__(self, series: DemandSeries) -> None:
        self.series = series

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        later = np.asarray(history.end + 60.0 * np.arange(1, horizon + 1), dtype=np.float64)
        ahead = self.series.at(later)
        values = np.broadcast_to(ahead[:, np.newaxis], (len(LEVELS), horizon, 1))
        return Forecast(history.end, values, np.full((1440, 1), NAN), np.ones(1, dtype=np.bool_))


def foreknown(series: DemandSeries, **policies: Any) -> World:
    """A hundred replicas, whose demand is known to the forecaster for all time."""
    world = World()
    world.add(policies=STEEP | policies)
    world.metrics.answer("edge", series)
    world.rules = Rules(forecasters={"Flat": lambda: Knowing(series)})
    world.restart()
    return world


def published(world: World) -> list[Step]:
    return _told(world.status().get("nextSteps", []))


def _told(steps: Sequence[Json]) -> list[Step]:
    return [(epoch(step["at"]), step["from"], step["to"]) for step in steps]


def taken_after(world: World, moment: float) -> list[Step]:
    return [step for step in _told(world.status()["decisions"]) if step[0] > moment]


def until_something_is_published(world: World, seconds: float = TICK) -> float:
    for _ in range(120):
        world.tick()
        world.time += seconds - TICK
        if published(world):
            return world.time - seconds
    raise AssertionError("nothing was published")


def published_and_taken(world: World) -> tuple[list[Step], list[Step]]:
    """The first steps that are published, and those of the next quarter of an hour."""
    begun = until_something_is_published(world, 60.0)
    foretold_steps = published(world)
    for _ in range(15):
        world.tick()
        world.time += 60.0 - TICK
    return foretold_steps, taken_after(world, begun)


@pytest.mark.parametrize("soak", [1, 4])
def test_a_staircase_to_a_steady_demand_comes_as_it_was_published(soak: int) -> None:
    world = foreknown(fallen(100.0, 20.0), descent={"maxStep": "10%", "soak": f"{soak}m"})
    begun = until_something_is_published(world)
    foretold_steps = published(world)
    assert len(foretold_steps) == MOST_STEPS
    world.run((MOST_STEPS + 1) * soak)
    assert taken_after(world, begun)[:MOST_STEPS] == foretold_steps
    assert foretold_steps[1][0] - foretold_steps[0][0] == 60.0 * soak


def test_the_tick_that_takes_a_step_tells_of_those_after_it() -> None:
    world = foreknown(fallen(100.0, 20.0))
    while not world.cluster.changes:
        world.tick()
    assert published(world)[0][1] == world.replicas() == 90


def test_steps_are_told_long_before_a_long_soak_is_over() -> None:
    world = foreknown(fallen(100.0, 20.0), descent={"maxStep": "10%", "soak": "30m"})
    world.run(1)
    told = published(world)
    assert len(told) == MOST_STEPS
    assert told[0][0] > world.time + 1500
    world.run(8)
    assert world.status()["heartbeat"] > stamp(NOON + HEARTBEAT)
    assert published(world) == told


@profile(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.7, 1.0), min_size=40, max_size=40))
def test_whatever_ebb_was_foreseen(ratios: list[float]) -> None:
    """Looked at once a minute, as the published steps are."""
    ebb = 95.0 * np.cumprod(ratios)
    minutes = np.concatenate((np.full(BEFORE, 95.0), ebb, np.full(600, ebb[-1])))
    world = foreknown(DemandSeries(start=NOON - BEFORE * 60, minutes=minutes))
    foretold_steps, taken = published_and_taken(world)
    assert taken[: len(foretold_steps)] == foretold_steps


def test_a_fleet_that_wants_nothing_less_has_no_next_steps() -> None:
    world = World()
    world.add(level=100.0)
    world.run(3)
    assert "nextSteps" not in world.status()


def test_a_fleet_that_has_come_down_has_none_left() -> None:
    world = foreknown(fallen(100.0, 60.0))
    until_something_is_published(world)
    world.run(12)
    assert "nextSteps" not in world.status()


def test_it_is_written_only_with_what_a_person_would_act_on() -> None:
    world = foreknown(fallen(100.0, 20.0))
    until_something_is_published(world)
    world.verbs()
    world.tick()
    world.verbs()
    world.tick()
    assert "status" not in " ".join(world.verbs())


DOWN = {"descent": {"origin": 100, "replicas": 100, "at": NOW - 600, "maxStep": 0.05, "soak": 60}}


def foretold_of(demand: Any, *more: Policy[Any], **words: Any) -> list[NextStep]:
    found, policies = seen(demand=(demand,), **words), [*house(), *more]
    return list(next_steps(policies, found, decide(policies, found, DOWN)))


def steps_of(demand: Any, **words: Any) -> list[tuple[int, int]]:
    return [(step.before, step.after) for step in foretold_of(demand, **words)]


def test_a_rise_that_is_foreseen_ends_the_staircase() -> None:
    rising = outlook(*[50.0] * 9, *[500.0] * 99)
    assert len(steps_of(signal([50.0] * 60, outlook=rising, trusted=True))) < MOST_STEPS


def test_without_a_forecast_demand_is_taken_to_stay() -> None:
    assert steps_of(signal([50.0] * 60))[0] == (95, 90)


def test_a_forecast_that_is_not_trusted_foretells_nothing() -> None:
    falling = signal([80.0] * 60, outlook=outlook(*[10.0] * 120))
    steps = steps_of(falling)
    assert steps == steps_of(signal([80.0] * 60))
    assert steps


def test_demand_stays_in_its_own_unit() -> None:
    in_viewers = signal([8000.0] * 60, per_replica=100.0)
    assert steps_of(in_viewers) == steps_of(signal([80.0] * 60))


@pytest.mark.parametrize("lead", [60.0, 240.0])
@pytest.mark.parametrize("rollout", [False, True])
def test_pods_that_are_missing_are_waited_for_until_the_lead_time_is_over(
    rollout: bool, lead: float
) -> None:
    first, *_ = foretold_of(foretold(10.0, past=10.0), ready=90, rollout=rollout, lead_time=lead)
    assert (first.at, first.before, first.after) == (NOW + lead, 100, 95)


class HeedsWords(Policy[PolicySettings]):
    """A third party's policy that lets nothing go while anybody has said anything."""

    name = "heedsWords"

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        if seen.overrides:
            yield Bound(Kind.PACE_DOWN, seen.fleet.current, self.name, "SomebodySpoke")


def test_a_word_counts_up_to_its_end_and_no_longer() -> None:
    word = Override("freeze", "tried", NOW + 300, freeze=True)
    first, *_ = foretold_of(
        foretold(10.0, past=10.0), HeedsWords(PolicySettings()), overrides=[word]
    )
    assert first.at == NOW + 300


def test_a_step_is_foretold_once_the_one_before_it_could_be_seen() -> None:
    stall = {"query": "stall", "atMost": 0.01, "delay": "3m"}
    world = foreknown(fallen(100.0, 20.0), experienceGate={"signals": {"stall": stall}})
    good = DemandSeries(start=NOON - BEFORE * 60, minutes=np.full(BEFORE + 600, GOOD))
    world.metrics.answer("stall", good)
    foretold_steps, taken = published_and_taken(world)
    assert taken[: len(foretold_steps)] == foretold_steps
    assert foretold_steps[1][0] - foretold_steps[0][0] >= 180.0


def test_what_is_followed_is_taken_to_stay_as_it_is() -> None:
    def steps(level: float) -> list[Step]:
        world = foreknown(fallen(100.0, 20.0), experienceGate=GATE)
        stall = DemandSeries(start=NOON - BEFORE * 60, minutes=np.full(BEFORE + 600, level))
        world.metrics.answer("stall", stall)
        assert not any(tick.failures for tick in world.run(3))
        return published(world)

    assert len(steps(GOOD)) == MOST_STEPS
    assert steps(BAD) == []
    assert steps(NAN) == []


@pytest.mark.parametrize("name", [*SITUATIONS, *DOUBTS])
def test_whatever_is_seen_no_step_is_foretold_that_could_not_be_taken(name: str) -> None:
    found = {**SITUATIONS, **DOUBTS}[name]
    current = float(found.fleet.current)
    rested = {"descent": DOWN["descent"] | {"origin": current, "replicas": current}}
    policies = house(most=10**7)
    outcome = decide(policies, found, rested)
    for step in next_steps(policies, found, outcome):
        assert found.now < step.at
        assert 0 < step.before - step.after <= max(1.0, 0.05 * current)


@pytest.mark.parametrize("name", DOUBTS)
def test_on_doubt_no_step_is_foretold(name: str) -> None:
    found = DOUBTS[name]
    outcome = decide(house(), found, DOWN)
    assert not next_steps(house(), found, outcome)
