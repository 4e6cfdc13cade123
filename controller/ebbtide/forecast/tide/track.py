"""What `Tide` sees of the past: short averages, and what the days before say of each row.

Nothing in it is learnt but what a few days decide: the same last days, the same track.
"""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide.alike import Alike
from ebbtide.forecast.tide.arrays import (
    F32,
    NIL,
    NOUGHT,
    ONE,
    accumulated,
    blank,
    number,
    running,
    total,
)
from ebbtide.forecast.tide.belief import Belief
from ebbtide.forecast.tide.days import CURVES, Days
from ebbtide.forecast.tide.experts import (
    AVERAGES,
    GUARDED,
    LONG_MINUTES,
    SINCE,
    SPANS,
    STILL,
    WIDTH,
    describe,
)
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.pulses import Pulses
from ebbtide.forecast.tide.seen import Seen

MOVES = np.array((1 / 4, 1 / 15, 1 / 60), np.float32)[:, None]
"""How much a row counts in the running means of changes."""
CLIMBS = (4, 12)
"""Rows over which it is known how far the value rose."""
APART = np.array((1, *CLIMBS), np.float32)[:, None]
"""Rows between two values of which changes and climbs are made."""
BEFORE = CLIMBS[-1] - np.array((1, *CLIMBS))
"""Where the earlier of the two stand, if the last values go before those of the rows."""
HIGH_DAYS = 14
"""Days of which the highest value is remembered."""
GUARD = number(0.02)
"""What is added to demand and curve before one is divided by the other, as a share of the mean."""
GUARD_DAYS = 7
GUARD_FADING = 0.5
"""Days that the mean is taken over, and the weight of a day in it against the day after it."""


class Track:
    """The part of a learner that does not learn."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        """Begin at row number `at`, counted from the epoch."""
        self.frame = frame
        self.at = at
        self.belief = Belief(series, frame.grid)
        self.pulses = Pulses(frame, series)
        self.days = Days(frame, series)
        self.alike = Alike(frame, self.days.coarse, series)
        self.now = np.zeros((WIDTH, series), np.float32)
        self.averages = np.zeros((AVERAGES + CURVES, series), np.float32)
        self.learnt = np.zeros(series, np.float32)
        """Rows of each series that are known."""
        self.lived = np.zeros(series, np.float32)
        """Rows of each series since its beginning, those before the first block left out."""
        self.past = np.zeros((CLIMBS[-1], series), np.float32)
        """The last values."""
        self.moves = np.zeros((MOVES.size, series), np.float32)
        self.highs = np.zeros((HIGH_DAYS, series), np.float32)
        """The highest value of each of the last days."""
        self.means = np.full((GUARD_DAYS, series), np.nan, np.float32)
        """The mean of each of the last days."""
        self.level = np.full(series, np.nan, np.float32)
        """The guard of the present day, as far as days before it are known."""
        self.today = np.zeros((2, series), np.float32)
        """The sum of the values of the present day, and their number."""

    def see(self, values: F32) -> Seen:
        """Take in a block of rows of one day, (T, N), NaN for a gap."""
        at, known = self.at, ~np.isnan(values)
        numbers = np.arange(at, at + len(values))
        values = self.belief.of(values, self.highest)
        self._keep_high(values, at)
        values = self.pulses.take_off(values, numbers)
        rows = blank(len(values), WIDTH, values.shape[1])
        rows[:, 0] = _carried(values, known, self.now[0])
        begun = _begun(known, self.now[SINCE])
        lasted = accumulated(begun)
        rows[:, SINCE] = self.now[SINCE] + lasted
        rows[:, GUARDED] = self._guard(rows[:, 0], begun)
        if len(values) > 1:
            levels = np.concatenate((self.now[None, GUARDED], rows[:-1, GUARDED])) / GUARD
            coming, first, cell = self.days.coming(numbers, levels), at, 1
            here = coming[: len(values)]
        else:
            here = self.days.step(at, self.now[None, GUARDED] / GUARD)
            coming, first, cell = self.days.ahead, 0, self.days.fine.cell
        moves = self._moves(rows)
        self._describe(rows, here)
        lived = self.lived + lasted
        self.days.remember(values, numbers)
        said = self.alike.learn(self.days.coarse, numbers, rows[-1, GUARDED])
        seen = Seen(at, known, rows, lived, moves, coming, first, cell, said)
        self.learnt += total(known.astype(np.float32), 0)
        self.lived = lived[-1]
        self.now = np.ascontiguousarray(rows[-1])
        self.at += len(values)
        return seen

    def _describe(self, rows: F32, curves: F32) -> None:
        """Everything else about a block of rows, (T, WIDTH, N), from their values and curves."""
        present, since = rows[:, 0], rows[:, SINCE]
        new = blank(len(rows), *self.averages.shape)
        new[:, :AVERAGES] = present[:, None]
        new[:, AVERAGES:] = curves
        shares = _shares(self.frame)
        if np.count_nonzero(self.now[SINCE]) < self.now[SINCE].size:
            shares = np.where((since <= 1)[:, None], np.float32(1), shares)
        describe(rows, running(self.averages, new, shares), curves)

    def _moves(self, rows: F32) -> F32:
        """Running means of the changes, and how far it rose; put in how long it stands still."""
        present, since = rows[:, 0], rows[:, SINCE]
        whole = np.concatenate((self.past, present))
        self.past = whole[-CLIMBS[-1] :]
        earlier = whole.take(np.arange(len(rows))[:, None] + BEFORE, axis=0)
        change = np.subtract(present[:, None], earlier, out=earlier)
        change *= (since[:, None] > APART).astype(np.float32)
        out = blank(len(rows), MOVES.size + len(CLIMBS), present.shape[1])
        out[:, : MOVES.size] = running(self.moves, np.abs(change[:, :1]), MOVES[None])
        np.maximum(change[:, 1:], NOUGHT, out=out[:, MOVES.size :])
        same = (whole[-len(rows) - 1 :] == whole[-len(rows) - 2 : -1]).astype(np.float32)
        np.add(same[1:], same[1:] * same[:-1], out=rows[:, STILL])
        rows[:, STILL] *= since > ONE
        return out

    def _guard(self, present: F32, begun: F32) -> F32:
        """A small share of the mean of the last days, or of the first day so far, (T or 1, N)."""
        if self.at % self.frame.day == 0:
            self._close_day()
        today = np.empty((len(present), 2, present.shape[1]), np.float32)
        today[:, 0], today[:, 1] = present, begun
        today = accumulated(today)
        today += self.today
        self.today = today[-1]
        unknown = np.isnan(self.level)
        if not np.count_nonzero(unknown):
            return self.level[None]
        first = today[:, 0] / np.maximum(today[:, 1], 1)
        return np.where(unknown, GUARD * first, self.level)

    def _close_day(self) -> None:
        """Put the mean of the day that ended to those of the days before it."""
        added, count = self.today
        self.means[1:] = self.means[:-1].copy()
        self.means[0] = np.where(count > 0, added / np.maximum(count, 1), np.nan)
        self.today = np.zeros_like(self.today)
        known = ~np.isnan(self.means)
        weights = GUARD_FADING ** np.arange(GUARD_DAYS, dtype=np.float32)[:, None] * known
        days = total(weights, 0)
        mean = total(np.where(known, self.means, 0) * weights, 0) / np.maximum(days, NIL)
        self.level = np.where(days > 0, GUARD * mean, np.float32(np.nan))

    def _keep_high(self, values: F32, at: int) -> None:
        """Remember the highest value of each of the last days."""
        today = at // self.frame.day % HIGH_DAYS
        if at % self.frame.day == 0:
            self.highs[today] = 0
        highest = np.fmax.reduce(values, axis=0)
        np.fmax(self.highs[today], highest, out=self.highs[today])

    def remember(self, values: F32) -> None:
        """Take in the days before the first block for their curves alone, (rows, N)."""
        numbers = self.at - len(values) + np.arange(len(values))
        values = self.belief.of(values, self.highest)
        self.days.remember(values, numbers)
        known, day = ~np.isnan(values), self.frame.day
        begun = _begun(known, np.zeros(values.shape[1], np.float32))
        present = _carried(values, known, np.zeros_like(begun[0]))
        guard = np.zeros_like(present)
        for part in _days(self.at - len(values), self.at, day):
            self.at = int(numbers[part.start])
            guard = self._guard(present[part], begun[part])
            self._keep_high(present[part], self.at)
        self.at = int(numbers[-1]) + 1
        self.now[:] = self.averages[:] = self.past[:] = present[-1]
        self.now[GUARDED], self.now[STILL] = guard[-1], 0
        self.now[SINCE] = total(begun, 0)
        self.learnt += total(known, 0)
        self.days.begin(self.at, guard[-1] / GUARD)

    def said(self) -> F32:
        """The change to each anchor that days say which are like the present one, (1, A, N)."""
        last = np.array((self.at - 1,))
        said = self.alike.said(self.days.coarse, self.at - 1)
        return said.ahead(last, self.frame.whole)

    @property
    def highest(self) -> F32:
        """The highest value of the last days."""
        highest: F32 = np.maximum.reduce(self.highs, axis=0)
        return highest


@lru_cache
def _shares(frame: Frame) -> F32:
    """How much a row counts in the averages of the value and of the curves, (1, all, 1)."""
    short = [2 / (span + 1) for span in SPANS]
    long = [-math.expm1(-frame.grid / minutes) for minutes in LONG_MINUTES]
    return np.array([*short, *long, *CURVES * short[-1:]], np.float32)[None, :, None]


def _days(begin: int, end: int, day: int) -> list[slice]:
    """The rows of a span, cut at midnights."""
    cuts = [begin, *range((begin // day + 1) * day, end, day), end]
    return [slice(a - begin, b - begin) for a, b in pairwise(cuts)]


def _carried(values: F32, known: NDArray[np.bool_], before: F32) -> F32:
    """The values, with each gap filled by the last known one before it."""
    if np.count_nonzero(known) == known.size:
        return values
    if len(values) == 1:
        return np.where(known, values, before)
    whole = np.concatenate((before[None], values))
    at = np.where(known, np.arange(1, len(whole))[:, None], 0)
    np.maximum.accumulate(at, axis=0, out=at)
    return np.take_along_axis(whole, at, axis=0)


def _begun(known: NDArray[np.bool_], before: F32) -> F32:
    """1 from each series' first known row on, else 0, (T, N), after so many such rows."""
    begun = known | (before > NOUGHT)
    if len(known) > 1:
        begun = np.logical_or.accumulate(begun, axis=0)
    return begun.astype(np.float32)
