"""The slump: demand that fell well below the season and stays there is foreseen to stay."""

import numpy as np
import pytest

from ebbtide.forecast.adjustments.slump import slumped
from ebbtide.forecast.contract import DAY, LEVELS, Floats, History
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.adjustments.off_season import USUAL, left, season, uneven
from tests.forecast.conformance import END, HORIZON

LEFT = 60.0
UPPER, TOP = LEVELS.index(0.9), LEVELS.index(0.99)


def fallen(minutes: int, days: int = 2, to: float = LEFT) -> Floats:
    """The usual, and what was left of it so many minutes ago."""
    return left(minutes, days, to)


@pytest.mark.parametrize(
    ("minutes", "ahead", "most"),
    [
        pytest.param(5, 1, 1.5, id="after five minutes, for the next"),
        pytest.param(10, 5, 1.2, id="after ten minutes, for five"),
        pytest.param(25, 15, 1.1, id="after twenty-five, for a quarter of an hour"),
        pytest.param(40, 120, 1.1, id="after forty, for as far as it is foreseen"),
    ],
)
def test_what_has_stayed_low_is_foreseen_to_stay(minutes: int, ahead: int, most: float) -> None:
    made = slumped(*season(fallen(minutes)))
    assert (made.values[: UPPER + 1, :ahead] < most * LEFT).all()
    assert (made.values[0, :ahead] >= LEFT).all()


@pytest.mark.parametrize("share", [0.65, 0.5, 0.06])
def test_where_days_are_alike_it_is_told_by_three_tenths(share: float) -> None:
    made = slumped(*season(fallen(40, days=9, to=share * USUAL)))
    assert (made.values[0] < 1.1 * share * USUAL).all()


@pytest.mark.parametrize("grid", [1, 5, 10])
def test_a_slump_is_told_on_every_grid(grid: int) -> None:
    values = fallen(60)[::grid]
    made = slumped(*season(values, grid))
    assert (made.values[UPPER] < 1.1 * LEFT).all()


def test_the_highest_quantiles_go_on_to_reckon_with_a_return() -> None:
    plain, known = season(fallen(60))
    made = slumped(plain, known)
    assert np.array_equal(made.values[TOP:], plain.values[TOP:])
    assert (np.diff(made.values, axis=0) >= 0).all()


def as_before(days: int) -> Floats:
    """What has been low for an hour, as it was for two at this time so many days ago."""
    values = fallen(60, days=14)
    values[-days * DAY - 60 : -days * DAY + 60] = LEFT
    return values


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(fallen(60, to=0.71 * USUAL), id="more than seven tenths of the usual"),
        pytest.param(uneven(fallen(60, days=9, to=0.6 * USUAL), 0.2), id="as days differ"),
        pytest.param(as_before(1), id="as low as yesterday"),
        pytest.param(as_before(7), id="as low as a week ago"),
        pytest.param(np.full((3 * DAY, 1), USUAL), id="an ordinary day"),
        pytest.param(np.full((3 * DAY, 1), np.nan), id="nothing is known"),
    ],
)
def test_what_is_no_slump_is_left_alone(values: Floats) -> None:
    plain, known = season(values)
    assert slumped(plain, known) is plain


def test_nothing_is_told_where_no_ordinary_day_is_known() -> None:
    plain, known = season(fallen(60))
    unknown = plain._replace(ordinary=np.full((DAY, 1), np.nan))
    assert slumped(unknown, known) is unknown


def test_dips_that_came_back_are_expected_to_come_back() -> None:
    values = fallen(8)
    for dip in range(20, 170, 20):
        values[len(values) - dip - 8 : len(values) - dip] = LEFT
    plain, known = season(values)
    made = slumped(plain, known)
    assert made.values[0, 0] < 2 * LEFT
    assert np.array_equal(made.values[:, 14:], plain.values[:, 14:])


def test_the_upper_quantile_covers_a_slump_that_is_restless() -> None:
    rng = np.random.default_rng(3)
    values = fallen(240)
    values[-240:] *= np.exp(rng.normal(0.0, 0.2, (240, 1)))
    covered = []
    for row in range(len(values) - 180, len(values) - 10):
        plain, known = season(values[: row + 1])
        made = slumped(plain, known._replace(end=END))
        covered.append(values[row + 10] <= made.values[UPPER, 9])
    assert np.mean(covered) > 0.85


def test_a_gap_does_not_end_a_slump_and_others_are_left_alone() -> None:
    values = np.concatenate((fallen(30), np.full((2 * DAY, 1), USUAL)), axis=1)
    values[-3:] = np.nan
    plain, known = season(values)
    made = slumped(plain, known)
    assert (made.values[UPPER, :5, 0] < 1.1 * LEFT).all()
    assert np.array_equal(made.values[:, :, 1], plain.values[:, :, 1])


def test_tide_follows_a_fall_within_minutes_and_comes_back_at_once() -> None:
    rng = np.random.default_rng(5)
    at = np.arange(-3 * DAY, 30)
    usual = USUAL * (1 + 0.3 * np.cos(2 * np.pi * at / DAY)) * np.exp(rng.normal(0, 0.01, at.size))
    values = np.where((at >= 0) & (at < 12), 0.06 * usual, usual)
    model = Tide()

    def said(until: int) -> Floats:
        known = values[: 3 * DAY + until, None]
        end = END // (60 * DAY) * 60 * DAY + 60.0 * until
        return model.forecast(History(end, known), HORIZON).values[UPPER, :5, 0]

    assert (said(12) < 1.15 * 0.06 * usual[3 * DAY]).all()
    assert (said(13)[:1] > 0.9 * usual[3 * DAY]).all()
