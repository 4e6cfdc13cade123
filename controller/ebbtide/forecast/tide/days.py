"""The days that `Tide` remembers, smoothed, and the curves that they make for the rows to come.

The curve of a row is taken from the same minute of earlier days: of the last week their median,
their decaying mean, yesterday, and a week ago; and of three weeks the mean of the same weekday, and
that of all days. Few days are softened; means of many are sharper, as they show what comes at some
minutes of each. A smoothed row is written only when the last row that it is made of is known,
and read a day later, so that nothing of the future is in a curve. Three weeks of half the precision
say more than half as many of all.
"""

import numpy as np

from ebbtide.forecast.contract import NEVER_CHANGED, Rows
from ebbtide.forecast.tide.arrays import F32, NIL, blank, total, unpacked
from ebbtide.forecast.tide.cells import Cells, Fine, between, interpolated
from ebbtide.forecast.tide.frame import Frame

CURVES, OF_A_WEEK = 6, 4
"""All of them, and how many of the first are made from the last week."""
WEEK, LONG = 7, 21
"""Days that are remembered finely, and coarsely."""
FADING, WEEKLY_FADING, LONG_FADING = 0.75, 0.8, 0.93
"""Weight of a day in a mean against the day after it (the week after it, for the weekday's)."""
FINE, COARSE = Fine(WEEK, 5, 7), Fine(LONG, 10, 14)
EACH_DAY = np.arange(1, LONG + 1)
"""How many days back each is, the last first."""


class Days:
    """The last days of some series, and the curves of the rows ahead."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fine, self.coarse = (Cells(frame, fine, series) for fine in (FINE, COARSE))
        self.sight = frame.sight
        """Rows to come whose curves are known."""
        cells = -(-self.sight // self.fine.cell) + 3
        self.ahead = np.zeros((cells, CURVES, series), np.float32)
        """The curves of the cells to come, in their middles; cell `c` of `n` stands at `c % n`."""
        # a row lies between two cells, and those beside them are in what is soft
        late = self.sight + self.coarse.half + 2 * (self.coarse.cell + self.fine.cell)
        late += frame.hour if frame.clock != NEVER_CHANGED else 0  # a day may be as much shorter
        self.block = max(frame.hour, frame.day - late)
        """Rows that may be seen at once: yesterday has to be known for what comes into sight."""

    def begin(self, at: int, level: F32) -> None:
        """Make the curves of the rows from `at` on; `level`, (N,), stands where no day is known."""
        before, _ = between(at + np.arange(self.sight), self.fine.cell)
        cells = np.arange(before[0], before[-1] + 2)
        self.ahead[cells % len(self.ahead)] = self._curves(cells, level)

    def coming(self, numbers: Rows, level: F32) -> F32:
        """Curves of the rows to be seen and of all rows ahead of them, for a block of rows.

        `level` is the curve where no day is known, as it was before each row, (rows, N).
        """
        size, places = self.sight, len(self.ahead)
        old = self.at(numbers[0] + np.arange(size))
        before, part = between(numbers[0] + size - 1 + np.arange(len(numbers) + 1), self.fine.cell)
        begun, first = before[1:] > before[:-1], before[0]
        cells = before[1:][begun] + 1
        made = self._curves(cells, level[begun])
        known = np.concatenate((self._at(np.array((first, first + 1))), made))
        self.ahead[cells[-places:] % places] = made[-places:]
        coming = blank(size + len(numbers), *old.shape[1:])
        coming[:size] = old
        lower = before[1:] - first
        coming[size:] = interpolated(known[lower], known[lower + 1], part[1:, None, None])
        return coming

    def step(self, number: int, level: F32) -> F32:
        """The curve of one row to be seen, (1, CURVES, N); those ahead of it stand in `ahead`."""
        come, cell = number + self.sight, self.fine.cell
        here = self.at(np.array((number,)))
        before, part = between(np.array((come,)), cell)
        if part[0] * cell < 1:  # the first row beyond the middle of a cell
            self.ahead[(before + 1) % len(self.ahead)] = self._curves(before + 1, level)
        return here

    def at(self, numbers: Rows) -> F32:
        """The curves of some rows that lie ahead, (rows, CURVES, N)."""
        before, part = between(numbers, self.fine.cell)
        return interpolated(self._at(before), self._at(before + 1), part[:, None, None])

    def next(self, at: int, cells: Rows) -> F32:
        """The curves of cells, numbered from the one before that of a row `at`, (cells, ...)."""
        return self._at(at // self.fine.cell - 1 + cells)

    def ordinary(self) -> F32:
        """The median of the days that are remembered, by cell of the (clock's) day, (cells, N)."""
        days = unpacked(self.fine.packed).reshape(WEEK, -1, self.fine.packed.shape[-1])
        count = np.count_nonzero(~np.isnan(days), axis=0)
        return np.where(count > 0, _middle(days, count), np.float32(np.nan))

    def remember(self, values: F32, numbers: Rows) -> None:
        """Take in rows, (T, N), NaN for a gap."""
        self.fine.remember(values, numbers)
        self.coarse.remember(values, numbers)

    def _at(self, cells: Rows) -> F32:
        """The curves in the middles of cells."""
        found: F32 = self.ahead.take(cells % len(self.ahead), axis=0)
        return found

    def _curves(self, cells: Rows, level: F32) -> F32:
        """The curves of some cells, (cells, CURVES, N), from the days that are remembered."""
        week = self.fine.past(cells, EACH_DAY[:WEEK])
        single = self.fine.past(cells, EACH_DAY[[0, WEEK - 1]], soft=True)
        weekday = self.coarse.beside(cells, self.fine, EACH_DAY[WEEK - 1 :: WEEK], soft=True)
        weeks = self.coarse.beside(cells, self.fine, EACH_DAY)
        out = np.empty((len(cells), CURVES, week.shape[-1]), np.float32)
        count = np.count_nonzero(~np.isnan(week), axis=0)
        out[:, 0] = middle = np.where(count > 0, _middle(week, count), level)
        out[:, 1] = _faded(week, FADING, middle)
        out[:, 2:OF_A_WEEK] = np.where(np.isnan(single), middle, single).swapaxes(0, 1)
        out[:, 4] = _faded(weekday, WEEKLY_FADING, middle)
        out[:, 5] = _faded(weeks, LONG_FADING, middle)
        return out


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
