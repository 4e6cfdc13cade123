"""Work of a tick that need not wait for one another, and how it is done where it does."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class SideBySide(Protocol):
    """Does what has to be done in a tick, and waits for all of it."""

    def done(self, works: Iterable[Callable[[], T]], meanwhile: Callable[[], None]) -> Sequence[T]:
        """What all the work gives, in its order; none may raise.

        Each is asked for in the caller's thread, once the one before it has begun; `meanwhile` is
        called there ever again.
        """


class InTurn:
    """One after the other. For tests and plans."""

    def done(self, works: Iterable[Callable[[], T]], meanwhile: Callable[[], None]) -> Sequence[T]:
        """Do each before the next is asked for."""
        given = []
        for work in works:
            meanwhile()
            given.append(work())
        return given
