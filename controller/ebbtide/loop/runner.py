"""The cadence: a tick at fixed moments, never two at once, late ones collapsed into one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ebbtide.errors import EbbtideError
from ebbtide.loop.ports import Clock
from ebbtide.loop.tick import Loop, Tick

log = logging.getLogger("ebbtide.loop")


@dataclass(frozen=True, slots=True)
class Missed:
    """A tick that failed as a whole, or came too late."""

    now: float
    collapsed: int
    """Ticks that were due meanwhile and became one with the next."""
    error: str = ""


def run(loop: Loop, clock: Clock, every: float, told: Callable[[Tick | Missed], None]) -> None:
    """Tick until the clock says stop. `now` is the moment at which a tick was due.

    So a soak is a whole number of ticks however long a tick takes, and the moment that a decision
    is made for lies before the one before it only where the clock itself was set back.
    """
    due = clock.now() // every * every
    while True:
        try:
            told(loop.tick(due))
        except EbbtideError as error:
            log.warning("the tick did not take place: %s", error)
            told(Missed(due, 0, str(error)))
        due, collapsed = next_due(due, clock.now(), every)
        if collapsed:
            log.warning("a tick took longer than %.0f s: %d were left out", every, collapsed)
            told(Missed(due, collapsed))
        if not clock.sleep(due):
            return


def next_due(due: float, now: float, every: float) -> tuple[float, int]:
    """The moment of the next tick, and how many were left out meanwhile.

    A clock that was set back is followed: to wait until it is there again could take hours.
    """
    passed = int((now - due) // every)
    if passed < -1:
        return (now // every + 1) * every, 0
    return due + max(1, passed) * every, max(0, passed - 1)
