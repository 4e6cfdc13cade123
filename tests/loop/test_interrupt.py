"""A descent that is interrupted before and after every single API call, by everything at once.

At each call in turn the controller is killed, and something else happens to the cluster; then a
successor begins with nothing but the statuses. Whatever it finds, the staircase keeps its promise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import pytest

from ebbtide.adapters.embedded.cluster import Call, ScaleChange
from ebbtide.errors import ClusterUnavailable, Conflict
from ebbtide.loop.ports.cluster import Json
from tests.loop.world import NOON, PLAIN, TICK, World

START, NEED = 16, 10
STEP, SOAK = 0.125, 30.0
LONG = 15 * 60.0
"""Seconds in which the slowest of these descents comes to its end."""

POLICIES: Json = PLAIN | {"descent": {"maxStep": "12.5%", "soak": "30s"}}


class Killed(BaseException):
    """The controller is gone; nobody can catch that."""


def descending() -> World:
    """A fleet of twice the size that it needs."""
    world = World()
    world.add(replicas=START, level=float(NEED), policies=POLICIES)
    world.cluster.strict = False  # other tests look at every status; here there are too many
    return world


def settings(**descent: str) -> Callable[[World], None]:
    """Edit the descent."""
    return lambda world: world.edit(policies=POLICIES | {"descent": descent})


def wiped(world: World) -> None:
    world.set_status({})


def corrupted(memory: Json) -> Callable[[World], None]:
    """Write another memory into the status."""
    return lambda world: world.set_status(world.status() | {"memory": memory})


def garbled(world: World) -> None:
    world.set_status(world.status() | {"memory": "?", "lastStep": 7, "conditions": {}})


def made_again(world: World) -> None:
    known = world.policy()
    world.cluster.delete(known.kind, known.namespace, known.name)
    world.cluster.apply(replace(known, status={}))


def unnamed(world: World) -> None:
    world.edit(policies=PLAIN)


def flipped(mode: str) -> Callable[[World], None]:
    """Go to another mode for a tick, and back."""

    def happen(world: World) -> None:
        world.edit(mode=mode)
        world.tick()
        world.edit(mode="Enforce")

    return happen


def unseen(world: World) -> None:
    world.edit(mode="DryRun")
    world.edit(mode="Enforce")


def set_back(world: World) -> None:
    world.late = 60.0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens beside the kill, and what the descent may be from then on."""

    happen: Callable[[World], None] = lambda _: None
    step: float = STEP
    soak: float = SOAK
    forgets: bool = False
    """Whether the last step counts as taken at that moment."""


class Hit(NamedTuple):
    """How far a controller had come when it was interrupted."""

    at: float
    steps: int
    known: bool
    """Whether anything was on record."""


EVENTS = {
    "nothing": Event(),
    "the status is wiped": Event(happen=wiped, forgets=True),
    "the status is garbled": Event(happen=garbled, forgets=True),
    "the memory is lost": Event(happen=corrupted({}), forgets=True),
    "the memory is no memory": Event(
        happen=corrupted({"descent": {"at": "?", "origin": -5, "replicas": {}}}), forgets=True
    ),
    "the memory is from the future": Event(
        happen=corrupted({"descent": {"origin": 900, "replicas": 900, "at": 9e9, "soak": 1}}),
        forgets=True,
    ),
    "the policy is made again": Event(happen=made_again, forgets=True),
    "maxStep is raised": Event(happen=settings(maxStep="25%", soak="30s"), step=0.25),
    "maxStep is lowered": Event(happen=settings(maxStep="7%", soak="30s"), step=0.07),
    "the soak is shortened": Event(happen=settings(maxStep="12.5%", soak="15s"), soak=15.0),
    "the soak is lengthened": Event(happen=settings(maxStep="12.5%", soak="1m"), soak=60.0),
    "max is lowered": Event(happen=lambda w: w.edit(replicas={"min": 1, "max": 3})),
    "descent is removed": Event(happen=unnamed, step=0.05, soak=60.0),
    "DryRun for a tick": Event(happen=flipped("DryRun"), forgets=True),
    "ScaleUpOnly for a tick": Event(happen=flipped("ScaleUpOnly"), forgets=True),
    "DryRun, unseen": Event(happen=unseen),
    "the clock is set back": Event(happen=set_back),
}


def interrupted(
    at: int, event: Event, how: Callable[[], BaseException], later: float
) -> tuple[World, Hit]:
    """A descent that is hit at one call; a successor begins so many seconds `later`."""
    world = descending()
    calls = iter(range(10**9))
    dead: list[BaseException] = []
    end = NOON + LONG

    def trouble(call: Call) -> None:
        if dead or next(calls) == at:
            dead.append(how())
            raise dead[0]

    world.trouble = trouble
    while not dead and world.time < end:
        try:
            failures = world.tick().failures
        except (Killed, ClusterUnavailable):
            failures = {}
        assert dead or not failures
    world.trouble = lambda _: None
    world.time += later - TICK
    hit = Hit(world.time, len(falls(world)), bool(world.status()))
    world.restart()
    event.happen(world)
    while world.replicas() > NEED and world.time < end:
        world.tick()
    world.run(0.5)
    return world, hit


def falls(world: World) -> Sequence[ScaleChange]:
    """Every step of ours; all of them go down, one from where the last one went."""
    ours = [change for change in world.cluster.changes if change.by == "ebbtide"]
    assert all(change.before > change.after for change in ours)
    assert all(a.after == b.before for a, b in pairwise(ours))
    return ours


def broken_promises(world: World, event: Event, hit: Hit) -> Iterable[ScaleChange]:
    """The steps that were too large, or too early."""
    when, before, known = hit
    latest = NOON  # at first sight, the last step counts as taken
    for i, fall in enumerate(falls(world)):
        old, new = i < before or (i == before and known), i >= before
        steps = [STEP] * old + [event.step] * new
        soaks = [SOAK] * old + [event.soak] * new
        if i == before and event.forgets:
            latest = max(latest, when)
        small = fall.before - fall.after <= max(1, int(START * min(steps)))
        if not small or fall.at - latest < max(soaks):
            yield fall
        latest = fall.at


def calls_of_a_descent() -> int:
    """How many calls there are before and after which a descent can be hit."""
    world = descending()
    world.run(2.25)
    return len(world.calls)


CALLS = range(calls_of_a_descent())


@pytest.mark.parametrize("name", EVENTS)
def test_killed_at_any_call_while_something_happens(name: str) -> None:
    event = EVENTS[name]
    for at in CALLS:
        world, hit = interrupted(at, event, Killed, 0.0)
        assert not list(broken_promises(world, event, hit)), at
        assert world.replicas() == NEED, at


@pytest.mark.parametrize("later", [0.0, 90.0])
def test_every_step_of_a_killed_controller_is_told_once(later: float) -> None:
    for at in CALLS:
        world, _ = interrupted(at, EVENTS["nothing"], Killed, later)
        steps = [(fall.before, fall.after) for fall in falls(world)]
        assert [(d["from"], d["to"]) for d in world.status()["decisions"]] == steps, at
        assert "intent" not in world.status(), at


@pytest.mark.parametrize("error", [ClusterUnavailable, Conflict])
def test_a_call_that_fails_instead_is_made_good(error: type[ClusterUnavailable]) -> None:
    event = EVENTS["nothing"]
    for at in CALLS:
        world, hit = interrupted(at, event, lambda: error("timeout"), 15.0)
        assert not list(broken_promises(world, event, hit)), at
        assert world.replicas() == NEED, at
