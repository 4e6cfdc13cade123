"""What days say of a minute: between the cells that they are kept in it is interpolated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.forecast.contract import DAY
from ebbtide.forecast.tide.cells import between
from ebbtide.forecast.tide.days import Days
from ebbtide.forecast.tide.frame import Frame

HORIZON = 120
SWELL_MINUTES = 240
AT = 20_000 * DAY
"""The midnight at which days begin."""


@given(rows=st.lists(st.integers(-1000, 10**8), min_size=1), cell=st.integers(1, 10))
def test_a_row_lies_between_the_middles_of_two_cells(rows: list[int], cell: int) -> None:
    before, part = between(np.array(rows), cell)
    assert ((part >= 0) & (part < 1)).all()
    middles = before * cell + (cell - 1) / 2
    assert middles + part * cell == pytest.approx(np.array(rows))


def test_a_day_that_climbs_and_falls_is_no_staircase_a_day_later() -> None:
    frame = Frame(1, HORIZON)
    swell = 1000 + 800 * np.sin(np.arange(3 * DAY) * 2 * np.pi / SWELL_MINUTES)
    days = Days(frame, 1)
    days.remember(swell[: 2 * DAY, None].astype(np.float32), AT + np.arange(2 * DAY))
    days.begin(AT + 2 * DAY, np.zeros(1, np.float32))
    yesterday = days.at(AT + 2 * DAY + np.arange(HORIZON))[:, 2, 0]
    assert yesterday == pytest.approx(swell[2 * DAY :][:HORIZON], abs=20)


def test_curves_are_the_same_whether_rows_are_seen_one_by_one_or_at_once() -> None:
    frame = Frame(1, HORIZON)
    rng = np.random.default_rng(3)
    past = rng.uniform(100, 1000, (3 * DAY, 2)).astype(np.float32)
    past[700:800] = np.nan
    today = rng.uniform(100, 1000, (DAY, 2)).astype(np.float32)
    one, many = Days(frame, 2), Days(frame, 2)
    level, rows = np.full((1, 2), 500, np.float32), many.block
    numbers = AT + 3 * DAY + np.arange(rows)
    for days in (one, many):
        days.remember(past, AT + np.arange(3 * DAY))
        days.begin(int(numbers[0]), level[0])
    found = many.coming(numbers, np.repeat(level, rows, axis=0))
    for i, number in enumerate(numbers.tolist()):
        assert one.step(number, level)[0] == pytest.approx(found[i])
        one.remember(today[i : i + 1], numbers[i : i + 1])
    ahead = numbers[-1] + 1 + np.arange(HORIZON)
    assert one.at(ahead) == pytest.approx(many.at(ahead))
    assert found[rows:] == pytest.approx(many.at(ahead))
