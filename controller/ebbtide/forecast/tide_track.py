"""What `Tide` sees of the past: short averages, and what the days before say of each row.

Nothing in it is learnt but what a few days decide: the same last days, the same track.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide_days import CURVES, Days
from ebbtide.forecast.tide_experts import GUARDED, SINCE, SPANS, WIDTH, describe
from ebbtide.forecast.tide_frame import F32, NIL, Band, Frame, Rows, running, total

MOVES = np.array((1 / 4, 1 / 15), np.float32)[:, None]
"""How much a row counts in the running means of changes."""
HIGH_DAYS = 14
"""Days of which the highest value is remembered."""
GUARD = np.float32(0.02)
"""What is added to demand and curve before one is divided by the other, as a share of the mean."""
GUARD_DAYS = 7
GUARD_FADING = 0.5
"""Days that the mean is taken over, and the weight of a day in it against the day after it."""
ALPHA = np.array([2 / (span + 1) for span in SPANS] + CURVES * [2 / (SPANS[1] + 1)], np.float32)[
    :, None
]
"""How much a row counts in the averages of the value, and in those of the curves."""


class Seen(NamedTuple):
    """A block of rows as they were seen. T rows, A anchors, N series."""

    at: int
    """Number of the first row."""
    known: NDArray[np.bool_]
    """Which rows are known, (T, N)."""
    rows: F32
    """Everything about the rows, (T, WIDTH, N)."""
    ring: F32
    """The rows before, each at its place."""
    moves: F32
    """Running means of the changes from row to row, (T, MOVES, N)."""
    curves: F32
    """The curves at the rows and all that lie ahead, (T + rows ahead, CURVES, N)."""

    def __len__(self) -> int:
        """How many rows it has."""
        return len(self.rows)

    def back(self, numbers: Rows, anchors: Rows) -> F32:
        """The rows from which others were foreseen, (rows, A, WIDTH, N)."""
        wanted = numbers[:, None] - anchors
        found: F32 = self.ring[wanted % len(self.ring)]
        if len(self) > 1:
            later = wanted >= self.at
            found[later] = self.rows[wanted[later] - self.at]
        return found


class Track:
    """The part of a learner that does not learn."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        """Begin at row number `at`, counted from the epoch."""
        self.frame = frame
        self.at = at
        self.days = Days(frame, series)
        self.rows = np.zeros((frame.reach, WIDTH, series), np.float32)
        self.now = np.zeros((WIDTH, series), np.float32)
        self.averages = np.zeros((len(ALPHA), series), np.float32)
        self.learnt = np.zeros(series, np.float32)
        """Rows of each series that are known."""
        self.moves = np.zeros((MOVES.size, series), np.float32)
        self.highs = np.zeros((HIGH_DAYS, series), np.float32)
        """The highest value of each of the last days."""
        self.means = np.full((GUARD_DAYS, series), np.nan, np.float32)
        """The mean of each of the last days."""
        self.today = np.zeros((2, series), np.float32)
        """The sum of the values of the present day, and their number."""

    def see(self, values: F32) -> Seen:
        """Take in a block of rows of one day, (T, N), NaN for a gap."""
        at, known = self.at, ~np.isnan(values)
        numbers = at + np.arange(len(values))
        rows = np.empty((len(values), WIDTH, values.shape[1]), np.float32)
        rows[:, 0] = _carried(values, known, self.now[0])
        rows[:, SINCE] = _since(known, self.now[SINCE])
        rows[:, GUARDED] = self._guard(rows[:, 0], rows[:, SINCE])
        levels = np.concatenate((self.now[None, GUARDED], rows[:-1, GUARDED])) / GUARD
        curves = self.days.coming(numbers, levels)
        self._describe(rows, curves[: len(values)])
        seen = Seen(at, known, rows, self.rows, self._moves(rows), curves)
        self.days.remember(values, numbers)
        self._keep_high(rows[:, 0], at)
        self.learnt += total(known, 0)
        self.now = rows[-1]
        self.at += len(values)
        return seen

    def keep(self, seen: Seen) -> None:
        """Once a block was learnt from: put its rows to those that lie back."""
        last = seen.rows[-len(self.rows) :]
        first = self.at - len(last)
        self.rows[(first + np.arange(len(last))) % len(self.rows)] = last

    def _describe(self, rows: F32, curves: F32) -> None:
        """Everything else about a block of rows, (T, WIDTH, N), from their values and curves."""
        present, since = rows[:, 0], rows[:, SINCE]
        new = np.empty((len(rows), *self.averages.shape), np.float32)
        new[:, : len(SPANS)] = present[:, None]
        new[:, len(SPANS) :] = curves
        shares = np.repeat(np.broadcast_to(ALPHA, (1, *self.averages.shape)), len(rows), axis=0)
        if np.count_nonzero(self.now[SINCE]) < self.now.shape[1]:
            np.copyto(shares, 1, where=(since <= 1)[:, None])
        describe(rows, running(self.averages, new, shares), curves)

    def _moves(self, rows: F32) -> F32:
        """Running means of the changes from row to row, (T, MOVES, N); the first has none."""
        present, last = rows[:, 0], np.concatenate((self.now[None], rows[:-1]))
        before = np.where(last[:, SINCE] > 0, last[:, 0], present)
        return running(
            self.moves,
            np.abs(present - before)[:, None],
            np.broadcast_to(MOVES, (len(present), *MOVES.shape)),
        )

    def _guard(self, present: F32, since: F32) -> F32:
        """A small share of the mean of the last days, or of the first day so far, (T, N)."""
        if self.at % self.frame.day == 0:
            self._close_day()
        begun = since > 0
        known = ~np.isnan(self.means)
        weights = GUARD_FADING ** np.arange(GUARD_DAYS, dtype=np.float32)[:, None] * known
        days = total(weights, 0)
        mean = total(np.where(known, self.means, 0) * weights, 0) / np.maximum(days, NIL)
        sums = self.today[0] + np.add.accumulate(present * begun, axis=0)
        counts = self.today[1] + np.add.accumulate(begun, axis=0, dtype=np.float32)
        self.today = np.stack((sums[-1], counts[-1]))
        return GUARD * np.where(days > 0, mean, sums / np.maximum(counts, 1))

    def _close_day(self) -> None:
        """Put the mean of the day that ended to those of the days before it."""
        added, count = self.today
        self.means[1:] = self.means[:-1].copy()
        self.means[0] = np.where(count > 0, added / np.maximum(count, 1), np.nan)
        self.today = np.zeros_like(self.today)

    def _keep_high(self, present: F32, at: int) -> None:
        """Remember the highest value of each of the last days."""
        today = at // self.frame.day % HIGH_DAYS
        if at % self.frame.day == 0:
            self.highs[today] = 0
        highest = np.maximum.reduce(present, axis=0)
        np.maximum(self.highs[today], highest, out=self.highs[today])

    def remember(self, values: F32) -> None:
        """Take in the days before the first block for their curves alone, (rows, N)."""
        numbers = self.at - len(values) + np.arange(len(values))
        self.days.remember(values, numbers)
        known, day = ~np.isnan(values), self.frame.day
        since = _since(known, np.zeros(values.shape[1], np.float32))
        present = _carried(values, known, np.zeros_like(since[0]))
        guard = np.zeros_like(present)
        for part in _days(self.at - len(values), self.at, day):
            self.at = int(numbers[part.start])
            guard = self._guard(present[part], since[part])
            self._keep_high(present[part], self.at)
        self.at = int(numbers[-1]) + 1
        self.now[:] = self.averages[:] = present[-1]
        self.now[GUARDED] = guard[-1]
        self.now[SINCE] = since[-1]
        self.learnt += total(known, 0)
        self.days.begin(self.at, guard[-1] / GUARD)

    @property
    def highest(self) -> F32:
        """The highest value of the last days."""
        highest: F32 = np.maximum.reduce(self.highs, axis=0)
        return highest


def of_band(band: Band, seen: Seen) -> Rows:
    """The rows of a block that a band learns from."""
    return np.arange(seen.at + band.first(seen.at), seen.at + len(seen), band.every)


def _days(begin: int, end: int, day: int) -> list[slice]:
    """The rows of a span, cut at midnights."""
    cuts = [begin, *range((begin // day + 1) * day, end, day), end]
    return [slice(a - begin, b - begin) for a, b in pairwise(cuts)]


def _carried(values: F32, known: NDArray[np.bool_], before: F32) -> F32:
    """The values, with each gap filled by the last known one before it."""
    if known.all():
        return values
    if len(values) == 1:
        return np.where(known, values, before)
    whole = np.concatenate((before[None], values))
    at = np.where(known, np.arange(1, len(whole))[:, None], 0)
    np.maximum.accumulate(at, axis=0, out=at)
    return np.take_along_axis(whole, at, axis=0)


def _since(known: NDArray[np.bool_], before: F32) -> F32:
    """How many rows lie after each series' beginning, (T, N): one at its first known row."""
    begun = known | (before > 0)
    if len(known) > 1:
        begun = np.logical_or.accumulate(begun, axis=0)
    since: F32 = before + np.add.accumulate(begun, axis=0, dtype=np.float32)
    return since
