"""A background whose work is done when a test says so."""

from collections.abc import Callable

from ebbtide.loop.ports.background import Done, attempted


class WhenTold:
    """A background that does its work when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, Callable[[], object]]] = []
        self.slow: list[bool] = []
        self.done: list[Done] = []

    def begin(self, name: str, work: Callable[[], object], *, slow: bool) -> None:
        self.waiting.append((name, work))
        self.slow.append(slow)

    def finished(self) -> list[Done]:
        done, self.done = self.done, []
        return done

    def work(self, seconds: float = 0.0) -> None:
        """Do all that waits; each piece takes so long."""
        self.done += [Done(name, attempted(work), seconds) for name, work in self.waiting]
        self.waiting = []
