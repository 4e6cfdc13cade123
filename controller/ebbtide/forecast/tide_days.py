"""The days that `Tide` remembers, smoothed, and the curves that they make for the rows to come.

The curve of a row is taken from the same minute of earlier days: their median, their decaying
mean, yesterday, and a week ago. A smoothed row is written only when the last row that it is made
of is known, and read a day later, so that nothing of the future is in a curve.
"""

import numpy as np

from ebbtide.forecast.tide_frame import F32, HOUR_MINUTES, NIL, Frame, Rows, total

CURVES = 4
WEEK = 7
"""Days that are remembered."""
SMOOTHING = 15
"""Minutes that a row of a remembered day is the mean of."""
CELL_MINUTES = 5
"""Minutes of a day that share one value."""
FADING = 0.7
"""Weight of a day in the decaying mean, against the day after it."""


class Days:
    """The last days of some series, and the curves of the rows ahead."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame = frame
        self.half = max(1, SMOOTHING // 2 // frame.grid) if frame.grid < HOUR_MINUTES else 0
        self.cell = max(1, CELL_MINUTES // frame.grid)
        self.days = np.full((WEEK * frame.day // self.cell, series), np.nan, np.float32)
        self.raw = np.full((2 * self.half + self.cell, series), np.nan, np.float32)
        """The last rows, from which the next is smoothed."""
        self.ahead = np.zeros((max(frame.horizon, frame.reach), CURVES, series), np.float32)

    def begin(self, at: int, level: F32) -> None:
        """Make the curves of the rows from `at` on; `level`, (N,), stands where no day is known."""
        numbers = at + np.arange(len(self.ahead))
        self.ahead[numbers % len(numbers)] = self._curves(numbers, level)

    def coming(self, numbers: Rows, level: F32) -> F32:
        """Curves of the rows to be seen and of all rows ahead of them.

        `level` is the curve where no day is known, as it was before each row, (rows, N).
        """
        size = len(self.ahead)
        fresh = self._curves(numbers + size, level)
        old = self.ahead[(numbers[0] + np.arange(size)) % size]
        self.ahead[numbers[-size:] % size] = fresh[-size:]
        return np.concatenate((old, fresh))

    def next(self, at: int, count: int) -> F32:
        """The curves of so many rows from `at` on, (rows, CURVES, N)."""
        return self.at(at + np.arange(count))

    def at(self, numbers: Rows) -> F32:
        """The curves of some rows that lie ahead, (rows, CURVES, N)."""
        return self.ahead[numbers % len(self.ahead)]

    def ordinary(self) -> F32:
        """The median of the days that are remembered, by cell of the day, (cells, N)."""
        days = self.days.reshape(WEEK, -1, self.days.shape[-1])
        count = np.count_nonzero(~np.isnan(days), axis=0)
        return np.where(count > 0, _middle(days, count), np.float32(np.nan))

    def _curves(self, numbers: Rows, level: F32) -> F32:
        """The curves at some rows, (rows, CURVES, N), from the days that are remembered."""
        first, last = int(numbers[0]) // self.cell, int(numbers[-1]) // self.cell
        cells, places = np.arange(first, last + 1), numbers // self.cell - first
        back = np.arange(1, WEEK + 1)[:, None] * (self.frame.day // self.cell)
        past = self.days[(cells - back) % len(self.days)]
        weights = (np.float32(FADING) ** np.arange(WEEK, dtype=np.float32))[:, None, None]
        known = ~np.isnan(past)
        if known.all():
            middle = np.sort(past, axis=0)[WEEK // 2]
            mean = total(weights * past, 0) / weights.sum()
            return np.stack([middle, mean, past[0], past[-1]], axis=1)[places]
        count = np.count_nonzero(known, axis=0)
        weights = weights * known
        sums = np.maximum(total(weights, 0), NIL)
        mean = total(weights * np.where(known, past, 0), 0) / sums
        some = (count > 0)[places]
        middle = np.where(some, _middle(past, count)[places], level)
        mean = np.where(some, mean[places], level)
        ends = (np.where(known[i][places], past[i][places], middle) for i in (0, -1))
        return np.stack([middle, mean, *ends], axis=1).astype(np.float32)

    def remember(self, values: F32, numbers: Rows) -> None:
        """Write the smoothed rows whose last part is known now."""
        window = len(self.raw)
        whole = np.concatenate((self.raw, values))
        self.raw = whole[-window:]
        last = np.flatnonzero((numbers - self.half + 1) % self.cell == 0)
        if not last.size:
            return
        known = ~np.isnan(whole)
        filled = np.where(known, whole, np.float32(0))
        count, added = (np.zeros((last.size, values.shape[1]), np.float32) for _ in range(2))
        for i in range(1, window + 1):
            added += filled[i + last]
            count += known[i + last]
        smooth = np.where(count > 0, added / np.maximum(count, 1), np.float32(np.nan))
        cells = (numbers[last] - self.half) // self.cell
        keep = slice(max(0, len(cells) - len(self.days)), None)
        self.days[cells[keep] % len(self.days)] = smooth[keep]


def _middle(past: F32, count: Rows) -> F32:
    """Median over the first axis of what is known; NaN sorts last."""
    ordered = np.sort(past, axis=0)
    last = np.maximum(count - 1, 0)
    pick = [np.take_along_axis(ordered, i[None], axis=0)[0] for i in (last // 2, -(-last // 2))]
    middle: F32 = (pick[0] + pick[1]) / 2
    return middle
