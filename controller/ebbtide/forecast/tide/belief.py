"""What is believed of a value beyond all that was seen before: as much as the next one confirms.

A single sample may be a hundredfold of all demand because a counter was read twice or a scrape went
wrong. If it were learnt as it stands, its errors would widen all that is foreseen for hours, and it
would come again at the same minute of the next day. What is real stays for a second row.
"""

import numpy as np

from ebbtide.forecast.tide.arrays import F32, NOUGHT, number

LEAP = number(3)
"""A first row is believed up to so many times the highest value before it."""


class Belief:
    """How far the next rows of some series are believed."""

    def __init__(self, series: int) -> None:
        self.last = np.full(series, np.nan, np.float32)
        """The last row as it came, believed or not."""

    def of(self, values: F32, highest: F32) -> F32:
        """Rows, (T, N), NaN for a gap, as far as the row before each confirms it.

        `highest` is the highest value that was believed before the first row, (N,). Where nothing
        but nought was seen yet, everything is believed.
        """
        last, self.last = self.last, values[-1].copy()
        columns = np.flatnonzero(np.fmax.reduce(values, axis=0) > LEAP * highest)
        if not columns.size:
            return values
        out = values.copy()
        out[:, columns] = _believed(values[:, columns], highest[columns], last[columns])
        return out


def _believed(came: F32, highest: F32, last: F32) -> F32:
    """The same, reckoned anew until nothing changes: the highest grows by leaps."""
    confirmed, found = np.fmax(_before(came, last), NOUGHT), came
    while True:
        high = np.fmax.accumulate(_before(found, highest), axis=0)
        bound = np.where(high > NOUGHT, np.maximum(LEAP * high, confirmed), np.inf)
        lower = np.minimum(came, bound)
        if np.array_equal(lower, found, equal_nan=True):
            return found
        found = lower


def _before(values: F32, first: F32) -> F32:
    """The row before each."""
    return np.concatenate((first[None], values[:-1]))
