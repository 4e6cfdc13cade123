"""What is known of some series, looked up by moments rather than by rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.clock import as_it_stands, days_before
from ebbtide.forecast.columnwise import latest, mean, median
from ebbtide.forecast.contract import DAY, MINUTE, NEVER_CHANGED, Floats, History

HOUR_SECONDS = 3600.0
DAY_SECONDS = DAY * MINUTE
WEEK = 7
BRIDGED = 10
"""Minutes of a gap in which the last value stands for the present."""
PRESENT = 3
"""Rows that the present level is the mean of."""
AROUND = 15
"""Minutes that a value of an earlier day is the mean of."""
STEEPEST = 10.0
"""The largest ratio of one hour to another that is believed of an earlier day."""
NIL = 1e-30
WEIGHT = np.uint64(0x9E3779B97F4A7C15)
"""An odd number whose multiples differ in all bits (2^64 over the golden ratio)."""


class Past(NamedTuple):
    """Some series up to now, side by side. Moments are epoch seconds, on the grid.

    What is answered for moments of any shape has one more axis, the last, for the series.
    """

    end: float
    grid: float
    minutes: Floats
    """Rows of these series and of others, (rows, ...)."""
    columns: NDArray[np.int_]
    """Where they stand in them."""
    clock: str = NEVER_CHANGED
    """By which their demand comes again day by day."""

    @classmethod
    def of(cls, history: History, columns: NDArray[np.int_], clock: str = NEVER_CHANGED) -> "Past":
        """Some columns of a history, which go by one clock."""
        return cls(history.end, history.grid, history.minutes, columns, clock)

    def picked(self, columns: NDArray[np.int_]) -> "Past":
        """Some of these series."""
        return self._replace(columns=self.columns[columns])

    @property
    def begin(self) -> float:
        """The moment of the first row."""
        return self.end - (len(self.minutes) - 1) * self.grid

    def at(self, moments: Floats) -> Floats:
        """The values at some moments; NaN where none is known."""
        rows = np.rint((moments - self.begin) / self.grid).astype(int)
        inside = (rows >= 0) & (rows < len(self.minutes))
        found = self.minutes[np.where(inside, rows, 0)[..., None], self.columns]
        found[~inside] = np.nan
        return found

    def level(self, moments: Floats, rows: int = PRESENT) -> Floats:
        """The level at some moments: the mean of the last rows."""
        return self._mean(moments, np.arange(1.0 - rows, 1.0))

    def around(self, moments: Floats) -> Floats:
        """The mean of the minutes around some moments, which have to lie well before now."""
        half = int(AROUND * MINUTE / self.grid) // 2
        return self._mean(moments, np.arange(-half, half + 1.0))

    def _mean(self, moments: Floats, rows: Floats) -> Floats:
        """The mean of some rows beside each moment; NaN where none is known."""
        values = self.at(moments[..., None] + rows * self.grid)
        known = ~np.isnan(values)
        count = np.count_nonzero(known, axis=-2)
        added = np.where(known, values, 0.0).sum(axis=-2)
        return np.where(count > 0, added / np.maximum(count, 1), np.nan)

    def week_before(self, moments: Floats) -> Floats:
        """The moments at which the clock showed the same on the days before, (days, ...)."""
        return days_before(moments, np.arange(1, WEEK + 1), self.clock)

    def before(self, moment: float) -> Floats:
        """The demand of the hour before a moment, or of the last that is known, (N,)."""
        return np.array([self._before(self.minutes[:, column], moment) for column in self.columns])

    def _before(self, values: Floats, moment: float) -> float:
        wanted = max(1, round(HOUR_SECONDS / self.grid))
        begin = end = max(0, int(np.ceil((moment - self.begin) / self.grid)))
        known, looked_at = values[:0], wanted
        while known.size < wanted and begin > 0:  # it is seldom more than an hour ago
            begin, looked_at = max(0, end - looked_at), 8 * looked_at
            earlier = values[begin:end]
            known = earlier[~np.isnan(earlier)]
        return float(np.median(known[-wanted:])) if known.size else 0.0

    def prints(self, moments: Floats) -> list[int]:
        """Numbers, one a series, that differ where what is known at some moments differs.

        They are sums of the values' bits by odd weights, modulo 2^64: no single change is missed.
        """
        bits = self.at(moments).view(np.uint64)
        weights = WEIGHT * (2 * np.arange(len(bits), dtype=np.uint64) + np.uint64(1))
        bits *= weights[:, None]
        prints: list[int] = np.add.reduce(bits, axis=0).tolist()
        return prints

    def without_news(self, origins: Floats, targets: Floats) -> Floats:
        """What a plain forecast would have said at some moments of later ones, about.

        It is the median of what the level of then and the days of the week before say.
        """
        before, after = (self.around(self.week_before(each)) for each in (origins, targets))
        return median(plain_ways(self.level(origins), before, after))


class Usual(NamedTuple):
    """What an ordinary day asks of some series, looked up by moments."""

    ordinary: Floats
    """By the minute of the UTC day, (minutes, N), as the clock stands at the end."""
    end: float
    """Now."""
    clock: str = NEVER_CHANGED
    """By which their demand comes again day by day."""
    columns: NDArray[np.int_] | None = None
    """Where they stand in it: few of its minutes are asked for."""

    def picked(self, columns: NDArray[np.int_]) -> "Usual":
        """That of some of these series."""
        return self._replace(columns=columns if self.columns is None else self.columns[columns])

    def at(self, moments: Floats | float) -> Floats:
        """What it asks for at some moments, (..., N)."""
        same = as_it_stands(np.asarray(moments), self.end, self.clock)
        minutes = (same // MINUTE).astype(int) % DAY
        if self.columns is None:
            return np.asarray(self.ordinary[minutes])
        return np.asarray(self.ordinary[minutes[..., None], self.columns])


def recent(history: History, minutes: int) -> Floats:
    """The mean of the last minutes of each series, (N,); the last value where they are a gap.

    NaN where nothing is known of a few minutes more.
    """
    rows, more = (max(1, round(each * MINUTE / history.grid)) for each in (minutes, BRIDGED))
    found = mean(history.minutes[-rows:])
    gone = np.isnan(found)
    if np.count_nonzero(gone):
        found[gone] = latest(history.minutes[-more:, gone])
    return found


def plain_ways(level: Floats, before: Floats, after: Floats) -> Floats:
    """How a level may go on that is known beside the days before, (days, ...): five ways.

    It stays, or it is carried on by the ratio, or by the difference, that yesterday or the median
    of those days had from the one moment to the other.
    """
    ways = [level]
    for then, later in ((before[0], after[0]), (median(before), median(after))):
        ways += carried_on(level, then, later)
    return np.stack(ways)


def carried_on(level: Floats, then: Floats, later: Floats) -> tuple[Floats, Floats]:
    """A level that goes on by the ratio, and by the difference, of a curve."""
    ratio = np.minimum(later / np.maximum(then, NIL), STEEPEST)
    return level * ratio, np.maximum(level + later - then, 0.0)
