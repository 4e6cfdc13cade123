"""The days that `Tide` remembers, smoothed, and the curves that they make for the rows to come.

The curve of a row is taken from the same minute of earlier days: of the last week their median,
their decaying mean, yesterday, and a week ago; and of three weeks the mean of the same weekday, and
that of all days. A smoothed row is written only when the last row that it is made of is known, and
read a day later, so that nothing of the future is in a curve. Three weeks of half the precision say
more than half as many of all.
"""

from typing import NamedTuple, TypeVar

import numpy as np

from ebbtide.forecast.contract import NEVER_CHANGED, Rows
from ebbtide.forecast.tide.arrays import (
    F32,
    NIL,
    NOUGHT,
    blank,
    packed,
    total,
    unpacked,
    window_means,
)
from ebbtide.forecast.tide.frame import HOUR_MINUTES, Frame

CURVES, OF_A_WEEK = 6, 4
"""All of them, and how many of the first are made from the last week."""
WEEK, LONG = 7, 21
"""Days that are remembered finely, and coarsely."""
FADING, WEEKLY_FADING, LONG_FADING = 0.7, 0.8, 0.93
"""Weight of a day in a mean against the day after it (the week after it, for the weekday's)."""

Number = TypeVar("Number", int, Rows)


class Fine(NamedTuple):
    """How finely days are remembered."""

    days: int
    cell: int
    """Minutes of a day that share one value."""
    window: int
    """Minutes that a value is the mean of."""


FINE, COARSE = Fine(WEEK, 5, 19), Fine(LONG, 10, 30)


class Days:
    """The last days of some series, and the curves of the rows ahead."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fine, self.coarse = (Cells(frame, fine, series) for fine in (FINE, COARSE))
        self.sight = frame.sight
        """Rows to come whose curves are known."""
        cells = -(-self.sight // self.fine.cell) + 1
        self.ahead = np.zeros((cells, CURVES, series), np.float32)
        """The curves of the rows to come, by cell; cell `c` of `n` stands at `c % n`."""
        late = self.sight + self.coarse.half + self.coarse.cell
        late += frame.hour if frame.clock != NEVER_CHANGED else 0  # a day may be as much shorter
        self.block = max(frame.hour, frame.day - late)
        """Rows that may be seen at once: yesterday has to be known for what comes into sight."""

    def begin(self, at: int, level: F32) -> None:
        """Make the curves of the rows from `at` on; `level`, (N,), stands where no day is known."""
        cells = np.unique((at + np.arange(self.sight)) // self.fine.cell)
        self.ahead[cells % len(self.ahead)] = self._curves(cells * self.fine.cell, level)

    def coming(self, numbers: Rows, level: F32) -> F32:
        """Curves of the rows to be seen and of all rows ahead of them, for a block of rows.

        `level` is the curve where no day is known, as it was before each row, (rows, N).
        """
        size, cell, places = self.sight, self.fine.cell, len(self.ahead)
        old = self.at(numbers[0] + np.arange(size))
        begun = (numbers + size) % cell == 0
        made = self._curves(numbers[begun] + size, level[begun])
        cells = (numbers[begun] + size)[-places:] // cell
        self.ahead[cells % places] = made[-places:]
        coming = blank(size + len(numbers), *old.shape[1:])
        coming[:size] = old
        coming[size:] = np.concatenate((old[-1:], made))[np.add.accumulate(begun, dtype=int)]
        return coming

    def step(self, number: int, level: F32) -> F32:
        """The curve of one row to be seen, (1, CURVES, N); those ahead of it stand in `ahead`."""
        cell, come = self.fine.cell, number + self.sight
        place = number // cell % len(self.ahead)
        here = self.ahead[place : place + 1].copy()
        if come % cell == 0:
            self.ahead[come // cell % len(self.ahead)] = self._curves(np.array((come,)), level)[0]
        return here

    def at(self, numbers: Rows) -> F32:
        """The curves of some rows that lie ahead, (rows, CURVES, N)."""
        return self.ahead[numbers // self.fine.cell % len(self.ahead)]

    def next(self, at: int, cells: Rows) -> F32:
        """The curves of cells, numbered from that of a row `at` on, (cells, CURVES, N)."""
        first = at // self.fine.cell % len(self.ahead)
        found: F32 = self.ahead.take(first + cells, axis=0, mode="wrap")
        return found

    def ordinary(self) -> F32:
        """The median of the days that are remembered, by cell of the (clock's) day, (cells, N)."""
        days = unpacked(self.fine.packed).reshape(WEEK, -1, self.fine.packed.shape[-1])
        count = np.count_nonzero(~np.isnan(days), axis=0)
        return np.where(count > 0, _middle(days, count), np.float32(np.nan))

    def remember(self, values: F32, numbers: Rows) -> None:
        """Take in rows, (T, N), NaN for a gap."""
        self.fine.remember(values, numbers)
        self.coarse.remember(values, numbers)

    def _curves(self, numbers: Rows, level: F32) -> F32:
        """The curves at some rows, (rows, CURVES, N), from the days that are remembered."""
        week, weeks = self.fine.past(numbers), self.coarse.past(numbers)
        out = np.empty((len(numbers), CURVES, week.shape[-1]), np.float32)
        count = np.count_nonzero(~np.isnan(week), axis=0)
        out[:, 0] = middle = np.where(count > 0, _middle(week, count), level)
        out[:, 1] = _faded(week, FADING, middle)
        for i, day in ((2, 0), (3, -1)):
            out[:, i] = np.where(np.isnan(week[day]), middle, week[day])
        out[:, 4] = _faded(weeks[WEEK - 1 :: WEEK], WEEKLY_FADING, middle)
        out[:, 5] = _faded(weeks, LONG_FADING, middle)
        return out


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

    def past(self, numbers: Rows) -> F32:
        """What is remembered of the time of day of some rows, (days, rows, N), the last first."""
        back = np.arange(1, self.days + 1)[:, None] * self.day
        cells = self.frame.by_clock(numbers) // self.cell
        return unpacked(self.packed[(cells - back) % len(self.packed)])

    def back(self, cells: Rows, days: int) -> F32:
        """Some cells, and those so many days before them, (1 + days, cells, N)."""
        back = np.arange(days + 1)[:, None] * self.day
        here = self.frame.by_clock(cells * self.cell) // self.cell
        return unpacked(self.packed[(here - back) % len(self.packed)])

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


def _faded(past: F32, fading: float, otherwise: F32) -> F32:
    """A mean over the first axis in which the later counts less; or else, where nothing is."""
    known = ~np.isnan(past)
    weights = np.float32(fading) ** np.arange(len(past), dtype=np.float32)[:, None, None]
    if known.all():
        return np.asarray(total(weights * past, 0) / weights.sum())
    weights = weights * known
    sums = total(weights, 0)
    mean = total(weights * np.where(known, past, 0), 0) / np.maximum(sums, NIL)
    return np.where(sums > 0, mean, otherwise)


def _middle(past: F32, count: Rows) -> F32:
    """Median over the first axis of what is known; NaN sorts last."""
    ordered = np.sort(past, axis=0)
    last = np.maximum(count - 1, 0)
    pick = [np.take_along_axis(ordered, i[None], axis=0)[0] for i in (last // 2, -(-last // 2))]
    middle: F32 = (pick[0] + pick[1]) / 2
    return middle
