"""A step that users pay for is taken back at once, and said aloud."""

from typing import Any

import numpy as np

from ebbtide.loop.world import Rules
from ebbtide.planning.demand.series import DemandSeries
from tests.loop.world import BEFORE, NOON, World, fallen

GOOD, BAD = 0.004, 0.05
GATE = {"signals": {"stall": {"query": "stall", "atMost": 0.01, "delay": "30s", "window": "2m"}}}


def stalls(bad_from: float, bad_until: float = np.inf) -> DemandSeries:
    """A stall ratio that is bad between two moments, in seconds after noon."""
    at = NOON + 60.0 * np.arange(-BEFORE, 600)
    bad = (at >= NOON + bad_from) & (at < NOON + bad_until)
    return DemandSeries(start=at[0], minutes=np.where(bad, BAD, GOOD))


def ebbing(signal: DemandSeries, **more: Any) -> World:
    """A hundred replicas whose demand fell to forty an hour ago, under a gate."""
    world = World()
    policies = {
        "presentNeed": {"headroom": "0%"},
        "stabilization": {"window": "0s"},
        "descent": {"maxStep": "10%"},
        "experienceGate": GATE | more,
    }
    world.add(policies=policies)
    world.metrics.answer("edge", fallen(100.0, 40.0))
    world.metrics.answer("stall", signal)
    return world


def until_it_steps(world: World, down: bool = True) -> int:
    """Tick until replicas change in a direction; how many ticks it took."""
    for tick in range(60):
        before = world.replicas()
        world.tick()
        if (world.replicas() < before) if down else (world.replicas() > before):
            return tick
    raise AssertionError("nothing changed")


def test_while_users_fare_well_it_goes_down() -> None:
    world = ebbing(stalls(np.inf))
    world.run(12)
    assert world.replicas() <= 60
    assert world.condition("ExperienceAtRisk")["status"] == "False"


def test_a_breach_after_a_step_takes_it_back_in_the_tick_that_shows_it() -> None:
    world = ebbing(stalls(np.inf))
    until_it_steps(world)
    stepped, replicas = world.time - 15.0, world.replicas()
    first_bad = np.ceil((stepped + 30.0) / 60.0) * 60.0
    world.metrics.answer("stall", stalls(first_bad - NOON))
    while world.time < first_bad + 30.0:
        world.tick()
        assert world.replicas() == replicas
    world.tick()
    assert world.replicas() == 100
    assert "SuccessfulRescale" in world.reasons()
    assert rollbacks(world) == [True]
    at_risk = world.condition("ExperienceAtRisk")
    assert (at_risk["status"], at_risk["reason"]) == ("True", "ExperienceRollback")
    assert world.status()["memory"]["experienceGate"]["factor"] == 2.0


def rollbacks(world: World) -> list[bool]:
    """Of each event of a rollback whether it is a warning."""
    told = world.cluster.announcements
    return [event.warning for event in told if event.reason == "ExperienceRollback"]


def test_a_step_that_is_taken_back_is_told_also_where_users_were_at_risk_already() -> None:
    world = ebbing(stalls(np.inf))
    policies = world.policy().spec["policies"]
    world.edit(policies=policies | {"descent": {"maxStep": "10%", "soak": "5m"}})
    until_it_steps(world)
    stepped = world.time - 15.0
    bad = stalls(stepped + 60.0 - NOON)
    at = bad.start + 60.0 * np.arange(bad.minutes.size)
    unread = (at >= stepped) & (at < stepped + 120.0)
    late = np.where(unread, np.nan, bad.minutes)
    world.metrics.answer("stall", DemandSeries(start=bad.start, minutes=late))
    world.restart()
    until_it_steps(world, down=False)
    told = [reason for reason in world.reasons() if reason.startswith("Experience")]
    assert told == ["ExperienceUnknown", "ExperienceRollback"]


def test_a_new_controller_takes_it_back_as_well() -> None:
    world = ebbing(stalls(np.inf))
    until_it_steps(world)
    world.metrics.answer("stall", stalls(world.time + 15.0 - NOON))
    world.restart()
    until_it_steps(world, down=False)
    assert world.replicas() == 100
    world.restart()
    world.run(1.5)
    assert world.replicas() == 100


def test_after_a_breach_that_is_over_the_way_down_goes_on_with_longer_soaks() -> None:
    world = ebbing(stalls(np.inf))
    until_it_steps(world)
    bad = world.time + 15.0 - NOON
    world.metrics.answer("stall", stalls(bad, bad + 180.0))
    until_it_steps(world, down=False)
    back = world.time
    until_it_steps(world)
    assert world.time - back >= 120.0
    stepped = world.time
    until_it_steps(world)
    assert world.time - stepped >= 120.0


def test_a_breach_from_before_holds_and_takes_nothing_back() -> None:
    world = ebbing(stalls(-600.0))
    world.run(10)
    assert world.replicas() == 100
    assert world.condition("ExperienceAtRisk")["reason"] == "ExperienceGate"
    assert "ExperienceRollback" not in world.reasons()


def test_a_signal_that_is_missing_holds() -> None:
    world = ebbing(stalls(np.inf))
    world.metrics.answer("stall", DemandSeries(start=NOON, minutes=np.full(600, np.nan)))
    world.run(10)
    assert world.replicas() == 100
    assert world.condition("ExperienceAtRisk")["reason"] == "ExperienceUnknown"


def test_a_replay_neither_holds_nor_pretends() -> None:
    world = ebbing(stalls(-600.0))
    world.rules = Rules(
        forecasters=world.rules.forecasters, replayed=True, tells=lambda promql: promql != "stall"
    )
    world.restart()
    ticks = world.run(10)
    assert world.replicas() < 100
    said = ticks[-1].accounts["live/edge"].outcome.decision.bounds
    assert "ExperienceNotModelled" in {bound.reason for bound in said}
