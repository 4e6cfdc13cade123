"""The last minutes: handed out without a copy, and never changed for whoever has them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.loop.observing.window import ROOM, Window

NUMBERS = st.sampled_from([1.0, 2.0, np.nan])
MOVES = st.tuples(st.just("move"), st.integers(0, 12))
WRITES = st.tuples(st.integers(0, 7), st.lists(NUMBERS, min_size=1, max_size=8))
SIZE = 8


def test_a_new_minute_costs_no_copy_of_those_that_are_known() -> None:
    window = Window(4 * ROOM)
    window.move(1)
    before = window.values
    copies = 0
    for minute in range(ROOM):
        window.move(1)
        window.write(window.values.size - 3, np.array([before[-2], before[-1], float(minute)]))
        copies += not np.shares_memory(before, window.values)
        before = window.values
    assert copies <= 1
    assert window.values[-3:].tolist() == [ROOM - 3.0, ROOM - 2.0, ROOM - 1.0]


def test_a_minute_that_turns_out_otherwise_is_changed_for_those_who_ask_from_now_on() -> None:
    window = Window(3)
    window.move(3)
    window.write(0, np.array([1.0, 2.0, 3.0]))
    handed = window.values
    window.move(1)
    window.write(1, np.array([4.0, 5.0]))
    assert handed.tolist() == [1.0, 2.0, 3.0]
    assert window.values.tolist() == [2.0, 4.0, 5.0]


@given(st.lists(MOVES | WRITES, max_size=30))
def test_it_holds_what_was_written_last_and_what_was_handed_out_stays(
    steps: list[tuple[object, object]],
) -> None:
    window, expected = Window(SIZE), np.full(SIZE, np.nan)
    handed = [(window.values, expected)]
    for where, what in steps:
        if isinstance(where, int):
            read = np.array(what, dtype=float)[: SIZE - where]
            expected = expected.copy()
            expected[where : where + read.size] = read
            window.write(where, read)
        else:
            assert isinstance(what, int)
            by = min(what, SIZE)
            expected = np.concatenate((expected[by:], np.full(by, np.nan)))
            window.move(what)
            continue  # it is handed out once it was written
        handed.append((window.values, expected))
    for found, then in handed:
        np.testing.assert_array_equal(found, then)
    np.testing.assert_array_equal(window.values, expected)
