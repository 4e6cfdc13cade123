"""Demand that is far off the season: what tells whether it stays there, or returns.

From each of its minutes on, what came is compared with what would have come if demand had stayed at
its share of the usual, and with the season, as which it would have returned.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.past import NIL, Usual, recent
from ebbtide.forecast.clock import days_before
from ebbtide.forecast.columnwise import between, carried, degree, mean
from ebbtide.forecast.contract import MINUTE, Floats, History

WINDOW_MINUTES = 180
"""So much of the past tells whether it stays: later on the forecaster itself has learnt it."""
AHEAD_MINUTES = (1, 5, 15)
"""Minutes ahead at which that is compared."""
FIRST_MINUTES = 2.0
"""Before anything was compared, both are thought to have missed all that demand is off by for so
long, and in a row at least."""
POWER = 4.0
PRESENT_MINUTES = (1, 3, 10)
"""What is there now is told by the means of so many minutes."""
AROUND_MINUTES = 15
"""A minute of an earlier day is the mean of those around it."""
DAYS_BEFORE = range(1, 8)
"""Where it was as far off on one of these days, such as a day of rest, it is the season."""
SPREADS, MOST = 2.0, 0.5
"""What is as far off the season as so many times what these days differ, or by such a share of it,
is off: where each day is like the other, it is told by less."""
DOUBTED = (0.05, 0.1)
"""What is off by such a share more than it has to be, and by what these days differ, is off beyond
doubt: in between it is believed in part, so that no single minute decides."""


class Side(NamedTuple):
    """On which side of the season demand is far off, and how far that is."""

    high: bool
    least: float
    """The share of the season that it is off by at least."""

    def of(self, demand: Floats, season: Floats | float, off: Floats | float) -> NDArray[np.bool_]:
        """Where demand is off by such a share; nowhere where it or the season is unknown."""
        if self.high:
            return np.asarray(demand > (1 + off) * season)
        return np.asarray(demand < (1 - off) * season)

    def beyond(self, demand: Floats, season: Floats | float, off: Floats, doubt: Floats) -> Floats:
        """How far demand is off by more than that share: none, or all where by `doubt` more."""
        share = demand / np.maximum(season, NIL)
        return degree(share - 1.0 if self.high else 1.0 - share, off, off + doubt)

    def outermost(self, values: Sequence[Floats] | Floats) -> Floats:
        """Of several values the one that lies farthest on this side, of what is known."""
        return np.asarray((np.fmax if self.high else np.fmin).reduce(values))

    def mildest(self, shares: Sequence[Floats]) -> Floats:
        """Of several shares of the usual the one that is closest to all of it."""
        return np.asarray((np.fmin if self.high else np.fmax).reduce(shares))


class OffSeason:
    """The last minutes of some series, row by row."""

    def __init__(
        self,
        usual: Usual,
        history: History,
        columns: NDArray[np.int_],
        side: Side,
        minutes: int = WINDOW_MINUTES,
    ) -> None:
        self._side, self._usual = side, usual.picked(columns)
        self.end, self.grid, self.columns = history.end, history.grid, columns
        size = min(len(history.minutes), self.rows(minutes))
        self.demand = carried(history.minutes[-size:, columns])
        self.usual = self.usual_at(np.arange(1.0 - size, 1.0))
        seasons = np.concatenate((self.usual[None], self._days_before(history.minutes)))
        self.season = side.outermost(seasons)
        some = np.maximum(self.usual, NIL)
        differ = (np.fmax.reduce(seasons) - np.fmin.reduce(seasons)) / some
        self.least = np.clip(SPREADS * differ, side.least, MOST)
        """The share of the season that tells what is off it from what is not, (rows, M)."""
        self.doubt = np.clip(differ[-1], *DOUBTED)
        """By so much more it is off beyond doubt, (M,)."""
        off = side.of(self.demand, self.season, self.least)
        self.off: NDArray[np.bool_] = off & (self.usual > 0)
        share = self.demand / some
        self.share = np.where(self.off, share, np.nan)
        last = slice(-self.rows(max(PRESENT_MINUTES)), None)
        since = np.logical_or.accumulate(self.off[last], axis=0)
        self._recent = np.where(since, share[last], np.nan)
        """The shares of the last minutes, since it was off first."""

    def rows(self, minutes: float) -> int:
        """Rows in so many minutes, at least one."""
        return max(1, round(minutes * MINUTE / self.grid))

    def usual_at(self, rows: Floats) -> Floats:
        """The usual so many rows after now, (rows, M)."""
        return self._usual.at(self.end + rows * self.grid)

    def _days_before(self, minutes: Floats) -> Floats:
        """The same rows by the clock on the days before that are known, each with those around it.

        (days, rows, M), NaN where they are a gap.
        """
        now, size = np.asarray(self.end), len(self.demand)
        then = days_before(now, np.array(DAYS_BEFORE), self._usual.clock)
        last, half = len(minutes) - (now - then) / self.grid, self.rows(AROUND_MINUTES) // 2
        ends = np.rint(last).astype(int) + half
        begins = ends - size - 2 * half
        days = [
            minutes[begin:end].take(self.columns, axis=1)
            for begin, end in zip(begins, ends, strict=True)
            if begin >= 0
        ]
        if not days:
            return np.empty((0, *self.demand.shape))
        return _means_around(np.stack(days), 2 * half + 1)

    @cached_property
    def present(self) -> Floats:
        """The share of the usual that is there now, (M,)."""
        means = [mean(self._recent[-self.rows(minutes) :]) for minutes in PRESENT_MINUTES]
        return np.asarray(np.nan_to_num(self._side.mildest(means), nan=1.0))

    @cached_property
    def steady(self) -> Floats:
        """The share of the usual that was there in the last minutes, (M,)."""
        return np.nan_to_num(mean(self._recent), nan=1.0)

    @cached_property
    def far(self) -> Floats:
        """How far it is off the season now, between not and beyond doubt, (M,)."""
        demand = self.steady * self.usual[-1]
        return self._side.beyond(demand, self.season[-1], self.least[-1], self.doubt)

    def stays(self, ahead: Floats) -> Floats:
        """Demand so many rows ahead if it stays at that share, (steps, M); NaN where unknown."""
        return np.asarray(self.usual_at(ahead) * self.present)

    def compared(self, ahead: Floats) -> tuple[Floats, Floats]:
        """How far staying is believed, and how much it missed, so many rows ahead, (steps, M)."""
        each = [self._missed(self.rows(minutes)) for minutes in AHEAD_MINUTES]
        trust, missed = (
            between(parts, AHEAD_MINUTES, ahead * self.grid / MINUTE)
            for parts in zip(*each, strict=True)
        )
        return trust, missed

    def _missed(self, ahead: int) -> tuple[Floats, Floats]:
        """The same for one lead, and the mean error of what stays, (M,)."""
        origins, truth = self.off[:-ahead], self.demand[ahead:]
        stays = self.usual[ahead:] * np.nan_to_num(self.share[:-ahead])
        errors = [
            np.where(origins, np.abs(said - truth), 0.0).sum(axis=0)
            for said in (stays, self.season[ahead:])
        ]
        first = self.usual[-1] * np.abs(1.0 - self.present)
        first = first * max(1.0, FIRST_MINUTES * MINUTE / self.grid)
        ratio = (errors[0] + first) / np.maximum(errors[1] + first, NIL)
        count = np.maximum(np.count_nonzero(origins, axis=0), 1)
        return np.maximum(1.0 - ratio**POWER, 0.0), np.asarray(errors[0] / count)


def off_season(usual: Usual, history: History, side: Side) -> OffSeason | None:
    """The last hours of all series that are off the season now; None if none is.

    Most that are off the usual are no more off the season than demand always is: that is seen in
    few minutes of each day.
    """
    now = of_late(usual, history, side)
    columns = now.columns[now.far > 0] if now else np.array((), int)
    return OffSeason(usual, history, columns, side) if columns.size else None


def of_late(usual: Usual, history: History, side: Side) -> OffSeason | None:
    """The last minutes of all series that are off the usual now; None if none is."""
    means = [recent(history, minutes) for minutes in PRESENT_MINUTES[1:]]
    off = side.of(side.outermost(means), usual.at(history.end), side.least)
    if not np.count_nonzero(off):
        return None
    return OffSeason(usual, history, np.flatnonzero(off), side, max(PRESENT_MINUTES))


def _means_around(values: Floats, rows: int) -> Floats:
    """Means of what is known of so many rows, (days, T, M), from each on that has as many."""
    unknown = np.isnan(values)
    if not np.count_nonzero(unknown):
        return _moving(values, rows) / rows
    count = _moving(~unknown, rows)
    added = _moving(np.where(unknown, 0.0, values), rows)
    return np.where(count > 0, added / np.maximum(count, 1), np.nan)


def _moving(values: NDArray[Any], rows: int) -> Floats:
    """Sums of so many rows, (days, T, M), from each on that has as many."""
    sums = np.cumsum(values, axis=1, dtype=float)
    sums[:, rows:] -= sums[:, :-rows].copy()
    return sums[:, rows - 1 :]
