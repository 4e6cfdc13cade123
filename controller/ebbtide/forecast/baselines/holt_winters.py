"""Additive Holt-Winters with the season of a day, its parameters chosen for each series.

In the form of error correction, with  e = y[t] - level - trend - season[t - day]:

    level <- level + trend + alpha * e
    trend <- trend + alpha * beta * e
    season[t] = season[t - day] + gamma * (1 - alpha) * e

(Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing", 2008, model ETS(AAA).)
Within a part of a day the seasons are those of the day before, so that levels and trends are
linear in the demand: a part is one multiplication by a triangular matrix, not a loop over minutes.
The parameters are those of a small grid that served best one step ahead over the last week.
"""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.baselines.baseline import Baseline, Past, Rule
from ebbtide.forecast.baselines.naive import persist
from ebbtide.forecast.contract import Floats, Rows

GRID = tuple(product((0.05, 0.2, 0.5, 0.9), (0.0, 0.01), (0.1, 0.4)))
"""Alpha, beta and gamma that are tried."""
PART = 60
"""Rows of a part of a day, at most."""
JUDGED_DAYS = 7
TOGETHER = 8
"""Series whose parameters are sought at once; more of them would only cost memory."""


def holt_winters() -> Baseline:
    """Additive Holt-Winters."""
    return Baseline("HoltWinters", _fit)


@dataclass(frozen=True, slots=True)
class _Smoothed:
    """Level, trend and season as they were known at each row, (rows, series)."""

    level: Floats
    trend: Floats
    season: Floats
    day: int

    @property
    def since(self) -> int:
        """A day is needed for the first season."""
        return self.day

    def foresee(self, origins: Rows, ahead: Rows) -> Floats:
        season = self.season[origins + ahead - self.day * -(-ahead // self.day)]
        line = self.level[origins] + ahead[:, None] * self.trend[origins]
        return np.asarray(line + season)


class _Lanes(NamedTuple):
    """Parameters that are tried side by side, (lanes, 1, 1) each."""

    alpha: Floats
    beta: Floats
    gamma: Floats


class _Course(NamedTuple):
    """What came out of each lane, (lanes, rows, series)."""

    level: Floats
    trend: Floats
    season: Floats
    error: Floats
    """One step ahead; nothing in the first day."""


def _fit(past: Past) -> Rule:
    """Try all parameters on all series, then follow the best of each."""
    if len(past.known) <= past.day:
        return persist(past)
    known = np.nan_to_num(past.known)
    parts = range(0, known.shape[1], TOGETHER)
    best = np.concatenate([_best(known[:, at : at + TOGETHER], past.day) for at in parts])
    followed = _smooth(known.T[:, :, None], past.day, _lanes(best))
    level, trend, season = (part[:, :, 0].T for part in followed[:3])
    return _Smoothed(level, trend, season, past.day)


def _best(known: Floats, day: int) -> Floats:
    """The parameters that served each series best, (series, 3)."""
    grid = np.array(GRID)
    tried = _smooth(known[None], day, _lanes(grid))
    loss = np.square(tried.error[:, -JUDGED_DAYS * day :]).sum(axis=1)
    return np.asarray(grid[loss.argmin(axis=0)])


def _lanes(grid: Floats) -> _Lanes:
    return _Lanes(*(column[:, None, None] for column in grid.T))


def _smooth(demand: Floats, day: int, lanes: _Lanes) -> _Course:
    """Follow a demand (lanes or 1, rows, series) part by part."""
    size = max(part for part in range(1, PART + 1) if day % part == 0)
    shape = (len(lanes.alpha), *demand.shape[1:])
    course = _Course(*(np.zeros(shape) for _ in range(4)))
    mean = demand[:, :day].mean(axis=1, keepdims=True)
    course.level[:, :day] = mean
    course.season[:, :day] = demand[:, :day] - mean
    through, gain = _through(lanes, size), lanes.gamma * (1 - lanes.alpha)
    for start in range(day, shape[1], size):
        rows = slice(start, min(start + size, shape[1]))
        count = rows.stop - start
        if count < size:
            through = _through(lanes, count)
        season = course.season[:, start - day : rows.stop - day]
        free = demand[:, rows] - season
        before = course.level[:, start - 1 : start], course.trend[:, start - 1 : start]
        after = through @ np.concatenate((free, *before), axis=1)
        course.level[:, rows], course.trend[:, rows] = after[:, :count], after[:, count:]
        earlier = slice(start - 1, rows.stop - 1)
        course.error[:, rows] = free - course.level[:, earlier] - course.trend[:, earlier]
        course.season[:, rows] = season + gain * course.error[:, rows]
    return course


def _through(lanes: _Lanes, count: int) -> Floats:
    """The matrices that lead through so many rows, (lanes, 2 * rows, rows + 2).

    They take the deseasonalised demand of the rows, and the level and trend before them, to the
    levels of all rows, followed by the trends of all rows.
    """
    alpha, rise = lanes.alpha[:, 0, 0], (lanes.alpha * lanes.beta)[:, 0, 0]
    step = np.stack((np.stack((1 - alpha, 1 - alpha), 1), np.stack((-rise, 1 - rise), 1)), axis=1)
    powers = [np.broadcast_to(np.eye(2), step.shape)]
    for _ in range(count):
        powers.append(powers[-1] @ step)
    effect = np.stack(powers[:-1], axis=1) @ np.stack((alpha, rise), axis=1)[:, None, :, None]
    effect = effect[..., 0]
    lag = np.arange(count)[:, None] - np.arange(count)
    of_rows = np.where(lag >= 0, effect[:, np.maximum(lag, 0)].transpose(0, 3, 1, 2), 0.0)
    of_start = np.stack(powers[1:], axis=1).transpose(0, 2, 1, 3)
    both = np.concatenate((of_rows, of_start), axis=3)
    return both.reshape(len(alpha), 2 * count, count + 2)
