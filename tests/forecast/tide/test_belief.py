"""What is beyond all that was seen before is believed when it has stayed for some minutes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.forecast.contract import DAY, LEVELS, Floats
from ebbtide.forecast.tide.belief import LEAP, Belief
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.conformance import HORIZON
from tests.forecast.tide.made_up import noise, upto

GAP = np.nan
UPPER, TOP = LEVELS.index(0.9), LEVELS.index(0.99)
SOME = st.one_of(st.just(GAP), st.just(0.0), st.floats(0, 1e9, width=32))


SURE_AT_ONCE = 10
"""Minutes from row to row, so that one row confirms the next."""


def believed(
    values: list[float], highest: float, blocks: int = 1, grid: int = SURE_AT_ONCE
) -> list[float]:
    """What is believed of rows that come in so many blocks."""
    belief, found = Belief(1, grid), []
    for block in np.array_split(np.array(values, np.float32)[:, None], blocks):
        if len(block):
            found.append(belief.of(block, np.array([highest], np.float32)))
            highest = float(np.fmax.reduce([highest, *found[-1][:, 0]]))
    return [float(value) for value in np.concatenate(found)[:, 0]]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param([100, 20, 300], [100, 20, 300], id="up to three times the highest"),
        pytest.param([100, 5000, 100], [100, 300, 100], id="one sample beyond it"),
        pytest.param([100, 5000, 4000, 100], [100, 300, 4000, 100], id="what a second confirms"),
        pytest.param([5000, 5000, 6000], [300, 5000, 6000], id="what goes on to rise"),
        pytest.param([5000, 2000, 5000], [300, 2000, 5000], id="the second says how far"),
        pytest.param([5000, 10, 5000], [300, 10, 900], id="one that comes again, by leaps"),
        pytest.param([5000, GAP, 5000], [300, GAP, 900], id="a gap confirms nothing"),
        pytest.param([GAP, GAP], [GAP, GAP], id="nothing known"),
    ],
)
def test_a_first_row_is_believed_up_to_a_leap(values: list[float], found: list[float]) -> None:
    assert believed(values, 100.0) == pytest.approx(found, nan_ok=True)


@pytest.mark.parametrize(("grid", "rows"), [(1, 6), (2, 3), (5, 1), (60, 1)], ids=str)
def test_what_stays_for_six_minutes_is_believed_however_high_it_is(grid: int, rows: int) -> None:
    found = believed([1e9] * 8, 1.0, grid=grid)
    assert found[rows:] == [1e9] * (8 - rows)
    assert found[:rows] == [3.0 ** (1 + row) for row in range(rows)]


def test_where_nothing_was_seen_yet_everything_is_believed() -> None:
    assert believed([0, 0, 5000, 9000], 0.0) == [0, 0, 5000, 9000]


@given(
    st.lists(SOME, min_size=1, max_size=30),
    st.floats(0, 1e6, width=32),
    st.integers(2, 30),
    st.sampled_from([1, 2, SURE_AT_ONCE]),
)
def test_rows_are_believed_the_same_in_one_block_and_in_many(
    values: list[float], highest: float, blocks: int, grid: int
) -> None:
    found = believed(values, highest, grid=grid)
    assert found == pytest.approx(believed(values, highest, blocks, grid), nan_ok=True)
    assert np.fmax.reduce([0.0, *np.subtract(found, values)]) <= 0


@pytest.mark.parametrize("times", [20.0, 1000.0])
def test_one_wrong_sample_does_not_come_again_a_day_later(times: float) -> None:
    known = 1000 * np.exp(noise(3 * DAY, 0.03)[:, :1])
    wrong = known.copy()
    wrong[-DAY + HORIZON // 2] *= times

    def said(values: Floats) -> Floats:
        return Tide().forecast(upto(values, 1), HORIZON).values[[UPPER, TOP], :, 0]

    assert (said(wrong) < float(LEAP) * said(known)).all()


def test_a_rate_over_five_minutes_that_a_counter_has_spoilt_is_soon_forgotten() -> None:
    known = 1000 * np.exp(noise(3 * DAY, 0.03)[:, :1])
    wrong = known.copy()
    wrong[-DAY // 2 : -DAY // 2 + 5] *= 10_000

    def said(values: Floats) -> Floats:
        return Tide().forecast(upto(values, 1), HORIZON).values[UPPER, :HORIZON, 0]

    assert np.median(said(wrong) / said(known)) < 1.5
