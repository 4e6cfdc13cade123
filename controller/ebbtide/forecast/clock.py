"""The clock that days go by: where it is put forward or back, an hour is missing or comes twice.

Rows are counted in UTC. What is remembered of a time of day stands where a row would be that is
counted by the clock: so the evening after a change is taken for one like those before it.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from ebbtide.forecast.contract import DAY, MINUTE, NEVER_CHANGED, Floats, Rows

STEP_MINUTES = 30
"""Clocks are changed by multiples of it, and at such moments."""
SEASONS = [datetime(year, month, 1, tzinfo=UTC) for year in range(2000, 2038) for month in (1, 7)]
"""When a clock is looked at, to see whether it is ever changed."""


@lru_cache
def clock_of(zone: str) -> str:
    """The clock of a time zone (IANA), for those series that go by it."""
    offsets = {_offset(season, ZoneInfo(zone)) for season in SEASONS}
    return zone if len(offsets) > 1 else NEVER_CHANGED


def by_clock(numbers: Rows, grid: int, clock: str) -> Rows:
    """Rows of a grid of so many minutes, numbered in UTC, by the clock."""
    if clock == NEVER_CHANGED or not numbers.size:
        return numbers
    steps = numbers * grid // STEP_MINUTES
    first = int(steps.min())
    put = np.array([_put_forward(clock, step) for step in range(first, int(steps.max()) + 1)])
    return np.asarray(numbers + put[steps - first] // grid)


def days_before(moments: Floats, days: Rows, clock: str) -> Floats:
    """The moments at which the clock showed the same so many days before each, (days, ...)."""
    before = moments - DAY * MINUTE * days.reshape(-1, *[1] * moments.ndim)
    return np.asarray(before + _ahead(moments, clock) - _ahead(before, clock))


def as_it_stands(moments: Floats, now: float, clock: str) -> Floats:
    """Moments at which a clock that was never changed since or until `now` would show the same."""
    return np.asarray(moments + _ahead(moments, clock) - _ahead(np.asarray(now), clock))


def _ahead(moments: Floats, clock: str) -> Floats:
    """Seconds by which a clock differs from that of UTC at some moments."""
    if clock == NEVER_CHANGED:
        return np.zeros(())
    minutes = (moments // MINUTE).astype(int)
    return MINUTE * np.asarray(by_clock(minutes, 1, clock) - minutes, float)


@lru_cache(maxsize=8192)
def _put_forward(clock: str, step: int) -> int:
    """Minutes by which a clock is ahead of how it stood in the first of the seasons."""
    here, zone = datetime.fromtimestamp(step * STEP_MINUTES * MINUTE, UTC), ZoneInfo(clock)
    ahead = _offset(here, zone) - _offset(SEASONS[0], zone)
    return round(ahead / MINUTE / STEP_MINUTES) * STEP_MINUTES


def _offset(moment: datetime, zone: ZoneInfo) -> float:
    """Seconds by which a time zone is ahead of UTC at some moment."""
    offset = moment.astimezone(zone).utcoffset()
    return offset.total_seconds() if offset else 0.0
