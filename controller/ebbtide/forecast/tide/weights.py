"""How `Tide` mixes its experts: by their recent losses, and never to be worse than persistence.

An expert's weight is (lowest loss / its loss) ^ 20, after exponentially weighted aggregation, for
losses remembered over 3 days, 5 hours and 1 hour. The three mixes, their mean and the three
regressions are weighted once more in the same way; and the result yields to the last value where it
was no better over the last days. All losses are absolute errors over the running mean of the change
over the same number of rows, so that they compare across series and through spikes; at most 20.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.ahead import Ahead, keep_believable
from ebbtide.forecast.tide.arrays import (
    F32,
    NIL,
    NOUGHT,
    ONE,
    WIDE,
    accumulated,
    blank,
    number,
    running,
    sharpened,
    total,
)
from ebbtide.forecast.tide.equations import lessons, taught, within
from ebbtide.forecast.tide.experts import EVERY, EXPERTS
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.memories import (
    CHOSEN,
    MIXED,
    MIXES,
    SCALED,
    YIELD_MEMORY,
    YIELDED,
    shares_of_rows,
)
from ebbtide.forecast.tide.options import OPTIONS, options_of, shares_of
from ebbtide.forecast.tide.regression import Regressions
from ebbtide.forecast.tide.sample import Sample

WORST_LOSS = number(20)
LEAST_LOSS = number(1e-4)
FINEST = number(5e-4)
"""The least scale, as a multiple of the guard (itself a share of the mean)."""
YIELDS = (1.02, number(0.98))
"""Loss against persistence at which the mix has yielded wholly, and not at all."""
UNSURE = 1.0
"""What is added to the former: errors that overlap say less, so that losses are compared as exactly
as the root of the rows ahead in those that are remembered."""
LESSON_MINUTES = 2
"""Minutes of which one teaches what the experts' weights in each mix are."""
AT_ONCE = 300
"""Rows of few series that are weighed at once; of many one: what is made of them stays close by."""
ALL = slice(None)


class Mix(NamedTuple):
    """A block of rows as they were judged, and what is foreseen from each, (T, A, N)."""

    shares: F32
    """How much each row counts in running means, (T, A, memories, N)."""
    scale: F32
    """Running mean of the change over so many rows."""
    median: F32
    """What the mix foresees from each row."""
    apart: F32
    """How far the experts lie above it and below it, (T, A, 2, N)."""


class Weights:
    """What is known of the experts' losses, at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors = len(frame.anchors)
        self.regressions = Regressions(frame, series)
        self.count = np.zeros((anchors, series), np.float32)
        """Rows that were learnt from."""
        self.scale = np.zeros((anchors, series), np.float32)
        self.losses = np.full((anchors, MIXES, EVERY, series), LEAST_LOSS)
        self.weighing = np.zeros((anchors, MIXES, EVERY, series), np.float32)
        """The weight of each expert in each mix, as it was taught last."""
        self.weighing[:, :, 0] = 1
        self.choice = np.full((anchors, OPTIONS, series), LEAST_LOSS)
        self.rivals = np.full((anchors, 2, series), LEAST_LOSS)
        """Losses of the mix and of the last value."""
        self.shares = np.zeros((anchors, EVERY, series), np.float32)
        """The weight of each expert in what is foreseen."""
        self.shares[:, 0] = 1
        self.options = Flights(frame, OPTIONS, series)
        self.mixed = Flights(frame, series)

    def judge(self, sample: Sample) -> Mix:
        """Learn from a block of rows, and mix what the experts foresee from each."""
        judged, band, places = self._measure(sample), sample.band, sample.places
        alone = sample.looked.band is band
        looked = judged.scale if alone else _at_least(self.scale, sample.guard)
        self.regressions.foresee(sample, judged.scale, looked)
        mixes, mild, own = self._mix(judged)
        options = options_of(mixes, sample.now[:, :, EXPERTS:])
        parts = self._choose(judged, self.options.exchange(band, places, options))
        mixed: F32 = np.einsum("taon,taon->tan", parts, options)
        trust = self._trust(judged, self.mixed.exchange(band, places, mixed))
        self.shares[band.at] = shares_of(own, parts[-1], trust[-1])
        mixed -= sample.present
        mixed *= trust
        mixed += sample.present
        keep_believable(mixed, (sample.lowest, sample.highest), judged.scale)
        return Mix(judged.shares, judged.scale, mixed, _apart(mild, mixed, sample.now))

    def look(self, ahead: Ahead, guard: F32) -> None:
        """Put what regressions foresee beside what experts do, (1, A, E, N)."""
        self.regressions.look(ahead, _at_least(self.scale, guard))

    def _measure(self, sample: Sample) -> "_Judged":
        """How many rows were learnt from, and the running mean of the change."""
        at = sample.band.at
        count = self.count[at] + accumulated(sample.known)
        self.count[at] = count[-1]
        shares = shares_of_rows(sample.band, sample.known, count)
        scale = running(self.scale[at], np.abs(sample.y - sample.back), shares[:, :, SCALED])
        return _Judged(sample, _at_least(scale, sample.guard), shares)

    def _mix(self, judged: "_Judged") -> tuple[F32, F32, F32]:
        """What everyone foresees, mixed by each memory, (T, A, MIXES, N).

        And milder weights by the longest of them, (T, A, EVERY, N), and all weights by the last
        row, (A, MIXES, EVERY, N), which add up to one.
        """
        now, band, numbers = judged.sample.now, judged.sample.band, judged.sample.numbers
        weights = before = self.weighing[band.at]
        rows, anchors, _, series = now.shape
        mixes, mild = blank(rows, anchors, MIXES, series), blank(*now.shape)
        step, every = AT_ONCE if series < WIDE else 1, taught(band, numbers, LESSON_MINUTES)
        for begin in range(0, rows, step):
            end = min(begin + step, rows)
            due = within(every, begin, end)
            spans = [(slice(begin, min(due.start, end)), weights[None])]
            if due.start < end:
                made = self._weigh(judged, due)
                offsets = range(due.start, min(due.start + due.step, end))
                spans += [(slice(i, end, due.step), made) for i in offsets]
                weights = made[-1]
            for here, taken in spans:
                ahead = now[here]
                np.einsum("taken,taen->takn", taken[: len(ahead)], ahead, out=mixes[here])
                np.sqrt(taken[: len(ahead), :, 0], out=mild[here])
        if weights is not before:
            self.weighing[band.at] = weights
        return mixes, np.sqrt(mild, out=mild), weights

    def _weigh(self, judged: "_Judged", due: slice) -> F32:
        """Learn the losses of some rows: the weights after each of them, (T, A, MIXES, EVERY, N).

        They add up to one.
        """
        band = judged.sample.band
        shares = judged.shares[due, :, MIXED, None] * _lessons_each(band)
        np.minimum(shares, ONE, out=shares)
        losses = judged.losses(judged.sample.then[due], due)[:, :, None]
        path = running(self.losses[band.at], losses, shares)
        weights = sharpened(path, axis=3)
        weights /= total(weights, 3, keepdims=True)
        return weights

    def _choose(self, judged: "_Judged", back: F32) -> F32:
        """The weight of each option, (T, A, OPTIONS, N)."""
        losses, share = self.choice[judged.sample.band.at], judged.shares[:, :, CHOSEN]
        parts = sharpened(running(losses, judged.losses(back), share), axis=2)
        parts /= total(parts, 2, keepdims=True)
        return parts

    def _trust(self, judged: "_Judged", back: F32) -> F32:
        """How much of the mix is followed, (T, A, N); the rest is the last value."""
        rivals, share = self.rivals[judged.sample.band.at], judged.shares[:, :, YIELDED]
        tried = blank(*back.shape[:2], 2, back.shape[-1])
        tried[:, :, 0], tried[:, :, 1] = back, judged.sample.back
        loss = judged.losses(tried)
        path = running(rivals, loss, share)
        trust: F32 = path[:, :, 0] / path[:, :, 1]
        wholly, between = _yielding(judged.sample.band)
        np.subtract(wholly, trust, out=trust)
        trust /= between
        np.maximum(trust, NOUGHT, out=trust)
        return np.minimum(trust, ONE, out=trust)


def _at_least(scale: F32, guard: F32) -> F32:
    """A mean change that is no less than a small share of the mean."""
    return np.asarray(np.maximum(scale, FINEST * guard + NIL))


class _Judged(NamedTuple):
    """A block of rows to judge forecasts by."""

    sample: Sample
    scale: F32
    """Running mean of the change over so many rows."""
    shares: F32
    """How much each row counts in running means, (T, A, memories, N)."""

    def losses(self, tried: F32, rows: slice = ALL) -> F32:
        """Losses of what was foreseen for some rows, (T, A, tried, N)."""
        loss = tried - self.sample.y[rows, :, None]
        np.abs(loss, out=loss)
        loss /= self.scale[rows, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        return loss


@lru_cache
def _lessons_each(band: Band) -> F32:
    """How many rows that are learnt each that teaches stands for, (A, 1, 1, 1)."""
    return np.asarray(lessons(band, LESSON_MINUTES) / band.often)[:, :, None, None]


@lru_cache
def _yielding(band: Band) -> tuple[F32, F32]:
    """The loss against persistence at which the mix has yielded wholly, (1, A, 1).

    And how much less it is where it has not at all.
    """
    overlapping = np.sqrt(band.ahead[None, :, None] / band.frame.rows(*YIELD_MEMORY))
    wholly = np.asarray(YIELDS[0] + UNSURE * overlapping, np.float32)
    return wholly, wholly - YIELDS[1]


def _apart(weights: F32, median: F32, tried: F32) -> F32:
    """How far the experts lie above a median and below it, by their weights, (T, A, 2, N)."""
    out, away = blank(*median.shape[:2], 2, *median.shape[2:]), tried - median[:, :, None]
    both = np.einsum("taen,taen->tan", away, weights)
    above = np.einsum("taen,taen->tan", np.maximum(away, NOUGHT), weights)
    out[:, :, 0], out[:, :, 1] = above, above - both
    out /= total(weights, 2, keepdims=True)
    return np.maximum(out, NOUGHT, out=out)
