"""When a replay that failed is asked for again: soon at first, then ever less often."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ebbtide.api.status import stamp

FAILED = "TuningFailed"
"""The condition that says so."""
SOON = 300.0
"""Seconds from the first failure to the next attempt; after each further one it is twice that."""
SELDOM = 3600.0
"""Seconds that are the most: what is wrong for hours is not mended by asking more often."""


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
    """What a successor knows of the failures before it: that there was one."""
    for condition in status.get("conditions", ()):
        if condition["type"] == FAILED and condition["status"] == "True":
            why = str(condition.get("message", "")).partition("; it is tried")[0]
            return Failure(at, 1, why, generation)
    return None
