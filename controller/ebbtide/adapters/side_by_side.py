"""Work of a tick in a few threads: what one waits for at the API server keeps no other waiting."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

_MOMENT = 1.0
"""Seconds from one look at what else has to be done to the next."""


class Crowd:
    """So many threads, each with one piece of work at a time."""

    def __init__(self, count: int) -> None:
        self._waiting = 2 * count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="acting")

    def done(self, works: Iterable[Callable[[], T]], meanwhile: Callable[[], None]) -> Sequence[T]:
        """What all the work gives, in its order; little is asked for before it can be done."""
        begun: list[Future[T]] = []
        for work in works:
            begun.append(self._threads.submit(work))
            _wait(begun[: -self._waiting][-1:], meanwhile)
        _wait(begun, meanwhile)
        return [each.result() for each in begun]

    def close(self) -> None:
        """Let the threads go, once they have done what they do."""
        self._threads.shutdown(cancel_futures=True)


def _wait(works: Sequence[Future[T]], meanwhile: Callable[[], None]) -> None:
    """Wait until some work is done."""
    meanwhile()
    while wait(works, timeout=_MOMENT).not_done:
        meanwhile()
