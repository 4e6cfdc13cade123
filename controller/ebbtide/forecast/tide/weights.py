"""How `Tide` mixes its experts: by their recent losses, and never to be worse than persistence.

An expert's weight is (lowest loss / its loss) ^ 20, after exponentially weighted aggregation, for
losses remembered over 3 days, 5 hours and half an hour. The three mixes, their mean and the three
regressions are weighted once more in the same way; and the result yields to the last value where it
was no better over the last days. What that is known to miss is added (`tide.correction`). All
losses are absolute errors over the running mean of the change over the same number of rows, so that
they compare across series and through spikes; at most 20.
"""

from collections.abc import Iterator, Sequence
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
from ebbtide.forecast.tide.beside import Beside, Mixed
from ebbtide.forecast.tide.correction import Correction
from ebbtide.forecast.tide.experts import EVERY, EXPERTS
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.judged import LEAST_LOSS, Judged, paired
from ebbtide.forecast.tide.memories import (
    MIXED,
    MIXES,
    SCALED,
    YIELD_MEMORY,
    YIELDED,
    shares_of_rows,
)
from ebbtide.forecast.tide.options import OPTIONS, corrected, options_of, shares_of
from ebbtide.forecast.tide.regression import FEATURES, Regressions
from ebbtide.forecast.tide.sample import Sample

FINEST = number(5e-4)
"""The least scale, as a multiple of the guard (itself a share of the mean)."""
YIELDS = (1.01, number(0.97))
"""Loss against persistence at which the mix has yielded wholly, and not at all."""
UNSURE = 1.0
"""What is added to the former: errors that overlap say less, so that losses are compared as exactly
as the root of the rows ahead in those that are remembered."""
AT_ONCE = 300
"""Rows of few series that are weighed at once; of many one: what is made of them stays close by."""


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
        self.choice = np.full((anchors, OPTIONS, series), LEAST_LOSS)
        self.rivals = np.full((anchors, 2, series), LEAST_LOSS)
        """Losses of the mix and of the last value."""
        self.shares = np.zeros((anchors, EVERY, series), np.float32)
        """The weight of each expert in the mix."""
        self.shares[:, 0] = 1
        self.mixes = Flights(frame, MIXES, series)
        self.mixed = Flights(frame, series)
        self.correction = Correction(frame, series)

    def judge(self, drawn: Sequence[Sample]) -> Iterator[Mix]:
        """Learn from a block of rows, and mix what the experts foresee from each.

        Bands are learnt from one after the other, the nearest first; what is added to the mix of
        one is known when the others have mixed too.
        """
        made = [self._mixed(sample) for sample in drawn]
        known = self.correction.anchors.beside([mixed for mixed, _ in made])
        for (mixed, mild), others in zip(made, known, strict=True):
            yield self._corrected(mixed, mild, others)

    def _mixed(self, sample: Sample) -> tuple[Mixed, F32]:
        """A block of rows of one band as it is mixed, and milder weights, (T, A, EVERY, N)."""
        judged, band, places = self._measure(sample), sample.band, sample.places
        alone = sample.looked.band is band
        looked = judged.scale if alone else at_least(self.scale, sample.guard)
        self.regressions.foresee(sample, judged.scale, looked)
        mixes, mild, own = self._mix(judged)
        options = options_of(mixes, sample.now[:, :, EXPERTS:])
        before = self.mixes.exchange(band, places, mixes)
        then = options_of(before, sample.then[:, :, EXPERTS:])
        parts = judged.chosen(self.choice[band.at], then)
        mixed: F32 = np.einsum("taon,taon->tan", parts, options)
        back = self.mixed.exchange(band, places, mixed)
        trust = self._trust(judged, back)
        mixed = _towards(sample.present, mixed, trust)
        self.shares[band.at] = shares_of(own, parts[-1], trust[-1])
        back = _towards(sample.back, back, trust)
        return self.correction.mixed(judged, back, mixed), mild

    def _corrected(self, mixed: Mixed, mild: F32, others: Beside) -> Mix:
        """What is foreseen if what a mix misses is added."""
        judged, sample = mixed.judged, mixed.judged.sample
        median = self.correction.add(mixed, others)
        median += mixed.median
        keep_believable(median, (sample.lowest, sample.highest), judged.scale)
        return Mix(judged.shares, judged.scale, median, _apart(mild, median, sample.now))

    def look(self, ahead: Ahead, guard: F32) -> None:
        """Put what regressions foresee beside what experts do, (1, A, E, N)."""
        self.regressions.look(ahead, at_least(self.scale, guard))

    def own(self) -> F32:
        """How much of each expert's way from the last value is foreseen, (A, EXPERTS, N)."""
        shares = corrected(self.shares, self.correction.regressed)
        sloping = self.regressions.ridge.coefficients[:, :, : FEATURES.size]
        own = shares[:, :EXPERTS].copy()
        own[:, FEATURES] += np.einsum("arn,arfn->afn", shares[:, EXPERTS:], sloping)
        return own

    def _measure(self, sample: Sample) -> Judged:
        """How many rows were learnt from, and the running mean of the change."""
        at = sample.band.at
        count = self.count[at] + accumulated(sample.known)
        self.count[at] = count[-1]
        shares = shares_of_rows(sample.band, sample.known, count)
        scale = running(self.scale[at], np.abs(sample.y - sample.back), shares[:, :, SCALED])
        return Judged(sample, at_least(scale, sample.guard), shares)

    def _mix(self, judged: Judged) -> tuple[F32, F32, F32]:
        """What everyone foresees, mixed by each memory, (T, A, MIXES, N).

        And milder weights by the longest of them, (T, A, EVERY, N), and all weights by the last
        row, (A, MIXES, EVERY, N), which add up to one.
        """
        now = judged.sample.now
        rows, anchors, _, series = now.shape
        mixes, mild = blank(rows, anchors, MIXES, series), blank(*now.shape)
        last = np.empty_like(self.losses[judged.sample.band.at])
        step = AT_ONCE if series < WIDE else 1
        for begin in range(0, rows, step):
            here = slice(begin, min(begin + step, rows))
            weights = self._weigh(judged, here)
            np.einsum("taken,taen->takn", weights, now[here], out=mixes[here])
            np.sqrt(weights[:, :, 0], out=mild[here])
            last[:] = weights[-1]
        return mixes, np.sqrt(mild, out=mild), last

    def _weigh(self, judged: Judged, rows: slice) -> F32:
        """Learn the losses of some rows: the weights after each of them, (T, A, MIXES, EVERY, N).

        They add up to one.
        """
        losses = judged.losses(judged.sample.then[rows], rows)[:, :, None]
        shares = judged.shares[rows, :, MIXED, None]
        path = running(self.losses[judged.sample.band.at], losses, shares)
        weights = sharpened(path, axis=3)
        weights /= total(weights, 3, keepdims=True)
        return weights

    def _trust(self, judged: Judged, back: F32) -> F32:
        """How much of the mix is followed, (T, A, N); the rest is the last value."""
        rivals, share = self.rivals[judged.sample.band.at], judged.shares[:, :, YIELDED]
        loss = judged.losses(paired(back, judged.sample.back))
        path = running(rivals, loss, share)
        trust: F32 = path[:, :, 0] / path[:, :, 1]
        wholly, between = _yielding(judged.sample.band)
        np.subtract(wholly, trust, out=trust)
        trust /= between
        np.maximum(trust, NOUGHT, out=trust)
        return np.minimum(trust, ONE, out=trust)


def _towards(last: F32, mixed: F32, trust: F32) -> F32:
    """What is foreseen if a mix is followed so far from the last value."""
    foreseen = mixed - last
    foreseen *= trust
    foreseen += last
    return foreseen


def at_least(scale: F32, guard: F32) -> F32:
    """A mean change that is no less than a small share of the mean."""
    return np.asarray(np.maximum(scale, FINEST * guard + NIL))


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
