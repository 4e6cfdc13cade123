"""The plain forecasters: that they keep the contract, and are what their names say."""

from collections.abc import Callable

import numpy as np
import pytest

from ebbtide.forecast.baselines.baseline import anchors
from ebbtide.forecast.baselines.dsp import dsp
from ebbtide.forecast.baselines.holt_winters import GRID, holt_winters
from ebbtide.forecast.baselines.naive import naive_day, naive_week, persistence
from ebbtide.forecast.baselines.ordinary import rows_a_day
from ebbtide.forecast.contract import DAY, LEVELS, Floats, History
from tests.forecast.conformance import CHECKS, END, Maker, day_shape

MAKERS = (persistence, naive_day, naive_week, holt_winters, dsp)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: str(make.__name__))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_a_baseline_keeps_the_contract(check: Callable[[Maker], None], make: Maker) -> None:
    check(make)


def median(make: Maker, values: Floats, horizon: int, grid: float = 60.0) -> Floats:
    """The median that a forecaster makes of one series."""
    made = make().forecast(History(END, values[:, None], grid), horizon)
    return np.asarray(made.values[0, :, 0])


def test_persistence_says_the_last_known_value() -> None:
    values = np.array([3.0, 5.0, 4.0, np.nan])
    assert median(persistence, values, 3).tolist() == [4.0, 4.0, 4.0]


def test_the_quantiles_of_persistence_are_those_of_its_own_errors() -> None:
    values = np.cumsum(np.random.default_rng(5).normal(0, 1, 3 * DAY)) + 1000
    made = persistence().forecast(History(END, values[:, None]), 30)
    for ahead in (1, 3, 10, 30):
        errors = values[ahead:] - values[:-ahead]
        wanted = values[-1] + np.quantile(errors, LEVELS[1:])
        assert made.values[1:, ahead - 1, 0] == pytest.approx(wanted)


def test_naive_day_repeats_yesterday() -> None:
    values = day_shape(3 * DAY)
    assert median(naive_day, values, 60) == pytest.approx(values[-DAY : -DAY + 60])


def test_naive_day_goes_on_after_a_day() -> None:
    values = day_shape(3 * DAY)
    assert median(naive_day, values, 2 * DAY)[DAY:] == pytest.approx(values[-DAY:])


def test_naive_week_repeats_last_week_and_yesterday_before_there_was_one() -> None:
    long, short = day_shape(8 * DAY), day_shape(3 * DAY)
    assert median(naive_week, long, 60) == pytest.approx(long[-7 * DAY :][:60])
    assert median(naive_week, short, 60) == pytest.approx(short[-DAY:][:60])


def looped_holt_winters(values: Floats, day: int, parameters: tuple[float, ...]) -> Floats:
    """The recursion as it stands in the book, row by row; the day that follows."""
    alpha, beta, gamma = parameters
    level, trend, season = values[:day].mean(), 0.0, list(values[:day] - values[:day].mean())
    for row in range(day, len(values)):
        error = values[row] - level - trend - season[row - day]
        level += trend + alpha * error
        trend += alpha * beta * error
        season.append(season[row - day] + gamma * (1 - alpha) * error)
    ahead = np.arange(1, day + 1)
    return np.asarray(level + ahead * trend + np.array(season[-day:]))


@pytest.mark.parametrize("rows", [24 * 9, 24 * 9 + 7])
def test_holt_winters_is_the_recursion_of_one_of_its_parameters(rows: int) -> None:
    values = 500 + 100 * np.sin(np.arange(rows) * 2 * np.pi / 24)
    values += np.random.default_rng(1).normal(0, 20, rows)
    found = median(holt_winters, values, 24, grid=3600.0)
    wanted = [looped_holt_winters(values, 24, one) for one in GRID]
    assert min(np.abs(found - one).max() for one in wanted) < 1e-6


def test_dsp_goes_on_with_a_signal_of_few_waves() -> None:
    at = np.arange(9 * DAY)
    values = 1000 + 300 * np.sin(2 * np.pi * at / DAY) + 100 * np.sin(2 * np.pi * at / 360)
    found = median(dsp, values[: 8 * DAY], 240)
    assert found == pytest.approx(values[8 * DAY :][:240], rel=0.01)


def test_dsp_sees_a_week_in_series_that_repeat_weekly_only() -> None:
    hours = np.arange(24 * 7 * 5)
    weekend = (hours // 24) % 7 >= 5
    values = np.where(weekend, 100.0, 1000.0)
    cut = 24 * (7 * 4 + 5)  # what comes is a weekend
    found = median(dsp, values[:cut], 24, grid=3600.0)
    assert found[6:18].mean() < 300


@pytest.mark.parametrize(
    ("grid", "horizon", "wanted"),
    [
        (60.0, 120, (1, 3, 10, 30, 60, 120)),
        (300.0, 24, (1, 2, 6, 12, 24)),
        (600.0, 12, (1, 3, 6, 12)),
        (3600.0, 4, (1, 2, 4)),
        (60.0, 1, (1,)),
    ],
)
def test_errors_are_measured_at_the_minutes_that_a_grid_divides(
    grid: float, horizon: int, wanted: tuple[int, ...]
) -> None:
    assert anchors(grid, horizon) == wanted


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: str(make.__name__))
@pytest.mark.parametrize("grid", [300.0, 600.0, 3600.0])
def test_other_grids_have_days_of_their_own_length(make: Maker, grid: float) -> None:
    day = rows_a_day(grid)
    at = END + grid * np.arange(1 - 9 * day, 1)
    values = 1000 + 500 * np.cos(2 * np.pi * at / 86400)
    made = make().forecast(History(END, values[:, None], grid), 2)
    assert made.values[0, 0, 0] == pytest.approx(values[-1], rel=0.3)
    assert made.ordinary.shape == (DAY, 1)
    assert min(made.ordinary[:, 0].argmax(), DAY - made.ordinary[:, 0].argmax()) <= grid / 60 * 4
