"""When a replay that failed is asked for again: soon at first, then ever less often.

A replay may end its own operator, by the memory that it takes. So it is on record before it is
begun: a successor that finds it there counts it as failed, and waits before it tries the same. Who
is told to stop takes it off the record first.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json

FAILED = "TuningFailed"
"""The condition that says so."""
SOON = 300.0
"""Seconds from the first failure to the next attempt; after each further one it is twice that."""
SELDOM = 3600.0
"""Seconds that are the most: what is wrong for hours is not mended by asking more often."""


ATTEMPT = "tuningAttempt"
"""The section of the status that has the last attempt of which nothing came."""


class Attempt(NamedTuple):
    """A replay of which nothing has come so far."""

    at: float
    """When it was put on record, in epoch seconds."""
    times: int
    """The how-manieth in a row it is."""
    failed: bool = False
    """Whether it is known to have failed; else it is to begin, goes on, or was cut off."""

    def as_json(self) -> Json:
        """What the status says of it."""
        return {"at": stamp(self.at), "times": self.times, "failed": self.failed}

    def on_record(self, status: Mapping[str, Any]) -> bool:
        """Whether a status says the very same."""
        return status.get(ATTEMPT) == self.as_json()


def attempt_in(status: Mapping[str, Any]) -> Attempt | None:
    """The attempt that a status holds."""
    found: Json | None = status.get(ATTEMPT)
    at = epoch_or_none(found["at"]) if found else None
    return Attempt(at, found["times"], found["failed"]) if found and at is not None else None


class Failure(NamedTuple):
    """A replay that failed, with nothing that came of one since."""

    at: float
    """When it failed last, in epoch seconds."""
    times: int
    """How often, in a row."""
    why: str
    generation: int
    """Of the policy: an edit may have mended it, so it is asked for at once."""

    @property
    def again(self) -> float:
        """The moment from which it is asked for again."""
        pause, doubled = SOON, 1
        while pause < SELDOM and doubled < self.times:
            pause, doubled = pause * 2, doubled + 1
        return self.at + min(SELDOM, pause)

    @property
    def attempt(self) -> Attempt:
        """The same as the status has it."""
        return Attempt(self.at, self.times, failed=True)

    def waits(self, generation: int, now: float) -> bool:
        """Whether it is too early to ask again."""
        return generation == self.generation and now < self.again

    def told(self) -> str:
        """The same as a sentence."""
        often = "" if self.times == 1 else f", {self.times} times in a row"
        return f"{self.why}{often}; it is tried again at {stamp(self.again)[:16]}Z"


def failed(before: Failure | None, at: float, error: object, generation: int) -> Failure:
    """A failure, after those before it."""
    why = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)
    times = before.times + 1 if before else 1
    return Failure(at, times, f"its past can't be replayed: {why}", generation)


def failing(status: Mapping[str, Any], at: float, generation: int) -> Failure | None:
    """What a successor knows of the attempts before it, of which nothing has come.

    One that was cut off counts from now, when that is seen: nobody knows how long it went on.
    """
    attempt = attempt_in(status)
    if attempt is None:
        return None
    begun = stamp(attempt.at)[:16]
    why = f"its past can't be replayed: whoever began it at {begun}Z ended first, out of memory?"
    for condition in status.get("conditions", ()):
        if attempt.failed and condition["type"] == FAILED and condition["status"] == "True":
            why = _ENDING.split(str(condition.get("message", "")))[0]
    since = min(at, attempt.at) if attempt.failed else at
    return Failure(since, attempt.times, why, generation)


_ENDING = re.compile(r"(, \d+ times in a row)?; it is tried")
"""What `told` puts behind the reason."""
