"""Each part of `Tide` is what foresees some kind of demand: without it, it is foreseen worse."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from ebbtide.forecast.contract import DAY, Floats
from ebbtide.forecast.tide.forecaster import Tide
from tests.forecast.tide.made_up import (
    GRID,
    ROWS,
    SERIES,
    demand,
    drawn,
    kinds,
    noise,
    returning,
    season,
    upto,
    walk,
)

MORNING = 600
"""Minutes for which has been what was on no other day."""
MINUTES: Floats = np.arange(DAY, dtype=float)


class Part(NamedTuple):
    """A kind of demand, and what a part of `Tide` is good for there."""

    make: Callable[[], Floats]
    minutes: int
    """How far ahead the part tells most."""
    loss: float
    """The mean error of the median there, in that of the last value."""
    without: float
    """The same without the part. The line that a test draws is midway."""
    grid: int = GRID
    rows: int = 2 * ROWS
    every: int = 1
    horizon: int = 0
    """How far ahead is forecast, in minutes, if farther."""


def by_the_minute(make: Callable[[], Floats], *rest: float, horizon: int = 0) -> Part:
    """The same, where each minute counts: of a morning every eighth is looked at."""
    minutes, loss, without = rest
    morning = {"grid": 1, "rows": MORNING, "every": 8}
    return Part(make, int(minutes), loss, without, **morning, horizon=horizon)


def swinging() -> Floats:
    """The next value follows from the last two."""
    values = noise(8 * ROWS, 1)
    for row in range(2, len(values)):
        values[row] += 1.6 * values[row - 1] - 0.9 * values[row - 2]
    return 100 + values


def echoing() -> Floats:
    """Nine tenths of a change that no one foresees come once more, in the next row."""
    new = noise(8 * ROWS + 1, 0.01)
    return np.asarray(100 * np.exp(np.cumsum(new[1:] + 0.9 * new[:-1], axis=0)))


def alternating() -> Floats:
    """What was too much is too little in the next row, by four fifths."""
    values = noise(8 * ROWS, 1)
    for row in range(1, len(values)):
        values[row] -= 0.8 * values[row - 1]
    return 100 + values


def staying() -> Floats:
    """It jumps once an hour or so and stays there; what wobbles in between goes back at once."""
    rng, levels = drawn(3), np.zeros((4 * DAY, SERIES))
    for level in levels.T:
        row = 0
        while row < len(level):
            lasting = int(rng.exponential(60)) + 5
            level[row : row + lasting] = rng.choice([0, 0.5, -0.5])
            row += lasting
    return demand(levels, 0.05)


def measured_seldom() -> Floats:
    """It climbs and falls for hours; one minute in four it is told as it was a minute ago."""
    values = this_morning(0.3 * np.abs(MINUTES % 360 / 180 - 1), 0.0003)
    measured = drawn(2).random(values.shape) > 0.25
    measured[0] = True
    rows = np.where(measured, np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)


def wandering() -> Floats:
    """The next value is the last one, and what no one foresees."""
    return np.asarray(100 * np.exp(np.cumsum(noise(3 * DAY, 0.002), axis=0)))


def fooling() -> Floats:
    """The level of half a day says nothing of the next."""
    return demand(np.repeat(noise(12, 0.5, seed=2), DAY // 5 // 2, axis=0), 0.003)


def this_morning(course: Floats, wobble: float) -> Floats:
    """Days that are all the same, the last of which has taken a course of its own."""
    values = np.zeros((4 * DAY + MORNING + 120, SERIES))
    values += 0.4 * np.cos(2 * np.pi * np.arange(len(values))[:, None] / DAY)
    values[4 * DAY :] += course[: MORNING + 120, None]
    return demand(values, wobble)


def sawing(period: int, size: float, wobble: float) -> Floats:
    """It climbs and falls back, again and again."""
    return this_morning(size * (MINUTES % period / period), wobble)


def growing() -> Floats:
    """It multiplies."""
    return this_morning(0.004 * MINUTES, 0.02)


def risen() -> Floats:
    """It comes back to the curve of all days, but for this morning, when it rises and stays."""
    rise = np.clip((MINUTES - 480) / 20, 0, 1)
    came = this_morning(rise, 0.005)
    return came * np.exp(returning(len(came), 0.01))


def with_a_season(first: int, last: int) -> Floats:
    """Twelve days, of which some have a season and the others are level."""
    shape = np.log(season(12))
    shape[: first * ROWS] = shape[last * ROWS :] = 0
    return demand(shape + np.zeros(SERIES), 0.1)


def on_levels() -> Floats:
    """Days of one shape, each on a level of its own."""
    return demand(np.log(season(12)) + np.repeat(noise(12, 0.5, seed=2), ROWS, axis=0), 0.02)


def of_weekdays() -> Floats:
    """Each weekday has a shape of its own, and each day something that no other has."""
    return demand(np.tile(kinds(7), (4, 1, 1))[:24] + kinds(24, 0.3, seed=2), 0.03)


def with_odd_days() -> Floats:
    """One day in three is like no other."""
    days = np.tile(kinds(1), (14, 1, 1))
    days[5::3] = kinds(3, seed=2)
    return demand(days, 0.05)


def of_a_new_kind() -> Floats:
    """Days are of another kind since the day before yesterday."""
    days = np.tile(kinds(1, seed=3), (12, 1, 1))
    days[9:] = kinds(1, seed=4)
    return demand(days, 0.05)


def peaking() -> Floats:
    """Every noon it is four times as high, for an hour."""
    at = np.arange(10 * ROWS) % ROWS
    peaks = np.where((at >= 70) & (at < 76), np.log(4), 0)
    return demand(peaks[:, None] + np.zeros(SERIES), 0.02)


def out_of_step(step: int, minutes: float, wobble: float) -> Floats:
    """Twelve days of the same bends, `step` minutes apart, and each some minutes late or early."""
    rng, bends, hours = drawn(6), noise(DAY // step + 1, 0.5), 60 * np.arange(DAY // 60 + 1)
    days = np.zeros((12, DAY, SERIES))
    for day in days:
        for i in range(SERIES):
            late = np.cumsum(rng.normal(0, minutes / 3, hours.size))
            at = MINUTES + np.interp(MINUTES, hours, late)
            day[:, i] = np.interp(at.clip(0, DAY - 1), step * np.arange(len(bends)), bends[:, i])
    return demand(days, wobble)


def of_three_kinds() -> Floats:
    """Days are of three kinds, and no calendar says of which."""
    return demand(kinds(3)[drawn(3).integers(0, 3, 24)], 0.05)


PARTS = {
    "regressions, where a value follows from the last two": Part(swinging, 10, 0.53, 0.94),
    "a regression of four hours, where demand saws as on no other day": by_the_minute(
        lambda: sawing(60, 1.0, 0.02), 10, 0.82, 0.99
    ),
    "the correction, where what was missed comes once more": Part(echoing, 10, 0.88, 0.95),
    "the correction, where regressions say too little": Part(alternating, 10, 0.34, 0.47),
    "the correction, where small jumps go back and large ones stay": by_the_minute(
        staying, 3, 0.863, 0.888
    ),
    "the correction, where a value that stands still catches up": by_the_minute(
        measured_seldom, 3, 0.386, 0.428
    ),
    "the mixes for less and for more ahead, where a day is out of step": by_the_minute(
        lambda: out_of_step(20, 6, 0.02), 30, 0.191, 0.196, horizon=120
    ),
    "weights of what is less ahead, where errors overlap": by_the_minute(
        lambda: out_of_step(60, 15, 0.02), 60, 0.199, 0.208, horizon=120
    ),
    "the drift, where it climbs for hours": by_the_minute(
        lambda: sawing(180, 0.5, 0.002), 10, 0.98, 1.07
    ),
    "slopes, where it multiplies": by_the_minute(growing, 30, 0.73, 0.99),
    "averages, where there is no season any more": Part(
        lambda: with_a_season(0, 10), 10, 0.85, 0.96
    ),
    "the best expert, where days are on levels of their own": Part(on_levels, 120, 0.34, 0.42),
    "a mix that changes over, where a season has begun": Part(
        lambda: with_a_season(8, 12), 240, 0.22, 0.36
    ),
    "what was of late, after a rise like none before": Part(
        risen, 60, 1.45, 3.28, grid=1, rows=150, every=4
    ),
    "the last value, where who looks back is fooled": Part(
        fooling, 30, 1.03, 1.11, grid=5, rows=DAY // 5
    ),
    "the median of a week, where a day may be odd": Part(with_odd_days, 240, 0.13, 0.20),
    "yesterday, where days are of a new kind": Part(of_a_new_kind, 240, 0.40, 0.68),
    "weekdays, where each has its own shape": Part(of_weekdays, 240, 0.50, 0.62),
    "curves, where a peak lies between what is learnt": Part(peaking, 180, 0.18, 0.93),
    "days that are alike, where no calendar tells them": Part(of_three_kinds, 120, 0.33, 0.65),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_each_part_foresees_what_would_be_foreseen_worse_without_it(part: Part) -> None:
    ahead = part.minutes, max(part.minutes, part.horizon)
    walked = walk(part.make(), *ahead, rows=part.rows, grid=part.grid, every=part.every)
    assert walked.losses()[0] < math.sqrt(part.loss * part.without)


def test_a_random_walk_is_foreseen_nearly_as_well_as_by_its_last_value() -> None:
    walked = walk(wandering(), 3, 10, 30, 60, rows=DAY, grid=1, every=8)
    assert (walked.losses() < 1.008).all()


@pytest.mark.parametrize(
    ("make", "grid", "rows"), [(of_three_kinds, GRID, ROWS), (staying, 1, 700)]
)
def test_what_is_learnt_at_once_is_learnt_without_looking_ahead(
    make: Callable[[], Floats], grid: int, rows: int
) -> None:
    values, by_row, at_once = make(), Tide(), Tide()
    for model in (by_row, at_once):
        model.forecast(upto(values[:-rows], grid), 240 // grid)
    for row in range(1 - rows, 0):
        by_row.forecast(upto(values[:row], grid), 240 // grid)
    one, same = (model.forecast(upto(values, grid), 240 // grid) for model in (by_row, at_once))
    assert one.values == pytest.approx(same.values, rel=1e-3)
