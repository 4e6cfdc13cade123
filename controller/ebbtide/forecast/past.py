"""What is known of one series, looked up by moments rather than by rows."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.columns import median
from ebbtide.forecast.contract import DAY, Floats, History

MINUTE = 60.0
HOUR_SECONDS = 3600.0
DAY_SECONDS = DAY * MINUTE
WEEK = 7
PRESENT = 3
"""Rows that the present level is the mean of."""
AROUND = 15
"""Minutes that a value of an earlier day is the mean of."""
STEEPEST = 10.0
"""The largest ratio of one hour to another that is believed of an earlier day."""
NIL = 1e-30


class Past(NamedTuple):
    """One series up to now. Moments are epoch seconds, on the grid."""

    end: float
    grid: float
    values: Floats

    @classmethod
    def of(cls, history: History, column: int) -> "Past":
        """One column of a history."""
        return cls(history.end, history.grid, history.minutes[:, column])

    @property
    def begin(self) -> float:
        """The moment of the first row."""
        return self.end - (self.values.size - 1) * self.grid

    def at(self, moments: Floats) -> Floats:
        """The values at some moments; NaN where none is known."""
        rows = np.rint((moments - self.begin) / self.grid).astype(int)
        inside = (rows >= 0) & (rows < self.values.size)
        return np.where(inside, self.values[np.where(inside, rows, 0)], np.nan)

    def level(self, moments: Floats) -> Floats:
        """The level at some moments: the mean of the last rows."""
        return self._mean(moments, np.arange(1.0 - PRESENT, 1.0))

    def around(self, moments: Floats) -> Floats:
        """The mean of the minutes around some moments, which have to lie well before now."""
        half = int(AROUND * MINUTE / self.grid) // 2
        return self._mean(moments, np.arange(-half, half + 1.0))

    def _mean(self, moments: Floats, rows: Floats) -> Floats:
        """The mean of some rows beside each moment; NaN where none is known."""
        values = self.at(moments[..., None] + rows * self.grid)
        known = ~np.isnan(values)
        count = np.count_nonzero(known, axis=-1)
        added = np.where(known, values, 0.0).sum(axis=-1)
        return np.where(count > 0, added / np.maximum(count, 1), np.nan)

    def days_before(self, moments: Floats) -> Floats:
        """The same moments of the last days before, (days, ...), smoothed."""
        return self.around(moments - DAY_SECONDS * _column(np.arange(1.0, WEEK + 1), moments.ndim))

    def before(self, moment: float) -> float:
        """The demand of the hour before a moment, or of the last that is known."""
        wanted = max(1, round(HOUR_SECONDS / self.grid))
        begin = end = max(0, self._row(moment))
        known, looked_at = self.values[:0], wanted
        while known.size < wanted and begin > 0:  # it is seldom more than an hour ago
            begin, looked_at = max(0, end - looked_at), 8 * looked_at
            earlier = self.values[begin:end]
            known = earlier[~np.isnan(earlier)]
        return float(np.median(known[-wanted:])) if known.size else 0.0

    def print(self, begin: float, end: float) -> int:
        """A number that differs where what is known between two moments differs."""
        rows = slice(max(0, self._row(begin)), max(0, self._row(end) + 1))
        return hash((max(begin, self.begin), self.grid, self.values[rows].tobytes()))

    def _row(self, moment: float) -> int:
        return int(np.ceil((moment - self.begin) / self.grid))

    def without_news(self, origins: Floats, targets: Floats) -> Floats:
        """What a plain forecast would have said at some moments of later ones, about.

        It is the median of five ways: the level of then, and that level carried on by the ratio,
        or by the difference, that yesterday or the median of a week had from the one to the other.
        """
        level, before, after = (
            self.level(origins),
            self.days_before(origins),
            self.days_before(targets),
        )
        ways = [level]
        for then, later in ((before[0], after[0]), (median(before), median(after))):
            ways += carried_on(level, then, later)
        return median(np.stack(ways))


def carried_on(level: Floats, then: Floats, later: Floats) -> tuple[Floats, Floats]:
    """A level that goes on by the ratio, and by the difference, of a curve."""
    ratio = np.minimum(later / np.maximum(then, NIL), STEEPEST)
    return level * ratio, np.maximum(level + later - then, 0.0)


def _column(values: Floats, trailing: int) -> Floats:
    return values.reshape(-1, *[1] * trailing)
