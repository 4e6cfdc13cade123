"""Work beside the ticks, in threads: forecasts that learn weeks of minutes, or take their time."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import NamedTuple

from ebbtide.loop.ports.background import Done, attempted

Do = Callable[[Callable[[], object]], object]
"""Does some work; what it gives, or the exception that it raises."""


class _Asked(NamedTuple):
    """A piece of work that is waiting."""

    name: str
    work: Callable[[], object]


class Threads:
    """Two lines of work, one thread each: what is slow keeps nothing waiting that is quick.

    `finished` waits for the quick line, but no longer than `patience` (seconds). The threads end
    with the process, in the middle of what they do: a forecast is worth nothing to a successor.
    """

    def __init__(self, patience: float, do: Do = attempted) -> None:
        """Wait so long; `do` is how a piece of work is done."""
        self._patience = patience
        self._changed = threading.Condition()
        self._done: list[Done] = []
        self._open = {True: 0, False: 0}
        self._lines = {slow: _Line(slow, self._hand_over, do) for slow in (True, False)}

    def begin(self, name: str, work: Callable[[], object], *, slow: bool) -> None:
        """Start some work, after what stands before it in its line."""
        with self._changed:
            self._open[slow] += 1
        self._lines[slow].put(_Asked(name, work))

    def finished(self) -> Sequence[Done]:
        """Hand over what has been done since the last call; wait a moment for what is quick."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open[False], timeout=self._patience)
            done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Begin nothing any more."""
        for line in self._lines.values():
            line.end()

    def _hand_over(self, done: Done, slow: bool) -> None:
        with self._changed:
            self._open[slow] -= 1
            self._done.append(done)
            self._changed.notify_all()


class _Line:
    """Work that is done by one thread, piece by piece."""

    def __init__(self, slow: bool, tell: Callable[[Done, bool], None], do: Do) -> None:
        self._slow, self._tell, self._do = slow, tell, do
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._ended = False
        name = f"forecast-{'slow' if slow else 'quick'}"
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def put(self, asked: _Asked) -> None:
        """Put a piece of work at the end."""
        self._asked.put(asked)

    def end(self) -> None:
        """Drop what waits."""
        self._ended = True
        self._asked.put(None)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None and not self._ended:
            begun = time.monotonic()
            result = self._do(asked.work)
            self._tell(Done(asked.name, result, time.monotonic() - begun), self._slow)
