"""Work in threads: in two lines, and never waited for longer than patience lasts."""

import threading
from collections.abc import Iterator

import pytest

from ebbtide.adapters.background import Threads
from ebbtide.loop.ports.background import Done

LONG = 60.0
"""Seconds that nothing here takes, unless it hangs."""


@pytest.fixture
def threads() -> Iterator[Threads]:
    """A background with all the patience that a test may have."""
    made = Threads(patience=LONG)
    yield made
    made.close()


def results(done: list[Done]) -> list[tuple[str, object]]:
    return [(each.name, each.result) for each in done]


def test_what_is_quick_is_waited_for(threads: Threads) -> None:
    threads.begin("one", lambda: 1, slow=False)
    threads.begin("two", lambda: 2, slow=False)
    done = list(threads.finished())
    assert results(done) == [("one", 1), ("two", 2)]
    assert all(each.seconds >= 0 for each in done)
    assert list(threads.finished()) == []


def test_what_is_slow_keeps_nobody_waiting(threads: Threads) -> None:
    go_on, gone = threading.Event(), threading.Event()

    def long() -> str:
        go_on.wait(LONG)
        return "at last"

    threads.begin("slow", long, slow=True)
    threads.begin("after it", gone.set, slow=True)
    threads.begin("quick", lambda: 1, slow=False)
    assert results(list(threads.finished())) == [("quick", 1)]
    go_on.set()
    assert gone.wait(LONG)
    assert results(list(threads.finished()))[:1] == [("slow", "at last")]


def test_patience_ends_and_the_work_is_handed_over_later() -> None:
    threads, go_on = Threads(patience=0.01), threading.Event()
    threads.begin("quick", lambda: go_on.wait(LONG), slow=False)
    assert list(threads.finished()) == []
    go_on.set()
    found: list[Done] = []
    while not found:
        found = list(threads.finished())
    assert results(found) == [("quick", True)]
    threads.close()


def test_work_that_fails_is_told_with_its_error_and_the_line_goes_on(threads: Threads) -> None:
    def fail() -> None:
        raise ArithmeticError("it falls")

    threads.begin("bad", fail, slow=False)
    threads.begin("good", lambda: 1, slow=False)
    bad, good = threads.finished()
    assert isinstance(bad.result, ArithmeticError)
    assert good.result == 1


def test_what_waits_when_it_is_closed_is_not_begun() -> None:
    threads, begun, go_on = Threads(patience=LONG), threading.Event(), threading.Event()
    gone, after_it = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        go_on.wait(LONG)
        gone.set()

    threads.begin("under way", long, slow=True)
    threads.begin("after it", after_it.set, slow=True)
    assert begun.wait(LONG)
    threads.close()
    go_on.set()
    assert gone.wait(LONG)
    assert not after_it.wait(0.2)
