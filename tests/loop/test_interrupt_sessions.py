"""A descent with live sessions, killed before and after every single API call.

A successor begins with nothing but the statuses and the pods. Whatever it finds, no step is taken
twice, none is larger, no session is cut off, and the end is the same.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise

import pytest

from ebbtide.adapters.embedded.cluster import Call, ScaleChange
from ebbtide.errors import ClusterUnavailable, Conflict
from tests.loop.session_world import SessionWorld, started
from tests.loop.world import NOON, TICK

STEP, SOAK = 2, 30.0
BUSY = dict.fromkeys(range(4), 3)
ENDS = {4: 60.0, 5: 90.0}
"""When the sessions on two of the four pods that have to go come to their end."""
LONG = 12 * 60.0


class Killed(BaseException):
    """The controller is gone; nobody can catch that."""


def descending() -> SessionWorld:
    """Eight pods of which four are needed: two are idle, two will be within minutes."""
    world = started(live=BUSY | {4: 1, 5: 2})
    world.cluster.strict = False  # other tests look at every status; here there are too many
    return world


def tick(world: SessionWorld) -> None:
    """One tick, before which sessions come to their end."""
    for number, end in ENDS.items():
        if world.time - NOON >= end:
            world.carry(**{f"edge_{number}": 0})
    with suppress(Killed, ClusterUnavailable):
        world.tick()


def interrupted(at: int, how: Callable[[], BaseException], later: float) -> SessionWorld:
    """A descent that is hit at one call; a successor begins so many seconds `later`."""
    world = descending()
    calls = iter(range(10**9))
    dead: list[BaseException] = []

    def trouble(call: Call) -> None:
        if dead or next(calls) == at:
            dead.append(how())
            raise dead[0]

    world.trouble = trouble
    while not dead and world.time < NOON + LONG:
        tick(world)
    world.trouble = lambda _: None
    world.time += later - TICK
    world.restart()
    while world.time < NOON + LONG and not at_rest(world):
        tick(world)
    tick(world)
    return world


def at_rest(world: SessionWorld) -> bool:
    """Whether the four that are needed are left, and nothing is on record of the others."""
    done = len(world.names()) == len(BUSY) and not world.draining()
    return done and "sessions" not in world.status() and "intent" not in world.status()


def falls(world: SessionWorld) -> Sequence[ScaleChange]:
    """Every step of ours; all of them go down, one from where the last one went."""
    ours = [change for change in world.cluster.changes if change.by == "ebbtide"]
    assert all(change.before > change.after for change in ours)
    assert all(a.after == b.before for a, b in pairwise(ours))
    return ours


def calls_of_a_descent() -> int:
    """How many calls there are before and after which a descent can be hit."""
    world = descending()
    while len(world.names()) > len(ENDS) + 2:
        tick(world)
    for _ in range(3):
        tick(world)
    return len(world.calls)


CALLS = range(calls_of_a_descent())
HITS = [
    pytest.param(Killed, 0.0, 1, id="killed"),
    pytest.param(Killed, 90.0, 5, id="killed-and-long-gone"),
    pytest.param(lambda: Conflict("changed"), TICK, 5, id="a-conflict"),
]
"""How it is hit, when somebody goes on, and at every how manieth call."""


@pytest.mark.parametrize(("how", "later", "every"), HITS)
def test_wherever_it_is_hit_the_end_is_the_same_and_nobody_is_cut_off(
    how: Callable[[], BaseException], later: float, every: int
) -> None:
    assert len(CALLS) > 50
    for at in CALLS[::every]:
        world = interrupted(at, how, later)
        steps = falls(world)
        assert world.names() == {f"edge-{n}" for n in range(4)}, at
        assert (world.disrupted(), world.draining(), world.costed()) == (0, set(), set()), at
        assert all(step.before - step.after <= STEP for step in steps), at
        assert all(b.at - a.at >= SOAK for a, b in pairwise(steps)), at
        assert "sessions" not in world.status(), at
