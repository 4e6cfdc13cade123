"""Rolling-origin evaluation: what a forecaster would have said, and how wrong it would have been.

At each origin a forecaster is handed the history up to there and nothing else; what it foresaw is
compared with what came. Origins are evenly spaced over the last 60 % of a series.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ebbtide.forecast.contract import (
    MINUTE,
    NEVER_CHANGED,
    RECENT_MINUTES,
    Context,
    Floats,
    Forecast,
    Forecaster,
    History,
    Rows,
    SeriesContext,
)
from ebbtide.forecast.evaluation.pinball import PICKED

EVALUATED = 0.6
"""The share of a series, at its end, that origins are spread over."""
STEPS = (1, 3, 10, 30, 60, 120)
"""Minutes ahead that are scored, where the grid divides them."""
HOURLY_STEPS = (60, 120, 240)
WEEK = 7 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Demand on a grid of its own; NaN where it was not recorded."""

    name: str
    start: float
    """Epoch seconds of the first row."""
    grid: float
    """Seconds from row to row."""
    values: Floats
    """One value a row."""
    clock: str = NEVER_CHANGED
    """By which it comes again day by day: `clock_of` a time zone."""

    def moment(self, row: int) -> float:
        """Epoch seconds of a row."""
        return self.start + self.grid * row

    def has_present(self, row: int) -> bool:
        """Whether anything is known of the last hours before a row: else nothing is foreseen."""
        rows = max(1, round(RECENT_MINUTES * MINUTE / self.grid))
        return bool(np.isfinite(self.values[max(0, row + 1 - rows) : row + 1]).any())

    def upto(self, row: int, limit: int) -> History:
        """At most `limit` rows that end with this one; what is later can't be reached by index."""
        known = self.values[max(0, row + 1 - limit) : row + 1, None]
        known.flags.writeable = False
        return History(self.moment(row), known, self.grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is asked of every forecaster about one series."""

    series: Series
    origins: Rows
    """Ascending rows of the last known value."""
    steps: Sequence[int]
    """Minutes ahead, ascending."""
    limit: int
    """Rows of history that a forecaster is handed at most."""

    @property
    def ahead(self) -> Rows:
        """The steps in rows of the grid."""
        return np.array([round(step * MINUTE / self.series.grid) for step in self.steps])

    def truth(self) -> Floats:
        """What came, (origins, steps); NaN where it is not known."""
        rows = self.origins[:, None] + self.ahead
        inside = rows < self.series.values.size
        return np.where(inside, self.series.values[np.where(inside, rows, 0)], np.nan)

    def now(self) -> Floats:
        """The values at the origins."""
        return self.series.values[self.origins]


def steps_of(grid: float) -> tuple[int, ...]:
    """The minutes ahead that are scored on a grid of so many seconds."""
    steps = HOURLY_STEPS if grid >= 60 * MINUTE else STEPS
    return tuple(step for step in steps if step * MINUTE % grid == 0)


def origins(series: Series, count: int, reach: int) -> Rows:
    """Rows of up to `count` origins, from each of which `reach` minutes ahead are in the series.

    They are evenly spaced; one without a known value is left out.
    """
    first = math.ceil((1 - EVALUATED) * series.values.size)
    last = series.values.size - 1 - round(reach * MINUTE / series.grid)
    if last < first:
        return np.zeros(0, int)
    rows: Rows = np.unique(np.linspace(first, last, count).astype(int))
    return rows[~np.isnan(series.values[rows])]


def walk(make: Callable[[], Forecaster], course: Course) -> Iterator[Forecast]:
    """What a forecaster foresees at each origin, walking forward in time.

    One that learns as it goes is begun anew each (UTC) week, with the history up to there: so that
    what it foresees at an origin is the same whichever other origins are asked, and whatever comes
    later in a file. One that says it is `stateless` does not need that.
    """
    series, horizon = course.series, int(course.ahead.max())
    context = Context((SeriesContext(clock=series.clock),))
    forecaster, begun = make(), -1
    stateless = bool(getattr(forecaster, "stateless", False))
    for row in course.origins.tolist():
        week = max(0, int((series.moment(row) // WEEK * WEEK - series.start) // series.grid))
        if not stateless and week != begun:
            forecaster, begun = make(), week
            forecaster.forecast(series.upto(week, course.limit), horizon, context)
        yield forecaster.forecast(series.upto(row, course.limit), horizon, context)


def scored(forecast: Forecast, course: Course) -> Floats:
    """The quantiles of a forecast that are scored, (steps, levels)."""
    return forecast.values[PICKED][:, course.ahead - 1, 0].T
