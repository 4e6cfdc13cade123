"""What a forecaster is: a function in form, from the minutes that are known to those to come."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
"""Quantiles that every forecast holds, from low to high."""

DAY = 1440
"""Minutes in a day."""


class History(NamedTuple):
    """What is known: one column a series, one row a minute, NaN for a gap.

    The last row is the minute `end` (epoch seconds, a multiple of 60).
    """

    end: float
    minutes: Floats
    grid: float = 60.0
    """Seconds from row to row; a day is a whole number of rows."""

    @property
    def minute_of_day(self) -> int:
        """The minute of the (UTC) day of the last row."""
        return int(self.end // 60) % DAY


class Forecast(NamedTuple):
    """Quantiles of the minutes after `origin`, for every series.

    `values[level, step, series]` is the quantile `LEVELS[level]` at `origin + 60 * (step + 1)`.
    `ordinary[minute of day, series]` is what an ordinary day asks for, NaN where that is not known.
    `trusted[series]` is False where the forecast must not be followed.
    """

    origin: float
    values: Floats
    ordinary: Floats
    trusted: NDArray[np.bool_]


class Forecaster(Protocol):
    """Forecasts all series at once. What it keeps can always be rebuilt from the history."""

    name: str

    def forecast(self, history: History, horizon: int) -> Forecast:
        """Quantiles for the next `horizon` minutes, from nothing but the history."""
