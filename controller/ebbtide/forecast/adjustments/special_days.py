"""Special days: on a holiday, and after it, days of the same kind say more than yesterday does.

A forecaster that knows days only by their number takes the day after for one like the day before.
Where the calendar says that today, yesterday or tomorrow is of a kind of its own, the curve of the
last days of the same kind competes with the forecast: as it stands, by its ratio to the present
level, and by its difference to it. What each would have said in the last hours of the day is
compared with what came, and so are the last value and the days before; the forecast moves as far
as the kind of the day was better, and halfway while the day is too young to tell. Where those days
say more, the higher quantiles move farther, as either may be right: q0.99 holds nearly all of it
when the chances are even.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.past import (
    DAY_SECONDS,
    HOUR_SECONDS,
    NIL,
    Past,
    carried_on,
    plain_ways,
)
from ebbtide.forecast.clock import clock_of, days_before
from ebbtide.forecast.columnwise import between, mean
from ebbtide.forecast.contract import (
    LEVELS,
    MINUTE,
    Context,
    Floats,
    Forecast,
    History,
    Rows,
    SeriesContext,
)

SIMILAR = 4
"""Days of the same kind that a curve is the mean of."""
HOLIDAY = "Holiday"
SUNDAY = 6
AROUND_MINUTES = 15
"""A minute of an earlier day is the mean of those around it."""
LEVEL_MINUTES = 3
"""The present level is the mean of the last minutes."""
COMPARED_HOURS = 3.0
"""What was said in the last hours is compared..."""
EVERY_MINUTES = 10
"""...from moments so far apart..."""
AHEAD_MINUTES = (10, 60)
"""...so many minutes ahead."""
FIRST_ERROR = 0.02
"""Before anything was compared all are thought to have missed by such a share of the demand."""
BETTER = 0.8
"""A forecast is so much better than the best of those that stand for it."""
POWER = 4.0
EXCEEDED = 2 * (1 - np.array(LEVELS))[:, None, None]
"""How often each quantile is exceeded, for each time that the median is: of two that may be right,
the one that says more counts for it as much more."""


def with_special_days(forecast: Forecast, history: History, context: Context) -> Forecast:
    """A forecast in which days of a kind of their own follow those of the same kind."""
    groups: dict[tuple[str, int], list[int]] = {}
    for column, known in enumerate(context.series):
        if known.days:
            groups.setdefault((known.time_zone, id(known.days)), []).append(column)
    values = None
    for columns in groups.values():
        told = _SpecialDays(history, np.array(columns), context.series[columns[0]])
        concerned = told.concerned(forecast.values.shape[1])
        if concerned.any():
            values = forecast.values.copy() if values is None else values
            rows = np.flatnonzero(concerned)
            at = np.ix_(np.arange(len(values)), rows, np.array(columns))
            values[at] = np.maximum(values[at] + told.change(values[at][0], rows + 1), 0.0)
    return forecast if values is None else forecast._replace(values=values)


class _SpecialDays:
    """Some series that go by the same calendar, at the moment of their forecast."""

    def __init__(self, history: History, columns: Rows, known: SeriesContext) -> None:
        self.end, self.grid = history.end, history.grid
        self.past = Past.of(history, columns, clock_of(known.time_zone))
        self.known, self.zone = known, ZoneInfo(known.time_zone)

    def concerned(self, steps: int) -> NDArray[np.bool_]:
        """Which rows ahead are of a day of its own kind, or of the day after one."""
        days = self._days(self.end + self.grid * np.arange(1.0, steps + 1))
        special = [day for day in np.unique(days).tolist() if self._special(day)]
        special = [day for day in special if self._similar(day)]
        return np.isin(days, special)

    def change(self, plain: Floats, ahead: Rows) -> Floats:
        """By how much the quantiles of a plain forecast of some rows ahead have to move.

        (levels, rows, M), where `plain` are its medians, (rows, M).
        """
        targets: Floats = self.end + self.grid * ahead.astype(float)
        said = self._said(np.full(targets.size, self.end), targets)
        weights, trust = self._compared(self._days(targets)[0])
        minutes = ahead.astype(float) * self.grid / MINUTE
        weight = between(weights, AHEAD_MINUTES, minutes).transpose(1, 0, 2)
        expected = (weight * said).sum(axis=0)
        apart = np.where(np.isnan(expected), 0.0, expected - plain)
        follow = between(trust, AHEAD_MINUTES, minutes)
        beyond = (1 - follow) * EXCEEDED
        return apart * np.where(apart > 0, follow / (follow + beyond), follow)

    def _compared(self, day: int) -> tuple[Sequence[Floats], Sequence[Floats]]:
        """The weight of each form, (3, M), and how far they are followed, (M,), at each lead."""
        first = self.end - COMPARED_HOURS * HOUR_SECONDS
        step = max(EVERY_MINUTES * MINUTE, self.grid) // self.grid * self.grid
        weights, trusts = [], []
        for minutes in AHEAD_MINUTES:
            lead = max(self.grid, minutes * MINUTE // self.grid * self.grid)
            targets = np.arange(self.end, max(first, self.past.begin + lead), -step)
            targets = targets[self._days(targets) == day]
            origins = targets - lead
            truth = self.past.at(targets)
            missed = np.nansum(np.abs(self._said(origins, targets) - truth), axis=1)
            plain = np.nansum(np.abs(self._unsaid(origins, targets) - truth), axis=1).min(axis=0)
            doubt = FIRST_ERROR * COMPARED_HOURS * HOUR_SECONDS / step * self._scale + NIL
            weight = ((missed.min(axis=0) + doubt) / (missed + doubt)) ** POWER
            weights.append(weight / weight.sum(axis=0))
            own = (weights[-1] * missed).sum(axis=0)
            trusts.append(1 / (1 + ((own + doubt) / (BETTER * plain + doubt)) ** POWER))
        return weights, trusts

    def _said(self, origins: Floats, targets: Floats) -> Floats:
        """What days of the same kind say of some moments at others, (3, n, M)."""
        level = self._level(origins)
        before, after = self._curve(origins), self._curve(targets)
        return np.stack((after, *carried_on(level, before, after)))

    def _unsaid(self, origins: Floats, targets: Floats) -> Floats:
        """What is said without the calendar, (5, n, M): by the last value, and the days before."""
        level = self._level(origins)
        before, after = (self.past.week_before(each) for each in (origins, targets))
        return plain_ways(level, self._around(before), self._around(after))

    def _curve(self, moments: Floats) -> Floats:
        """The mean of the last days of the same kind at some moments, (n, M); NaN for none."""
        days = self._days(moments)
        found = np.full((moments.size, self.past.columns.size), np.nan)
        for day in np.unique(days).tolist():
            similar = self._similar(day)
            if similar:
                at = np.flatnonzero(days == day)
                ago = day - np.array(similar)
                then = days_before(moments[at], ago, self.past.clock)
                found[at] = mean(self._around(then))
        return found

    def _special(self, day: int) -> bool:
        return day in self.known.days or day - 1 in self.known.days

    def _similar(self, day: int) -> Sequence[int]:
        """The last days of the same kind that are known wholly; Sundays are like holidays."""
        kind, last = self.known.kind(day), min(day, self._today) - 1
        return [one for one in range(last, self._first, -1) if self._alike(kind, one)][:SIMILAR]

    def _alike(self, kind: str, day: int) -> bool:
        other = self.known.kind(day)
        sunday = date.fromordinal(day).weekday() == SUNDAY and other != "Workday"
        return other == kind or (kind == HOLIDAY and sunday)

    @cached_property
    def _today(self) -> int:
        return int(self._days(np.array([self.end]))[0])

    @cached_property
    def _first(self) -> int:
        """The day in which the history begins."""
        return int(self._days(np.array([self.past.begin]))[0])

    @cached_property
    def _scale(self) -> Floats:
        """The mean of the last day, (M,)."""
        day = self.past.minutes[-round(DAY_SECONDS / self.grid) :]
        return np.nan_to_num(mean(day[:, self.past.columns]))

    def _midnight(self, day: int) -> float:
        """The moment at which a local day begins."""
        return datetime.combine(date.fromordinal(day), time(), self.zone).timestamp()

    def _days(self, moments: Floats) -> Rows:
        """The ordinals of the local days of some moments."""
        if not moments.size:
            return np.zeros(0, int)
        first, last = (
            datetime.fromtimestamp(float(at), self.zone).date().toordinal()
            for at in (moments.min(), moments.max())
        )
        begins = np.array([self._midnight(day) for day in range(first + 1, last + 1)])
        return first + np.searchsorted(begins, moments, side="right")

    def _level(self, moments: Floats) -> Floats:
        """The level at some moments, (n, M)."""
        return self.past.level(moments, max(1, round(LEVEL_MINUTES * MINUTE / self.grid)))

    def _around(self, moments: Floats) -> Floats:
        """The mean of the minutes around some moments of earlier days, (..., M).

        Only of the same day: a sale may begin at midnight, with a leap.
        """
        half = int(AROUND_MINUTES * MINUTE / self.grid) // 2
        some = range(-half, half + 1, max(1, half // 2))  # a few of them tell as much
        near, days = [moments + i * self.grid for i in some], self._days(moments)
        same = [(self._days(at) == days)[..., None] for at in near]
        found = [np.where(on, self.past.at(at), np.nan) for at, on in zip(near, same, strict=True)]
        return mean(np.stack(found))
