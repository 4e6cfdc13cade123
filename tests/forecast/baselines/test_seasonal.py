"""`Seasonal`: that it keeps the contract, is honest, and costs little."""

from collections.abc import Callable

import numpy as np
import pytest

from ebbtide.forecast.baselines.seasonal import Seasonal
from ebbtide.forecast.baselines.seasonal_lesson import learn
from ebbtide.forecast.contract import DAY, LEVELS, History
from tests.forecast.conformance import CHECKS, END, HORIZON, Maker, day_shape, history, series


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
def test_seasonal_keeps_the_contract(check: Callable[[Maker], None]) -> None:
    check(Seasonal)


# --- honesty


def test_a_season_is_foreseen_better_than_by_the_last_value() -> None:
    whole = np.stack([day_shape(10 * DAY, seed) for seed in range(4)], axis=1)
    ours, last = [], []
    for cut in range(300, 2 * DAY, 217):
        known = whole[: 8 * DAY + cut - HORIZON]
        truth = whole[8 * DAY + cut - 1]
        made = Seasonal().forecast(History(END + 60 * cut, known), HORIZON)
        ours.append(np.abs(made.values[0, -1] - truth))
        last.append(np.abs(known[-1] - truth))
    assert np.mean(ours) < 0.4 * np.mean(last)


def test_a_quantile_is_what_it_says() -> None:
    whole = np.stack([day_shape(12 * DAY, seed) for seed in range(6)], axis=1)
    model, inside = Seasonal(), []
    ahead = np.array([1, 10, 60, 120])
    for cut in range(0, DAY, 61):
        known = whole[: 10 * DAY + cut]
        made = model.forecast(History(END + 60 * cut, known), HORIZON)
        inside.append(whole[10 * DAY + cut + ahead - 1] <= made.values[:, ahead - 1])
    found = np.mean(inside, axis=(0, 2, 3))
    assert np.abs(found - np.array(LEVELS)).max() < 0.06


def test_with_less_than_two_days_it_is_the_last_value() -> None:
    made = Seasonal().forecast(history(day_shape(DAY)), HORIZON)
    recent = day_shape(DAY)[-5:].mean()
    assert made.values[0, 0, 0] == pytest.approx(recent, rel=0.02)
    assert made.trusted[0]


def test_before_errors_were_measured_it_reckons_with_large_ones() -> None:
    made = Seasonal().forecast(history(np.full(20, 10.0)), HORIZON)
    assert made.values[:, -1, 0].tolist() == [10.0, 11.0, 13.0, 15.0, 20.0, 30.0]


def test_no_quantile_runs_away_where_demand_comes_from_nothing() -> None:
    kinds = series(7 * DAY)
    for name in ("bursty", "silent at night", "risen just now"):
        made = Seasonal().forecast(history(kinds[name]), HORIZON)
        assert made.values.max() <= 3 * kinds[name].max(), name


def test_a_morning_after_a_silent_night_is_no_multiple_of_nothing() -> None:
    values = series(7 * DAY)["silent at night"].copy()
    night = int(np.flatnonzero(values[6 * DAY :] == 0)[-1]) + 6 * DAY
    values[night - 4 : night + 1] = 50.0
    made = Seasonal().forecast(history(values[: night + 1]), 600)
    assert made.values[0].max() <= 2 * values.max()


def test_a_gap_carries_the_last_value_but_not_for_ever() -> None:
    values = day_shape(3 * DAY)
    short, long = values.copy(), values.copy()
    short[-20:], long[-200:] = np.nan, np.nan
    made = Seasonal().forecast(history(short, long), HORIZON)
    assert made.trusted.tolist() == [True, False]
    assert np.isfinite(made.values[:, :, 0]).all()
    assert np.isnan(made.values[:, :, 1]).all()


def test_a_series_that_began_after_the_last_lesson_is_carried_on() -> None:
    values = np.full(3 * DAY, np.nan)
    values[-8:] = 5.0
    made = Seasonal().forecast(history(values, day_shape(3 * DAY)), HORIZON)
    assert np.isfinite(made.values[:, :, 0]).all()
    assert made.values[0, 0, 0] == pytest.approx(5.0)
    assert not made.trusted[0]


# --- no look-ahead


@pytest.mark.parametrize("back", [1, 60, DAY])
def test_what_comes_later_changes_nothing(back: int) -> None:
    values = day_shape(8 * DAY)
    other = values.copy()
    other[-back:] = 1e6
    end = END - 60.0 * back
    one, two = (
        Seasonal().forecast(History(end, column[: len(column) - back, None]), HORIZON)
        for column in (values, other)
    )
    assert np.array_equal(one.values, two.values)


def test_errors_are_measured_with_profiles_that_were_known_at_the_time() -> None:
    """A last day unlike all others is a surprise: its errors are as large as they were."""
    values = np.tile(day_shape(DAY), 8)
    calm = learn(history(values), HORIZON).anchors[-1].errors
    values[-DAY:] = np.roll(values[-DAY:], 300)
    surprised = learn(history(values), HORIZON).anchors[-1].errors
    assert surprised[-1, 0] > calm[-1, 0] + 0.3


# --- cost


@pytest.mark.parametrize(
    ("days", "most"), [pytest.param(28, 2, id="a month"), pytest.param(7, 3, id="a week")]
)
def test_a_new_minute_does_not_cost_a_lesson(days: int, most: int) -> None:
    whole = day_shape(days * DAY + 61)[:, None]
    model = Seasonal()
    for minute in range(61):
        model.forecast(History(END + 60 * minute, whole[minute : minute + days * DAY]), HORIZON)
    assert model.learnt <= most


def test_series_that_are_an_hour_late_do_not_drive_out_the_lessons_of_the_others() -> None:
    model, values = Seasonal(), day_shape(3 * DAY)
    for _ in range(5):
        model.forecast(history(values), HORIZON)
        model.forecast(history(values, end=END - 3600.0), HORIZON)
    assert model.learnt == 2


def test_old_lessons_are_forgotten() -> None:
    model, values = Seasonal(), day_shape(3 * DAY)
    for hours in (0, 5, 0):
        model.forecast(history(values, end=END + 3600.0 * hours), HORIZON)
    assert model.learnt == 3
