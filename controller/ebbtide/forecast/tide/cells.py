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
        self.packed = np.full((fine.days * self.day, series), np.nan, np.float16)
        self.raw = np.full((2 * self.half + self.cell, series), np.nan, np.float32)
        """The last rows, from which the next is smoothed."""

    def past(self, cells: Rows, back: Rows, *, soft: bool = False) -> F32:
        """What is remembered of the times of day of cells so many days back, (back, cells, N).

        Where it is to be `soft`, a quarter of each is either cell beside it, but for whole hours.
        """
        return self._past(self.by_clock(cells), back, soft=soft)

    def beside(self, others: Rows, finer: "Cells", back: Rows, *, soft: bool = False) -> F32:
        """The same in the middles of cells of others that are finer, (back, others, N)."""
        halves = 2 * finer.cell * finer.by_clock(others) + finer.cell - 1
        before, part = between(halves / 2, self.cell)
        lower, upper = (self._past(cells, back, soft=soft) for cells in (before, before + 1))
        _fill(upper, lower)
        _fill(lower, upper)
        return interpolated(lower, upper, part[:, None])

    def by_clock(self, cells: Rows) -> Rows:
        """Cells by the clock, by which what is remembered of a time of day is found."""
        return self.frame.by_clock(cells * self.cell) // self.cell

    def _past(self, cells: Rows, back: Rows, *, soft: bool) -> F32:
        """The same of cells by the clock."""
        if soft and self.frame.grid < HOUR_MINUTES:
            before, here, after = (self._past(cells + i, back, soft=False) for i in (-1, 0, 1))
            _fill(before, here)
            _fill(after, here)
            return np.asarray(here / 2 + (before + after) / 4)
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


def _fill(gappy: F32, other: F32) -> None:
    """Fill gaps with what is known beside them."""
    np.copyto(gappy, other, where=np.isnan(gappy))


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
