"""The slump: demand that fell far below the season, and stays there, is foreseen to stay.

After a sudden fall a forecaster that has learnt weeks of days goes on to believe in them for an
hour, as it should where little was lost. But a slump tells soon what it is: from each of its
minutes on, what came is compared with what would have come if demand had stayed at its share of the
usual, and with the season, as which it would have returned. As far as staying was better the
forecast comes down to that share, and its errors shrink in proportion, but not below those that
were made since. The highest quantiles go on to reckon with a return.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.past import NIL, ordinary_at
from ebbtide.forecast.columnwise import between, carried, latest, mean
from ebbtide.forecast.contract import DAY, LEVELS, MINUTE, Floats, Forecast, History

LOW = 0.5
"""Demand below such a share of the season is a slump."""
WINDOW_MINUTES = 180
"""So much of the past tells whether it stays: later on the forecaster itself has learnt it."""
AHEAD_MINUTES = (1, 5, 15)
"""Minutes ahead at which that is compared."""
FIRST_MINUTES = 2.0
"""Before anything was compared, both are thought to have missed all of the usual for so long, and
in a row at least."""
POWER = 4.0
PRESENT_MINUTES = (1, 3, 10)
"""What is there now is the highest of the means of so many minutes."""
BOUND = 2.0
"""The width of a quantile of 0.9, at least, in mean errors."""
RETURNS = np.interp(LEVELS, (0.9, 0.99), (0.0, 1.0))[:, None, None]
"""How far each quantile goes on to reckon with a return."""
WIDTH_AT = LEVELS.index(0.9)
AROUND_MINUTES = 15
"""A minute of an earlier day is the mean of those around it."""
DAYS_BEFORE = range(1, 8)
"""Where it was as low on one of these days, such as a day of rest, it is the season."""


def slumped(forecast: Forecast, history: History) -> Forecast:
    """A forecast in which a slump stays as far as it has stayed so far."""
    recent = history.minutes[-max(PRESENT_MINUTES) :]
    below = latest(recent) < LOW * forecast.ordinary[history.minute_of_day]
    if not np.count_nonzero(below):
        return forecast
    columns = np.flatnonzero(below)
    past = _Past(forecast, history, columns)
    if not past.low[-1].any():
        return forecast
    values = forecast.values.copy()
    values[:, :, columns] = past.moved(values[:, :, columns])
    return forecast._replace(values=values)


class _Past:
    """The last hours of series that are low, row by row."""

    def __init__(self, forecast: Forecast, history: History, columns: NDArray[np.int_]) -> None:
        self.end, self.grid = history.end, history.grid
        self.ordinary = forecast.ordinary[:, columns]
        size = min(len(history.minutes), self.rows(WINDOW_MINUTES))
        self.demand = carried(history.minutes[-size:, columns])
        self.usual = self.usual_at(np.arange(1.0 - size, 1.0))
        before = [self._before(days, history.minutes, columns) for days in DAYS_BEFORE]
        self.season = np.fmin.reduce((self.usual, *before))
        with np.errstate(invalid="ignore"):
            low = (self.demand < LOW * self.season) & (self.usual > 0)
        self.low: NDArray[np.bool_] = low
        self.share = np.where(self.low, self.demand / np.maximum(self.usual, NIL), np.nan)

    def rows(self, minutes: float) -> int:
        """Rows in so many minutes, at least one."""
        return max(1, round(minutes * MINUTE / self.grid))

    def usual_at(self, rows: Floats) -> Floats:
        """The usual so many rows after now, (rows, M)."""
        return ordinary_at(self.ordinary, self.end + rows * self.grid)

    def _before(self, days: int, minutes: Floats, columns: NDArray[np.int_]) -> Floats:
        """The same rows so many days ago, each with those around it; NaN where they are unknown."""
        size, half = len(self.demand), self.rows(AROUND_MINUTES) // 2
        last = len(minutes) - self.rows(days * DAY)
        if last - size - half < 0:
            return np.full(self.demand.shape, np.nan)
        around = minutes[last - size - half : last + half, columns]
        known = ~np.isnan(around)
        added, count = (
            _moving(each, 2 * half + 1) for each in (np.where(known, around, 0.0), known)
        )
        return np.where(count > 0, added / np.maximum(count, 1), np.nan)

    @cached_property
    def present(self) -> Floats:
        """The share of the usual that is there now, (M,)."""
        means = [mean(self.share[-self.rows(minutes) :]) for minutes in PRESENT_MINUTES]
        return np.asarray(np.nan_to_num(np.maximum.reduce(means), nan=1.0))

    def moved(self, values: Floats) -> Floats:
        """The quantiles, (levels, steps, M), with the slump in them."""
        ahead = np.arange(1.0, values.shape[1] + 1)
        stays, trust, missed = self.usual_at(ahead) * self.present, *self._compared(ahead)
        trust = np.where(self.low[-1] & ~np.isnan(stays), trust, 0.0)
        median = values[0] - trust * np.maximum(values[0] - np.nan_to_num(stays), 0.0)
        widths = values - values[0]
        least = self.present * widths
        least = np.maximum(least, widths * (missed / np.maximum(widths[WIDTH_AT], NIL)))
        found = median + widths - trust * np.maximum(widths - least, 0.0)
        return np.asarray(RETURNS * values + (1 - RETURNS) * found)

    def _compared(self, ahead: Floats) -> tuple[Floats, Floats]:
        """How far staying is believed, and the width that it asks for, (steps, M)."""
        each = [self._missed(self.rows(minutes)) for minutes in AHEAD_MINUTES]
        trust, missed = (
            between(parts, AHEAD_MINUTES, ahead * self.grid / MINUTE)
            for parts in zip(*each, strict=True)
        )
        return trust, BOUND * missed

    def _missed(self, ahead: int) -> tuple[Floats, Floats]:
        """The same for one lead, and the mean error of what stays, (M,)."""
        origins, truth = self.low[:-ahead], self.demand[ahead:]
        stays = self.usual[ahead:] * np.nan_to_num(self.share[:-ahead])
        errors = [
            np.where(origins, np.abs(said - truth), 0.0).sum(axis=0)
            for said in (stays, self.season[ahead:])
        ]
        first = self.usual[-1] * max(1.0, FIRST_MINUTES * MINUTE / self.grid)
        ratio = (errors[0] + first) / np.maximum(errors[1] + first, NIL)
        count = np.maximum(np.count_nonzero(origins, axis=0), 1)
        return np.maximum(1.0 - ratio**POWER, 0.0), np.asarray(errors[0] / count)


def _moving(values: NDArray[Any], rows: int) -> Floats:
    """Sums of so many rows, from each on that has as many."""
    sums = np.cumsum(np.concatenate((np.zeros((1, values.shape[1])), values)), axis=0)
    return np.asarray(sums[rows:] - sums[:-rows])
