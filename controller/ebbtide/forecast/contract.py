"""What a forecaster is: a function in form, from the minutes that are known to those to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int_]
"""Places of rows, or numbers of them."""

LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""Quantiles that every forecast holds, from low to high."""

MINUTE = 60.0
"""Seconds in a minute."""

LEAST_HISTORY = 60
"""Known values under which no forecast is trusted."""

RECENT_MINUTES = 180
"""A gap that is longer has no present level."""

DAY = 1440
"""Minutes in a day."""

UNSAID = float("nan")

NEVER_CHANGED = ""
"""The clock of UTC, and of any other time zone that never puts its own forward or back."""


class History(NamedTuple):
    """What is known: one column a series, one row a minute, NaN for a gap.

    The last row is the minute `end` (epoch seconds, a multiple of 60).
    """

    end: float
    minutes: Floats
    grid: float = MINUTE
    """Seconds from row to row; a day is a whole number of rows."""

    @property
    def minute_of_day(self) -> int:
        """The minute of the (UTC) day of the last row."""
        return int(self.end // MINUTE) % DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is expected of one series between two moments (epoch seconds).

    At the peak it is a `level`, or so many `times` the usual. The shape is the course from start to
    end in shares of that peak.
    """

    start: float
    end: float
    times: float = UNSAID
    """A multiple of the usual of the hour; with a shape, of the highest usual of its hours."""
    level: float = UNSAID
    """Demand at the peak."""
    shape: tuple[float, ...] = (1.0,)
    """The course of an earlier event. One number: it is as high from start to end."""
    peak: float = UNSAID
    """With a shape: the demand at the peak of that event, times what is said of this one."""

    def course(self, moments: Floats) -> Floats:
        """The shape at some moments, aligned with the start and the end."""
        place = (moments - self.start) / max(self.end - self.start, 1.0)
        return np.interp(place, np.linspace(0, 1, len(self.shape)), self.shape)

    def during(self, moments: Floats) -> NDArray[np.bool_]:
        """Which moments are of the event."""
        return np.asarray((self.start <= moments) & (moments <= self.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesContext:
    """What is known of one series beside its past. All of it may be empty."""

    events: tuple[Announcement, ...] = ()
    """What was announced: of what is to come, of what goes on, and of the past that is known."""
    time_zone: str = "UTC"
    """Whose days the demand goes by (IANA)."""
    days: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Days of a kind of their own, like `Holiday`, by their (local) ordinal: those of `date`."""
    clock: str = NEVER_CHANGED
    """By which demand comes again day by day: `clock_of` a time zone."""

    def kind_of_day(self, moment: float) -> str:
        """The kind of the day of a moment (epoch seconds): said of it, or `Weekend`, `Workday`."""
        return self.kind(datetime.fromtimestamp(moment, ZoneInfo(self.time_zone)).toordinal())

    def kind(self, day: int) -> str:
        """The same of a local day, by its ordinal."""
        usual = "Weekend" if date.fromordinal(day).weekday() >= _SATURDAY else "Workday"
        return self.days.get(day, usual)


_SATURDAY = 5
NOTHING_KNOWN = SeriesContext()


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the history: of each of its columns, or of none."""

    series: tuple[SeriesContext, ...] = ()
    """In the order of the columns; empty where nothing is known of any."""

    def of(self, column: int) -> SeriesContext:
        """What is known of one column."""
        return self.series[column] if self.series else NOTHING_KNOWN

    def picked(self, columns: Sequence[int] | NDArray[np.int_]) -> "Context":
        """The context of some of the columns, in their order."""
        return Context(tuple(self.series[i] for i in columns)) if self.series else self


NO_CONTEXT = Context()


class Measured(NamedTuple):
    """Errors that a forecaster measured while it learnt: its own, and those of persistence."""

    ahead: Sequence[int]
    """Rows ahead."""
    own: Floats
    """Mean absolute errors in any unit, (ahead, series)."""
    plain: Floats
    """Those of the last known value, in the same unit."""


class Forecast(NamedTuple):
    """Quantiles of the minutes after `origin`, for every series.

    `values[level, step, series]` is the quantile `LEVELS[level]` at `origin + 60 * (step + 1)`.
    `ordinary[minute of day, series]` is what an ordinary day asks for, by those before today; NaN
    where that is not known.
    `trusted[series]` is False where too little is known for a forecast that could be followed.
    """

    origin: float
    values: Floats
    ordinary: Floats
    trusted: NDArray[np.bool_]
    measured: Measured | None = None
    """What the forecaster knows of its own errors: for whoever has not seen it forecast yet."""


class Forecaster(Protocol):
    """Forecasts all series at once. What it keeps can always be rebuilt from the history.

    What was announced of a series has to be heeded; `heed` of `adjustments.announced` does so for
    any forecast.
    """

    name: str

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` minutes, from nothing but history and context."""


@runtime_checkable
class Joinable(Forecaster, Protocol):
    """A forecaster that can go on with what others of its kind have learnt.

    So series that began at different times can be forecast in one call, and nothing is learnt anew.
    """

    def join(self, others: Sequence[Forecaster]) -> None:
        """Know from now on what each of these knows; none of them is asked any more."""
