"""An event that is over, as a profile keeps it: how high it was, above what, and its shape."""

from typing import NamedTuple

import numpy as np

from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.past import most_of_an_ordinary_day
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.event_shape import captured
from ebbtide_policies.lanes import Lanes

BEFORE = 7
"""Days before an event whose median minute by minute is the usual."""
_DAY = 1440
_HOUR = 60
_COVERED = 0.5
"""Least share of the minutes of an event that has to be known."""


class Profile(NamedTuple):
    """What is kept of an event."""

    peak: float
    """Its highest demand."""
    usual: float
    """The highest demand of an ordinary day between the same hours."""
    shape: tuple[float, ...]
    """Its course in shares of the peak, evenly spaced from start to end."""


def capture(series: DemandSeries, start: float, end: float, usual: float | None = None) -> Profile:
    """Keep an event of a recorded demand, between two moments (epoch seconds).

    Raises:
        InvalidInput: too little of it is known, or nothing of the time before and no `usual`.

    """
    minutes = _between(series, start, end + MINUTE)
    share = np.isfinite(minutes).mean() if minutes.size else 0.0
    if share < _COVERED:
        raise InvalidInput(
            f"only {share:.0%} of the minutes between start and end are known; check the moments, "
            "their time zone and the source"
        )
    try:
        shape = captured(minutes)
    except ValueError as error:
        raise InvalidInput(f"the event can't be captured: {error}") from error
    found = _usual(series, start, minutes.size) if usual is None else usual
    if not found > 0:
        raise InvalidInput(
            "nothing is known of an ordinary day before the event; say with --usual what demand is "
            "at most on one between the same hours"
        )
    return Profile(float(np.nanmax(minutes)), found, tuple(shape.tolist()))


def _usual(series: DemandSeries, start: float, size: int) -> float:
    """The most that an ordinary day brings between the hours of an event; or the hour before it."""
    before = _between(series, start - BEFORE * _DAY * MINUTE, start).reshape(BEFORE, _DAY)
    found = most_of_an_ordinary_day(before[:, :size])
    return most_of_an_ordinary_day(before[-1, -_HOUR:, None]) if np.isnan(found) else found


def _between(series: DemandSeries, start: float, end: float) -> Lanes:
    """The minutes of a span, NaN where nothing was recorded; its end is out."""
    return series.recorded(np.arange(start, end - MINUTE / 2, MINUTE))
