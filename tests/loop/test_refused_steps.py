"""A step that the API server refuses was never taken: the way goes on as if nobody had tried."""

import itertools
from collections.abc import Callable, Mapping

import pytest

from ebbtide.adapters.embedded.cluster import ScaleChange
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotFound, Refused
from ebbtide.loop.ports.cluster import Json
from tests.loop.world import (
    BEFORE,
    NOON,
    PLAIN,
    TICK,
    World,
    fails,
    fallen,
    levels,
    target,
)

SOAK = 600.0
PATIENT: Json = PLAIN | {"descent": {"maxStep": "10%", "soak": "10m"}}
REFUSALS: Mapping[str, Callable[[], Refused]] = {
    "a webhook, by its own code": lambda: Refused("refused (422): the change window is closed"),
    "a webhook, or RBAC": lambda: Forbidden("admission webhook denied the request"),
    "somebody was quicker": lambda: Conflict("it has changed since it was read"),
    "it is gone for a moment": lambda: NotFound("not there"),
}
EVERY_REFUSAL = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())


def descending() -> World:
    """A fleet of a hundred that has to go down to fifty, in five steps with a long soak."""
    world = World()
    world.add(replicas=100, policies=PATIENT)
    world.metrics.answer("edge", fallen(100, 50))
    return world


def until(world: World, moment: float) -> None:
    """Tick up to a moment; that of the next tick."""
    while world.time < moment:
        world.tick()


def refused_for(world: World, ticks: int, refusal: Exception) -> None:
    """Refuse every change of the scale for a while."""
    world.trouble = fails("edge", "scale", refusal)
    for _ in range(ticks):
        assert "live/edge" in world.tick().failures
    world.trouble = lambda _: None


@EVERY_REFUSAL
def test_a_step_down_that_was_refused_is_taken_at_the_tick_after(
    refusal: Callable[[], Refused],
) -> None:
    world = descending()
    until(world, NOON + 2 * SOAK)
    refused_for(world, 7, refusal())
    assert world.replicas() == 90
    world.tick()
    assert world.replicas() == 80


@EVERY_REFUSAL
def test_it_leaves_no_trace_in_what_is_remembered(refusal: Callable[[], Refused]) -> None:
    world = descending()
    until(world, NOON + 2 * SOAK)
    before = world.status()
    refused_for(world, 1, refusal())
    after = world.status()
    assert after["memory"] == before["memory"]
    assert after["lastStep"] == before["lastStep"]
    assert after["intent"]["settled"]


def test_so_does_the_very_first_one() -> None:
    world = descending()
    until(world, NOON + SOAK)
    assert "lastStep" not in world.status()
    refused_for(world, 3, Forbidden("denied"))
    assert "lastStep" not in world.status()
    world.tick()
    assert world.replicas() == 90


def test_the_steps_after_it_are_as_large_and_as_far_apart_as_ever() -> None:
    world = descending()
    world.trouble = fails("edge", "scale", Forbidden("denied"))
    until(world, NOON + SOAK + 5 * TICK)
    world.trouble = lambda _: None
    until(world, NOON + 7 * SOAK)
    steps = steps_of(world)
    assert [(one.before, one.after) for one in steps] == [(n, n - 10) for n in range(100, 50, -10)]
    assert {b.at - a.at for a, b in itertools.pairwise(steps)} == {SOAK}


LOST = ClusterUnavailable("the answer did not come")


def killed(world: World) -> None:
    """Put another controller in the place of one that died before the next write of a scale."""
    world.trouble = fails("edge", "scale", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        world.tick()
    world.restart()


def lost(world: World) -> None:
    """Lose the next write of a scale."""
    world.trouble = fails("edge", "scale", LOST)
    assert "live/edge" in world.tick().failures


def lost_answer(world: World) -> None:
    """Let the next write of a scale arrive, and lose the answer."""
    world.trouble = fails("edge", "scale", LOST, done=True)
    assert "live/edge" in world.tick().failures


FATES: Mapping[str, tuple[Callable[[World], None], int]] = {
    "it never arrived": (lost, 90),
    "whoever sent it is gone": (killed, 90),
    "it arrived": (lost_answer, 80),
}
EVERY_FATE = pytest.mark.parametrize(("fate", "left"), FATES.values(), ids=FATES.keys())


def in_the_middle(fate: Callable[[World], None]) -> World:
    """A descent whose second step is one of which nobody knows whether it was taken."""
    world = descending()
    until(world, NOON + 2 * SOAK)
    fate(world)
    world.trouble = lambda _: None
    return world


def steps_of(world: World) -> list[ScaleChange]:
    return [change for change in world.cluster.changes if change.by == "ebbtide"]


@EVERY_FATE
def test_a_step_of_which_nobody_knows_whether_it_was_taken_rests_as_if_it_had_been(
    fate: Callable[[World], None], left: int
) -> None:
    world = in_the_middle(fate)
    until(world, NOON + 3 * SOAK)
    assert world.replicas() == left
    until(world, NOON + 3 * SOAK + 3 * TICK)
    assert world.replicas() == left - 10


@EVERY_FATE
def test_nor_do_the_steps_after_it_become_smaller(fate: Callable[[World], None], left: int) -> None:
    world = in_the_middle(fate)
    until(world, NOON + 8 * SOAK)
    steps = steps_of(world)
    assert [(one.before, one.after) for one in steps] == [(n, n - 10) for n in range(100, 50, -10)]
    assert min(b.at - a.at for a, b in itertools.pairwise(steps)) >= SOAK


def test_what_signals_were_at_the_start_of_the_descent_stays_as_well() -> None:
    world = World()
    signal = {"query": "stalls", "worseBy": "20%", "slack": 0.01}
    world.add(replicas=100, policies=PATIENT | {"experienceGate": {"signals": {"stalls": signal}}})
    world.metrics.answer("edge", fallen(100, 50))
    world.metrics.answer("stalls", levels((0.1, BEFORE + 15), (0.104, 600)))
    until(world, NOON + 2 * SOAK)
    before = world.status()["memory"]["experienceGate"]
    assert before["level stalls"] == 0.1
    lost(world)
    world.trouble = lambda _: None
    until(world, NOON + 4 * SOAK)
    assert world.replicas() == 80
    assert world.status()["memory"]["experienceGate"]["level stalls"] == 0.1


def test_where_another_hand_moved_the_fleet_since_the_descent_begins_there() -> None:
    world = in_the_middle(lost_answer)
    world.tick()
    world.cluster.scale(target("edge"), 90)
    until(world, NOON + 10 * SOAK)
    assert (steps_of(world)[2].before, steps_of(world)[2].after) == (90, 81)


@EVERY_REFUSAL
def test_a_rise_that_was_refused_is_asked_for_again_at_every_tick(
    refusal: Callable[[], Refused],
) -> None:
    world = World()
    world.add(replicas=100, level=180.0)
    refused_for(world, 5, refusal())
    assert world.replicas() == 100
    world.tick()
    assert world.replicas() == 180
