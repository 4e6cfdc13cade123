"""Days in cells: means of windows around some minutes, that are kept in half the room.

Each stands for the minute in its middle, and between two of them it is interpolated.
"""

from typing import NamedTuple, TypeVar

import numpy as np

from ebbtide.forecast.contract import Floats, Rows
from ebbtide.forecast.tide.arrays import F32, NOUGHT, packed, unpacked, window_means
from ebbtide.forecast.tide.frame import HOUR_MINUTES, Frame

Number = TypeVar("Number", int, Rows)


class Fine(NamedTuple):
    """How finely days are remembered."""

    days: int
    cell: int
    """Minutes of a day that share one value."""
    window: int
    """Minutes that a value is the mean of."""


class Cells:
    """Days of some series in cells, each the mean of a window around it."""

    def __init__(self, frame: Frame, fine: Fine, series: int) -> None:
        self.frame = frame
        self.cell = max(1, fine.cell // frame.grid)
        around = fine.window // frame.grid - self.cell
        self.half = max(1, around // 2) if frame.grid < HOUR_MINUTES else 0
        self.day = frame.day // self.cell
        self.days = fine.days
        self.packed = np.full((fine.days * self.day, series), np.nan, np.float16)
        self.raw = np.full((2 * self.half + self.cell, series), np.nan, np.float32)
        """The last rows, from which the next is smoothed."""

    def past(self, cells: Rows) -> F32:
        """What is remembered of the times of day of cells, (days, cells, N), the last first."""
        return self._before(self.by_clock(cells))

    def beside(self, others: Rows, finer: "Cells") -> F32:
        """The same at the middles of cells of others that are finer, (days, others, N)."""
        halves = 2 * finer.cell * finer.by_clock(others) + finer.cell - 1
        before, part = between(halves / 2, self.cell)
        lower, upper = self._before(before), self._before(before + 1)
        np.copyto(upper, lower, where=np.isnan(upper))
        np.copyto(lower, upper, where=np.isnan(lower))
        return interpolated(lower, upper, part[:, None])

    def back(self, cells: Rows, days: int) -> F32:
        """Some cells, and those so many days before them, (1 + days, cells, N)."""
        return self._days(self.by_clock(cells), np.arange(days + 1))

    def by_clock(self, cells: Rows) -> Rows:
        """Cells by the clock, by which what is remembered of a time of day is found."""
        return self.frame.by_clock(cells * self.cell) // self.cell

    def _before(self, cells: Rows) -> F32:
        return self._days(cells, np.arange(1, self.days + 1))

    def _days(self, cells: Rows, back: Rows) -> F32:
        return unpacked(self.packed[(cells - back[:, None] * self.day) % len(self.packed)])

    def last(self, number: Number) -> Number:
        """The last cell that is known before a row, or before some."""
        return (number - self.half) // self.cell - 1

    def remember(self, values: F32, numbers: Rows) -> None:
        """Write the cells whose last part is known now."""
        window = len(self.raw)
        whole = np.concatenate((self.raw, values))
        self.raw = whole[-window:]
        if len(numbers) == 1 and (int(numbers[0]) - self.half + 1) % self.cell:
            return
        last = np.flatnonzero((numbers - self.half + 1) % self.cell == 0)
        if not last.size:
            return
        mean, count = window_means(whole, last, window)
        smooth = np.where(count > 0, mean, np.float32(np.nan))
        cells = self.frame.by_clock(numbers[last] - self.half) // self.cell
        keep = slice(max(0, len(cells) - len(self.packed)), None)
        self.packed[cells[keep] % len(self.packed)] = packed(np.maximum(smooth[keep], NOUGHT))


def between(rows: Rows | Floats, cell: int) -> tuple[Rows, F32]:
    """The last cell whose middle is no later than each row, and how near the row is to the next.

    There are `cell` rows in one.
    """
    halves = np.asarray(2 * rows - (cell - 1), int)  # half rows beyond the first one's middle
    before = halves // (2 * cell)
    return before, (halves / (2 * cell) - before).astype(np.float32)


def interpolated(lower: F32, upper: F32, part: F32) -> F32:
    """What lies so far on from one to the other, in the place of the latter."""
    upper -= lower
    upper *= part
    upper += lower
    return upper
