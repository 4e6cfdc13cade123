"""What the past says of surges and of habits, and what forecasts say, for all ticks at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.windows import highest_ahead, highest_behind
from ebbtide_policies.lanes import UNKNOWN, Lanes

Rows = NDArray[np.int64]
_DAY = 1440
_PAIR = 2
_LEAST = 1e-300


def newest_known(minutes: Lanes, last: Rows) -> Rows:
    """The newest known row up to each `last` one; -1 before there is one."""
    at = np.where(np.isfinite(minutes), np.arange(minutes.size), -1)
    newest = np.concatenate(([-1], np.maximum.accumulate(at)))
    found: Rows = newest[np.clip(last + 1, 0, minutes.size)]
    return found


def slopes(values: Lanes) -> Lanes:
    """Rise from row to row by least squares, (rows, ticks) -> (ticks); NaN under two known rows."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    at = np.where(known, np.arange(float(len(values)))[:, np.newaxis], 0.0)
    centred = np.where(known, at - at.sum(axis=0) / np.maximum(count, 1), 0.0)
    spread = np.maximum((centred * centred).sum(axis=0), _LEAST)
    rise = (centred * np.where(known, values, 0.0)).sum(axis=0) / spread
    return np.where(count >= _PAIR, rise, UNKNOWN)


def surges(minutes: Lanes, reach: int, over: int) -> Lanes:
    """Root mean square of the rises within `reach` rows that ended in the last `over` ones."""
    filled = np.where(np.isnan(minutes), -np.inf, minutes)
    highest = highest_behind(filled, reach - 1)[reach:]
    rises = np.maximum(highest - minutes[: highest.size], 0.0)
    known = np.isfinite(rises) & np.isfinite(minutes[reach:])
    squares = np.where(known, rises, 0.0) ** 2
    total, count = np.zeros(squares.size), np.zeros(squares.size)
    for back in range(min(over, squares.size)):
        total[back:] += squares[: squares.size - back]
        count[back:] += known[: squares.size - back]
    found = np.full(minutes.size, UNKNOWN)
    found[reach:] = np.where(count > 0, np.sqrt(total / np.maximum(count, 1)), UNKNOWN)
    return found


def second_highest(minutes: Lanes, row: Rows, days: int, margin: tuple[int, int]) -> Lanes:
    """The highest value of each of the last `days` days around these rows; of those the second.

    `margin`: rows before and after the same time of day. NaN where fewer than two are known.
    """
    before, after = margin
    filled = np.where(np.isnan(minutes), -np.inf, minutes)
    edge = np.full(before + after, -np.inf)
    around = highest_ahead(np.concatenate((edge, filled, edge)), before + after)
    first = second = np.full(row.size, -np.inf)
    for day in range(1, days + 1):
        begin = row - day * _DAY + after  # of a row less `before`, moved on by the edge
        there = (begin >= 0) & (begin < around.size)
        peak = np.where(there, around[np.where(there, begin, 0)], -np.inf)
        first, second = np.maximum(first, peak), np.maximum(second, np.minimum(first, peak))
    return np.where(second > -np.inf, second, UNKNOWN)


def highest_row(values: Lanes, first: Rows, last: Rows) -> Lanes:
    """Highest value of each column in the rows from `first` up to `last`, (ticks, columns)."""
    found = values[first]
    for on in range(1, int((last - first).max(initial=1))):
        found = np.maximum(found, values[np.minimum(first + on, last - 1)])
    return np.asarray(found)


def interpolated(levels: Sequence[float], values: Lanes, quantile: float) -> Lanes:
    """A quantile between the levels, row by row: (rows, levels) -> (rows)."""
    place = float(np.interp(quantile, levels, np.arange(len(levels))))
    low = int(place)
    high = min(low + 1, len(levels) - 1)
    return np.asarray(values[:, low] + (place - low) * (values[:, high] - values[:, low]))
