"""Work beside the ticks, as the loop needs it, and how it is done where there is no background."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol


class Done(NamedTuple):
    """Work that was done in the background."""

    name: str
    result: Any
    """What it gave, or the exception that it raised."""
    seconds: float
    """How long it took."""


class Background(Protocol):
    """Where work is done that a tick must not wait for. One piece of work at a time has a name."""

    def begin(self, name: str, work: Callable[[], object], *, slow: bool) -> None:
        """Start some work; what is `slow` keeps nothing waiting that is not."""

    def finished(self) -> Sequence[Done]:
        """Hand over what has been done since the last call; wait a moment for what is not slow."""


class AtOnce:
    """No background at all: work is done when it is begun. For tests and plans."""

    def __init__(self) -> None:
        self._done: list[Done] = []

    def begin(self, name: str, work: Callable[[], object], *, slow: bool) -> None:
        """Do it."""
        self._done.append(Done(name, attempted(work), 0.0))

    def finished(self) -> Sequence[Done]:
        """Hand over all that was begun since the last call."""
        done, self._done = self._done, []
        return done


def attempted(work: Callable[[], object]) -> object:
    """What some work gives, or the exception that it raises."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - told where the work was begun
        return error
