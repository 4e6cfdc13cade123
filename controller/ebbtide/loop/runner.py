"""The cadence: a tick at fixed moments, never two at once, late ones collapsed into one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ebbtide.errors import EbbtideError
from ebbtide.loop.ports.clock import Clock
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
    """Tick until the clock says stop, and leave the record in order."""
    _keep_ticking(loop, clock, every, told)
    try:
        loop.stop()
    except EbbtideError as error:
        log.warning("what was under way stays on record, and counts as cut off: %s", error)


def _keep_ticking(
    loop: Loop, clock: Clock, every: float, told: Callable[[Tick | Missed], None]
) -> None:
    """Tick until the clock says stop.

    A tick decides for the moment at which it begins. Steps rest from the moment at which they were
    taken, which is a little later; so a soak that ends between two ticks gets a tick of its own.
    """
    due = clock.now() // every * every
    while True:
        again = _tick(loop, clock, told, before=due + every)
        if again is not None:
            if not clock.sleep(again):
                return
            _tick(loop, clock, told, before=again)
        due, collapsed = next_due(due, clock.now(), every)
        if collapsed:
            log.warning("a tick took longer than %.0f s: %d were left out", every, collapsed)
            told(Missed(due, collapsed))
        if not clock.sleep(due):
            return


def _tick(
    loop: Loop, clock: Clock, told: Callable[[Tick | Missed], None], before: float
) -> float | None:
    """Tick once; the last moment `before` another at which a bound lifts by itself."""
    now = clock.now()
    try:
        tick = loop.tick(now)
    except EbbtideError as error:
        log.warning("the tick did not take place: %s", error)
        told(Missed(now, 0, str(error)))
        return None
    told(tick)
    return max((at for at in tick.resumptions if at < before), default=None)


def next_due(due: float, now: float, every: float) -> tuple[float, int]:
    """The moment of the next tick, and how many were left out meanwhile.

    A clock that was set back is followed: to wait until it is there again could take hours.
    """
    passed = int((now - due) // every)
    if passed < -1:
        return (now // every + 1) * every, 0
    return due + max(1, passed) * every, max(0, passed - 1)
