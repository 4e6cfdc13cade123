"""Announced events: foreseen before they start, and followed by their own scale."""

import tracemalloc

import numpy as np
import pytest

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.baselines.naive import persistence
from ebbtide.forecast.contract import (
    DAY,
    LEVELS,
    Announcement,
    Context,
    Forecast,
    History,
    SeriesContext,
)
from tests.forecast.conformance import END, HORIZON

HOUR = 3600.0
SOON = END + HOUR
TOP = LEVELS.index(0.99)


def plain(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[Forecast, History]:
    known = History(END, values[:, None])
    return persistence().forecast(known, HORIZON), known


def announced(
    forecast: Forecast, known: History, *events: Announcement
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The quantiles of the one series, of which these events were announced."""
    return heed(forecast, known, Context((SeriesContext(events=events),))).values[:, :, 0]


def test_before_it_starts_a_multiple_of_the_usual_is_foreseen() -> None:
    forecast, known = plain(np.full(300, 100.0))
    event = Announcement(start=SOON, end=SOON + HOUR, times=3)
    made = announced(forecast, known, event)[0]
    assert made[:59] == pytest.approx(100.0)
    assert made[59:] == pytest.approx(300.0)


def test_a_level_is_foreseen_as_it_stands() -> None:
    forecast, known = plain(np.full(300, 100.0))
    event = Announcement(start=SOON, end=SOON + HOUR, level=5000)
    assert announced(forecast, known, event)[0, 70] == pytest.approx(5000)


def test_a_plain_forecast_of_next_to_nothing_does_not_make_an_event_a_thousandfold() -> None:
    forecast, known = plain(np.full(300, 1000.0))
    after_errors = np.linspace(0.0, 700.0, len(forecast.values))[:, None, None]
    next_to_nothing = forecast._replace(values=0.01 + after_errors + 0.0 * forecast.values)
    event = Announcement(start=END - HOUR, end=END + HOUR, level=1000)
    made = announced(next_to_nothing, known, event)[:, :59]
    assert made == pytest.approx(1000.0)


def test_where_quantiles_lie_apart_they_still_stand_in_order() -> None:
    forecast, known = plain(np.full(300, 100.0))
    spread = np.linspace(0.0, 300.0, len(forecast.values))[:, None, None]
    event = Announcement(start=END - HOUR, end=END + HOUR, level=1000, times=1)
    apart = forecast._replace(values=100.0 + spread + 0.0 * forecast.values)
    made = announced(apart, known, event)[:, :59]
    assert np.all(np.diff(made, axis=0) >= 0)
    assert made / made[0] == pytest.approx(apart.values[:, :59, 0] / 100.0)


@pytest.mark.parametrize("shape", [(1.0,), (0.5, 1.0, 0.5)], ids=["flat", "shaped"])
def test_an_event_is_foreseen_of_a_workload_that_has_nothing_to_do(
    shape: tuple[float, ...],
) -> None:
    forecast, known = plain(np.zeros(3000))
    event = Announcement(start=SOON, end=SOON + HOUR, level=1000, shape=shape)
    made = announced(forecast, known, event)
    course = event.course(np.asarray(END + 60.0 * np.arange(1.0, HORIZON + 1)))
    assert made[0, 59:] == pytest.approx(1000 * course[59:], rel=0.05)
    assert (np.diff(made, axis=0) >= 0).all()


def test_more_than_is_usual_is_no_less_than_is_foreseen_without_the_event() -> None:
    forecast, known = plain(np.full(300, 100.0))
    busy = forecast._replace(values=5 * forecast.values)
    event = Announcement(start=SOON, end=SOON + HOUR, times=1.5)
    assert announced(busy, known, event)[0, 59:] == pytest.approx(500.0)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(Announcement(start=END - 600, end=END + HOUR, times=1.2), id="times"),
        pytest.param(Announcement(start=END - 600, end=END + HOUR, level=10.0), id="level"),
    ],
)
def test_where_far_more_came_than_was_announced_the_plain_forecast_counts(
    said: Announcement,
) -> None:
    values = np.full(3 * DAY, 100.0)
    values[-11:] = 1000.0
    forecast, known = plain(values)
    assert announced(forecast, known, said)[0, :59] == pytest.approx(1000.0)


def test_less_than_is_usual_is_believed() -> None:
    forecast, known = plain(np.full(300, 100.0))
    event = Announcement(start=SOON, end=SOON + HOUR, times=0.4)
    assert announced(forecast, known, event)[0, 59:] == pytest.approx(40.0)


def test_the_shape_of_an_earlier_event_is_aligned() -> None:
    forecast, known = plain(np.full(300, 100.0))
    event = Announcement(start=SOON, end=SOON + HOUR, times=4, shape=(0.25, 1.0))
    made = announced(forecast, known, event)[0]
    assert made[59] == pytest.approx(100.0)
    assert made[89] == pytest.approx(250.0)
    assert made[119] == pytest.approx(400.0)


def test_a_shape_is_relative_to_the_highest_usual_of_its_hours() -> None:
    at = END - 60.0 * np.arange(3 * DAY - 1, -1, -1)
    forecast, known = plain(100 + 50 * np.cos(2 * np.pi * (at - SOON - HOUR / 2) / 86400))
    event = Announcement(start=SOON, end=SOON + HOUR, times=4, shape=(0.5, 1.0, 0.5))
    made = announced(forecast, known, event)[0]
    assert made[89] == pytest.approx(4 * 150.0, rel=0.02)
    assert made[119] == pytest.approx(2 * 150.0, rel=0.02)


@pytest.mark.parametrize("shape", [(1.0,), (0.5, 1.0, 0.5)], ids=["flat", "shaped"])
def test_one_of_a_mistyped_year_is_followed_by_its_last_day_and_takes_no_memory(
    shape: tuple[float, ...],
) -> None:
    forecast, known = plain(np.concatenate([np.full(3 * DAY, 100.0), np.full(300, 300.0)]))
    century = 100 * 365 * DAY * 60.0
    event = Announcement(start=END - century, end=END + HOUR, level=200, shape=shape)
    tracemalloc.start()
    try:
        made = announced(forecast, known, event)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.isfinite(made).all()
    assert peak < 20e6


def test_the_last_day_of_a_long_one_says_what_all_of_it_would() -> None:
    forecast, known = plain(np.concatenate([np.full(6 * DAY, 100.0), np.full(300, 300.0)]))
    long = Announcement(start=END - 5 * DAY * 60.0, end=END + HOUR, level=200)
    of_today = Announcement(start=END - HOUR, end=END + HOUR, level=200)
    made = announced(forecast, known, long)[:, :59]
    assert made == pytest.approx(announced(forecast, known, of_today)[:, :59])


def test_while_it_goes_on_it_is_scaled_by_what_has_come() -> None:
    values = np.full(300, 100.0)
    values[-20:] = 450.0
    forecast, known = plain(values)
    begun = END - 19 * 60
    event = Announcement(start=begun, end=begun + 2 * HOUR, times=3)
    assert announced(forecast, known, event)[0, 30] == pytest.approx(450.0)


@pytest.mark.parametrize(
    ("minutes", "least"),
    [
        pytest.param(3, 0.8, id="hardly anybody came yet"),
        pytest.param(10, 0.5, id="a third came"),
        pytest.param(15, 0.9, id="half of it, and it goes on"),
        pytest.param(25, 0.95, id="most of it"),
    ],
)
def test_an_audience_takes_its_time_to_arrive(minutes: int, least: float) -> None:
    """It is announced by a level, and there within half an hour."""
    values = np.full(3000, 100.0)
    arrives = 1000.0 * np.clip(np.arange(minutes) / 30, 0.2, 1.0)
    values[-minutes:] = arrives
    forecast, known = plain(values)
    event = Announcement(start=END - (minutes - 1) * 60, end=END + 2 * HOUR, level=1000.0)
    made = announced(forecast, known, event)[:, 35 - minutes]
    assert made[0] >= max(least * 1000.0, values[-1])
    assert made[TOP] >= 950.0


def test_quantiles_stay_in_order_and_as_wide_in_proportion() -> None:
    rng = np.random.default_rng(1)
    values = 100 + rng.normal(0, 5, 3000)
    values[-60:] *= 2
    forecast, known = plain(values)
    event = Announcement(start=END - 59 * 60, end=END + 2 * HOUR, times=2)
    made = announced(forecast, known, event)[:, 80]
    assert (np.diff(made) >= 0).all()
    before = forecast.values[:, 80, 0]
    assert made / made[0] == pytest.approx(before / before[0])


def test_of_nothing_known_nothing_is_made() -> None:
    forecast, known = plain(np.zeros(30))
    event = Announcement(start=SOON, end=SOON + HOUR, times=2)
    assert np.isfinite(announced(forecast, known, event)).all()
