"""What is believed of values beyond all that was seen before: as much as those after them confirm.

A sample may be a thousandfold of all demand because a counter was read twice or a scrape went
wrong, and a rate over five minutes repeats it for as long. If that were learnt as it stands, its
errors would widen all that is foreseen for hours, and it would come again at the same minute of the
next day. What is real stays for longer, and until then it is believed by leaps.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ebbtide.forecast.tide.arrays import F32, NOUGHT, number

LEAP = number(3)
"""A row is believed up to so many times the highest value before it."""
SURE_MINUTES = 6
"""What has stayed for so long is believed however high it is, and for a row at least."""


class Belief:
    """How far the next rows of some series are believed."""

    def __init__(self, series: int, grid: int) -> None:
        """Know nothing of series whose rows are so many minutes apart."""
        self.last = np.full((max(1, SURE_MINUTES // grid), series), np.nan, np.float32)
        """The last rows as they came, believed or not."""

    def of(self, values: F32, highest: F32) -> F32:
        """Rows, (T, N), NaN for a gap, as far as those before each confirm it.

        `highest` is the highest value that was believed before the first row, (N,). Where nothing
        but nought was seen yet, everything is believed.
        """
        rows = len(self.last)
        came = np.concatenate((self.last, values))
        self.last = came[-rows:].copy()
        columns = np.flatnonzero(np.fmax.reduce(values, axis=0) > LEAP * highest)
        if not columns.size:
            return values
        stayed = sliding_window_view(came[:-1, columns], rows, axis=0).min(axis=-1)
        out = values.copy()
        out[:, columns] = _believed(values[:, columns], highest[columns], stayed)
        return out


def _believed(came: F32, highest: F32, stayed: F32) -> F32:
    """The same, reckoned anew until nothing changes: the highest grows by leaps."""
    confirmed, found = np.fmax(stayed, NOUGHT), came
    while True:
        before = np.concatenate((highest[None], found[:-1]))
        high = np.fmax.accumulate(before, axis=0)
        bound = np.where(high > NOUGHT, np.maximum(LEAP * high, confirmed), np.inf)
        lower = np.minimum(came, bound)
        if np.array_equal(lower, found, equal_nan=True):
            return found
        found = lower
