"""Work of a tick in a few threads: what waits keeps no other waiting."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from ebbtide.adapters.side_by_side import Crowd
from ebbtide.loop.ports.side_by_side import InTurn, SideBySide

LONG = 60.0
"""Seconds that nothing here takes, unless it hangs."""


def nothing() -> None:
    """Have nothing to do meanwhile."""


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with closing(Crowd(3)) as made:
        yield made


def test_what_each_gives_comes_in_the_order_in_which_it_was_begun(crowd: Crowd) -> None:
    last = threading.Event()

    def first() -> int:
        assert last.wait(LONG)
        return 1

    def second() -> int:
        last.set()
        return 2

    assert crowd.done([first, second], nothing) == [1, 2]


def test_as_many_as_there_are_threads_wait_at_the_same_time(crowd: Crowd) -> None:
    meeting = threading.Barrier(3)
    assert sorted(crowd.done([lambda: meeting.wait(LONG)] * 3, nothing)) == [0, 1, 2]


def test_little_is_asked_for_before_it_can_be_done(crowd: Crowd) -> None:
    asked, begun = [0], itertools.count(1)

    def work() -> int:
        return asked[0] - next(begun)

    def works() -> Iterator[Callable[[], int]]:
        for _ in range(100):
            asked[0] += 1
            yield work

    assert max(crowd.done(works(), nothing)) <= 10


def test_while_one_waits_what_else_has_to_be_done_is_done(crowd: Crowd) -> None:
    calls, enough = [0], threading.Event()

    def meanwhile() -> None:
        calls[0] += 1
        if calls[0] == 4:
            enough.set()

    assert crowd.done([lambda: enough.wait(LONG)], meanwhile) == [True]


@pytest.mark.parametrize("kind", [InTurn, lambda: Crowd(1)], ids=["in turn", "in threads"])
def test_each_is_asked_for_in_the_callers_thread(kind: Callable[[], SideBySide]) -> None:
    def works() -> Iterator[Callable[[], int]]:
        for _ in range(3):
            yield threading.get_ident
            asked.append(threading.get_ident())

    asked: list[int] = []
    doing = kind()
    doing.done(works(), nothing)
    assert asked == [threading.get_ident()] * 3
    if isinstance(doing, Crowd):
        doing.close()


def test_in_turn_one_is_done_before_the_next_is_asked_for() -> None:
    told: list[str] = []

    def works() -> Iterator[Callable[[], None]]:
        for name in ("one", "two"):
            told.append(f"ask for {name}")
            yield lambda name=name: told.append(f"do {name}")  # type: ignore[misc]

    InTurn().done(works(), nothing)
    assert told == ["ask for one", "do one", "ask for two", "do two"]
