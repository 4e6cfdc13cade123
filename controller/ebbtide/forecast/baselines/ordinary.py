"""What an ordinary day asks for, as forecasters tell that look at few days and at nothing else."""

import numpy as np

from ebbtide.forecast.columnwise import median, smoothed
from ebbtide.forecast.contract import DAY, MINUTE, Floats, History

ORDINARY_DAYS = 7


def rows_a_day(grid: float) -> int:
    """Rows in a day on a grid of so many seconds."""
    return round(DAY * MINUTE / grid)


def ordinary(history: History) -> Floats:
    """The median of the last days at each minute of the (UTC) day; NaN where two are not known.

    Nobody knows yet whether today is one: of two days its event would be half of what is usual.
    """
    day, minutes = rows_a_day(history.grid), history.minutes
    if len(minutes) < 2 * day:
        return np.full((DAY, minutes.shape[1]), np.nan)
    today = int(history.end // history.grid) % day + 1
    past = minutes[-ORDINARY_DAYS * day - today : -today]
    days = np.full((-(-len(past) // day) * day, minutes.shape[1]), np.nan)
    days[-len(past) :] = past
    shape = smoothed(median(days.reshape(-1, day, minutes.shape[1])))
    known = ~np.isnan(past).all(axis=0)
    return np.repeat(np.where(known, shape, np.nan), DAY // day, axis=0)
