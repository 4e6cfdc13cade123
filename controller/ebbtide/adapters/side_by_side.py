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
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="acting")

    def done(self, works: Iterable[Callable[[], T]], meanwhile: Callable[[], None]) -> Sequence[T]:
        """What all the work gives, in its order."""
        begun: list[Future[T]] = []
        for work in works:
            meanwhile()
            begun.append(self._threads.submit(work))
        return [_awaited(each, meanwhile) for each in begun]

    def close(self) -> None:
        """Let the threads go, once they have done what they do."""
        self._threads.shutdown(cancel_futures=True)


def _awaited(one: Future[T], meanwhile: Callable[[], None]) -> T:
    meanwhile()
    while not wait([one], timeout=_MOMENT).done:
        meanwhile()
    return one.result()
