"""The last so many minutes, handed out without a copy: whoever has them may go on looking at them.

A thousand workloads have 300 MB of minutes. Were they copied for every new one, they would be there
twice, as a forecast that is being made still looks at the old ones.
"""

import numpy as np
from numpy.typing import NDArray

ROOM = 1440
"""Minutes to come for which there is room, before all is moved to where there is as much again."""

Values = NDArray[np.float64]


class Window:
    """A part of a longer array, which moves on along it: new minutes are written behind the old.

    What was handed out is never overwritten by anything else: then all goes into a new array.
    """

    def __init__(self, size: int) -> None:
        self.values: Values = np.full(size, np.nan)
        """The minutes, the newest last; NaN is a gap."""
        self._array, self._end = self.values, size
        self._fresh = 0
        """How many at the end nobody has been handed yet."""

    def move(self, by: int) -> None:
        """Move on by so many minutes, of which nothing is known yet."""
        size = self.values.size
        by = min(by, size)
        if self._end + by > self._array.size:
            self._settle(min(size, ROOM) + by)
        self._end += by
        self.values = self._array[self._end - size : self._end]
        self.values[size - by :] = np.nan
        self._fresh = by

    def write(self, row: int, read: Values) -> None:
        """Write what is known of the minutes from a row on."""
        end = row + read.size
        handed_out = max(0, min(read.size, self.values.size - self._fresh - row))
        before = self.values[row : row + handed_out]
        if not np.array_equal(before, read[:handed_out], equal_nan=True):
            self._settle(self._array.size - self._end)
        self.values[row:end] = read
        self._fresh = 0

    def _settle(self, room: int) -> None:
        """Go on in a new array, which has so much room."""
        size = self.values.size
        self._array, self._end = np.empty(size + room), size
        self._array[:size] = self.values
        self.values = self._array[:size]
