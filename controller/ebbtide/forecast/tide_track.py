"""What `Tide` sees of the past: smoothed days, short averages, and curves for the rows to come.

The curve of a row is taken from the same minute of earlier days: their median, their decaying
mean, yesterday, and a week ago. A smoothed row is written only when the last row that it is made
of is known, and read a day later, so that nothing of the future is in a curve.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide_frame import F32, NIL, Frame, Rows, lagged

SPANS = (3, 10, 30)
"""Rows of the short averages (exponential, alpha = 2 / (span + 1))."""
CURVES = 4
WEEK = 7
"""Days that are remembered."""
SMOOTHING = 15
"""Minutes that a row of a remembered day is the mean of."""
FADING = 0.7
"""Weight of a day in the decaying mean, against the day after it."""
FORGOTTEN = 14
"""Days in which the highest value fades by a factor of e."""
GUARD = 0.02
"""What is added to demand and curve before one is divided by the other, as a share of the mean."""
WARM = 60
"""Rows after the first whole day before curves are followed."""
Y, EWMA, CURVE, LEVEL, KNOWN, GUARDED, SINCE = 0, 1, 4, 8, 12, 13, 14
"""Where a row's present value, averages, curves, their average, and so on stand."""
WIDTH = 15


class Seen(NamedTuple):
    """A block of rows as they were seen. T rows, A anchors, N series."""

    at: int
    """Number of the first row."""
    y: F32
    """The values, carried through gaps, (T, N)."""
    known: F32
    """1 where a row is known, else 0, (T, A, N); its origin is known to exist."""
    rows: F32
    """Everything about the rows, (T, WIDTH, N)."""
    back: F32
    """The same of the rows from which each anchor was foreseen, (T, A, WIDTH, N)."""
    curves: F32
    """The curves at the rows, (T, CURVES, N)."""
    ahead: F32
    """The curves at the anchors ahead of the rows, (T, A, CURVES, N)."""


class Track:
    """The part of a learner that does not learn: the same past, the same track."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        """Begin at row number `at`, counted from the epoch."""
        self.frame = frame
        self.at = at
        self.half = SMOOTHING // 2 // frame.grid or 1
        self.cell = 2 if frame.grid == 1 else 1  # rows of a day that share one value
        size = WEEK * frame.day // self.cell
        self.days = np.full((size, series), np.nan, np.float32)
        self.raw = np.full((2 * self.half + self.cell, series), np.nan, np.float32)
        self.rows = np.zeros((frame.reach + frame.hour, WIDTH, series), np.float32)
        self.now = np.zeros((WIDTH, series), np.float32)
        self.learnt = np.zeros(series, np.float32)
        """Rows of each series that are known."""
        self.highest = np.zeros(series, np.float32)
        """The highest value of each series, slowly forgotten."""
        self.ahead = np.zeros((max(frame.horizon, frame.reach), CURVES, series), np.float32)

    def see(self, values: F32) -> Seen:
        """Take in a block of rows, (T, N), NaN for a gap; it must not cross a full hour."""
        at, anchors = self.at, self.frame.anchors
        numbers = at + np.arange(len(values))
        curves = self._coming(numbers)
        rows = self._rows(values, curves)
        self._remember(values, numbers)
        back = np.stack([lagged(self.rows, at, rows, k) for k in anchors], axis=1)
        self.rows[numbers % len(self.rows)] = rows
        self.at += len(values)
        known = rows[:, None, KNOWN] * (back[:, :, SINCE] > 0)
        ahead = np.stack([curves[k : k + len(values)] for k in anchors], axis=1)
        return Seen(at, rows[:, Y], known, rows, back, curves[: len(values)], ahead)

    def _coming(self, numbers: Rows) -> F32:
        """Curves of the rows to be seen and of all rows ahead of them."""
        size = len(self.ahead)
        fresh = self.curves_at(numbers + size)
        old = self.ahead[(numbers[0] + np.arange(size)) % size]
        self.ahead[numbers[-size:] % size] = fresh[-size:]
        return np.concatenate((old, fresh))

    def curves_at(self, numbers: Rows) -> F32:
        """The curves at rows ahead, (rows, CURVES, N), from the days that are remembered."""
        day, size = self.frame.day, len(self.days)
        slots = [(numbers - j * day) // self.cell % size for j in range(1, WEEK + 1)]
        past = np.stack([self.days[at] for at in slots])
        known = ~np.isnan(past)
        count = np.count_nonzero(known, axis=0)
        level = np.where(self.now[SINCE] > 0, self.now[GUARDED] / GUARD, 0.0)
        middle = np.where(count > 0, _middle(past, count), level)
        weights = (FADING ** np.arange(WEEK, dtype=np.float32))[:, None, None] * known
        total = np.maximum(weights.sum(axis=0), NIL)
        mean = (weights * np.where(known, past, 0)).sum(axis=0) / total
        mean = np.where(count > 0, mean, level)
        ends = (np.where(known[i], past[i], middle) for i in (0, -1))
        return np.stack([middle, mean, *ends], axis=1).astype(np.float32)

    def _rows(self, values: F32, curves: F32) -> F32:
        """Averages and levels, row by row."""
        rows = np.empty((len(values), WIDTH, values.shape[1]), np.float32)
        known = ~np.isnan(values)
        for row, value, sound, curve in zip(rows, values, known, curves, strict=False):
            self._first(value, sound, curves)
            self._advance(np.where(sound, value, self.now[Y]), curve)
            self.now[KNOWN] = sound
            self.learnt += sound
            row[:] = self.now
        return rows

    def _first(self, value: F32, sound: F32, curves: F32) -> None:
        """A series begins: averages and curves start from its first value."""
        begun = sound & (self.now[SINCE] == 0)
        if begun.any():
            self.now[:SINCE] = np.where(begun, value, self.now[:SINCE])
            self.now[GUARDED] = np.where(begun, GUARD * value, self.now[GUARDED])
            self.now[SINCE] = np.where(begun, np.float32(0.5), self.now[SINCE])
            curves[:] = np.where(begun, value, curves)
            self.ahead[:] = np.where(begun, value, self.ahead)

    def _advance(self, value: F32, curve: F32) -> None:
        """Move all averages on by one row."""
        now = self.now
        now[Y] = value
        fade = np.float32(np.exp(-1 / (FORGOTTEN * self.frame.day)))
        self.highest = np.maximum(value, fade * self.highest)
        for i, span in enumerate(SPANS):
            now[EWMA + i] += np.float32(2 / (span + 1)) * (value - now[EWMA + i])
        now[CURVE : CURVE + CURVES] = curve
        level = now[LEVEL : LEVEL + CURVES]
        level += np.float32(2 / (SPANS[1] + 1)) * (curve - level)
        now[SINCE] = np.where(now[SINCE] > 0, np.floor(now[SINCE]) + 1, 0)
        share = 1 / np.clip(now[SINCE], 1, self.frame.day)
        now[GUARDED] += (GUARD * value - now[GUARDED]) * share

    def remember(self, values: F32) -> None:
        """Take in the days before the first block for their curves alone, (rows, N)."""
        self._remember(values, self.at - len(values) + np.arange(len(values)))
        seen = np.count_nonzero(~np.isnan(values), axis=0) > 0
        first = np.argmax(~np.isnan(values), axis=0)
        self.now[SINCE] = np.where(seen, len(values) - first, 0)
        self.now[GUARDED] = GUARD * np.nan_to_num(_mean(values[-self.frame.day :]))
        self.now[:GUARDED] = np.nan_to_num(_mean(values[-1:]))
        self.learnt += np.count_nonzero(~np.isnan(values), axis=0)
        self.highest = np.fmax(self.highest, np.fmax.reduce(values, axis=0))
        numbers = self.at + np.arange(len(self.ahead))
        self.ahead[numbers % len(numbers)] = self.curves_at(numbers)

    def ordinary(self) -> F32:
        """At midnight: the median of the days that are remembered, by cell, (cells, N)."""
        days = self.days.reshape(WEEK, -1, self.days.shape[-1])
        count = np.count_nonzero(~np.isnan(days), axis=0)
        return np.where(count > 0, _middle(days, count), np.float32(np.nan))

    def _remember(self, values: F32, numbers: Rows) -> None:
        """Write the smoothed rows whose last part is known now."""
        window = len(self.raw)
        whole = np.concatenate((self.raw, values))
        known = ~np.isnan(whole)
        filled = np.where(known, whole, 0)
        count, total = np.zeros_like(values), np.zeros_like(values)
        for i in range(1, window + 1):
            total += filled[i : i + len(values)]
            count += known[i : i + len(values)]
        smooth = np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan))
        start = numbers - self.half - (self.cell - 1)
        whole_cells = start % self.cell == 0
        self.days[start[whole_cells] // self.cell % len(self.days)] = smooth[whole_cells]
        self.raw = whole[-window:]


def warm(rows: F32, day: int) -> NDArray[np.bool_]:
    """Where a row has a whole day before it, so that its curves are real, (..., N)."""
    seasoned: NDArray[np.bool_] = rows[..., SINCE, :] > day + WARM
    return seasoned


def _mean(values: F32) -> F32:
    """Mean of what is known of each series; NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(axis=0)
    count = np.count_nonzero(known, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan))


def _middle(past: F32, count: F32) -> F32:
    """Median over the first axis of what is known; NaN sorts last."""
    ordered = np.sort(past, axis=0)
    last = np.maximum(count - 1, 0)
    pick = [np.take_along_axis(ordered, i[None], axis=0)[0] for i in (last // 2, -(-last // 2))]
    middle: F32 = (pick[0] + pick[1]) / 2
    return middle
