"""How `Tide` mixes its experts: by their recent losses, and never to be worse than persistence.

An expert's weight is (lowest loss / its loss) ^ 20, after exponentially weighted aggregation, for
losses remembered over 4 days, 5 hours and 1 hour. The three mixes, two regressions and their means
are weighted once more in the same way; and the result yields to the last value where it was no
better over the last days. All losses are absolute errors over the running mean of the change over
the same number of rows, so that they compare across series and through spikes; at most 20.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.experts import EXPERTS, highest
from ebbtide.forecast.tide.frame import F32, NIL, Flights, Frame, running, sharpened, total
from ebbtide.forecast.tide.regression import REGRESSIONS, Regressions
from ebbtide.forecast.tide.sample import Sample

MEMORIES = ((5760.0, 150.0), (300.0, 40.0), (60.0, 12.0))
"""Minutes that losses are remembered for, and the fewest rows."""
MIXES = len(MEMORIES)
SCALE_MEMORY = (1440.0, 100.0)
CHOICE_MEMORY = (2880.0, 150.0)
YIELD_MEMORY = (2880.0, 200.0)
WORST_LOSS = np.float32(20)
LEAST_LOSS = np.float32(1e-4)
FINEST = np.float32(5e-4)
"""The least scale, as a multiple of the guard (itself a share of the mean)."""
BEYOND = np.float32(3)
"""Mean changes that the mix may lie above all experts who start from the present: after a fall,
those who remember what was before it are not believed."""
YIELDS = (1.03, 0.98)
"""Loss against persistence at which the mix has yielded wholly, and not at all."""
BASE = MIXES + REGRESSIONS
OPTIONS = BASE + 1 + REGRESSIONS


class Mix(NamedTuple):
    """A block of rows as they were judged, and what is foreseen from each, (T, A, N)."""

    first: F32
    """How much a row counts in a plain mean of all so far."""
    scale: F32
    """Running mean of the change over so many rows."""
    median: F32
    """What the mix foresees from each row."""
    apart: F32
    """How far the experts lie above it and below it, (T, A, 2, N)."""


class Weights:
    """What is known of the experts' losses, at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors, every = len(frame.anchors), EXPERTS + REGRESSIONS
        self.regressions = Regressions(frame, series)
        self.count = np.zeros((anchors, series), np.float32)
        """Rows that were learnt from."""
        self.scale = np.zeros((anchors, series), np.float32)
        self.losses = np.full((MIXES, anchors, every, series), LEAST_LOSS)
        self.choice = np.full((anchors, OPTIONS, series), LEAST_LOSS)
        self.rivals = np.full((anchors, 2, series), LEAST_LOSS)
        """Losses of the mix and of the last value."""
        self.shares = np.zeros((anchors, every, series), np.float32)
        """The weight of each expert in what is foreseen."""
        self.shares[:, 0] = 1
        self.mixes = Flights(frame, MIXES, series)
        self.mixed = Flights(frame, series)

    def judge(self, sample: Sample) -> Mix:
        """Learn from a block of rows, and mix what the experts foresee from each."""
        judged, band, numbers = self._measure(sample), sample.band, sample.numbers
        fitted, regressed = self.regressions.foresee(sample, judged.scale)
        mixes, weights, slow = self._mix(judged, fitted, regressed)
        back = _options(self.mixes.exchange(band, numbers, mixes), fitted)
        parts = self._choose(judged, back)
        mixed = total(parts * _options(mixes, regressed), 2)
        trust = self._trust(judged, self.mixed.exchange(band, numbers, mixed))
        self.shares[band.at] = _shares(weights, parts[-1], trust[-1])
        mixed -= sample.y
        mixed *= trust
        mixed += sample.y
        np.minimum(mixed, highest(sample.now) + BEYOND * judged.scale, out=mixed)
        np.maximum(mixed, 0, out=mixed)
        apart = _apart(slow, mixed, (sample.now, regressed))
        return Mix(judged.first, judged.scale, mixed, apart)

    def _measure(self, sample: Sample) -> "_Judged":
        """How many rows were learnt from, and the running mean of the change."""
        at = sample.band.at
        count = self.count[at] + np.add.accumulate(sample.known, axis=0)
        self.count[at] = count[-1]
        first = np.asarray(1 / np.maximum(count, 1), np.float32)
        judged = _Judged(sample, first, first)
        share = judged.share(SCALE_MEMORY)[:, :, 0]
        scale = running(self.scale[at], np.abs(sample.y - sample.back), share)
        return judged._replace(scale=np.maximum(scale, FINEST * sample.guard + NIL))

    def _mix(self, judged: "_Judged", fitted: F32, regressed: F32) -> tuple[F32, F32, F32]:
        """The mix by each memory, (T, A, MIXES, N), and the weights in the last row.

        The weights are (MIXES, A, EXPERTS + REGRESSIONS, N). The third are milder weights.
        """
        sample = judged.sample
        loss = judged.losses(sample.then, fitted)
        rows, anchors, every, series = loss.shape
        mixes = np.empty((rows, anchors, MIXES, series), np.float32)
        last = np.empty((MIXES, anchors, every, series), np.float32)
        mild = loss
        for i, memory in enumerate(MEMORIES):
            path = running(self.losses[i, sample.band.at], loss, judged.share(memory))
            weights = sharpened(path, axis=2)
            mild = mild if i else np.sqrt(np.sqrt(weights))
            last[i] = weights[-1]
            weights[:, :, EXPERTS:] *= regressed
            weights[:, :, :EXPERTS] *= sample.now
            np.add.reduce(weights, axis=2, out=mixes[:, :, i])
        return mixes, last, mild

    def _choose(self, judged: "_Judged", back: F32) -> F32:
        """The weight of each option, (T, A, OPTIONS, N)."""
        losses, share = self.choice[judged.sample.band.at], judged.share(CHOICE_MEMORY)
        return sharpened(running(losses, judged.losses(back), share), axis=2)

    def _trust(self, judged: "_Judged", back: F32) -> F32:
        """How much of the mix is followed, (T, A, N); the rest is the last value."""
        rivals, share = self.rivals[judged.sample.band.at], judged.share(YIELD_MEMORY)
        loss = judged.losses(back[:, :, None], judged.sample.back[:, :, None])
        path = running(rivals, loss, share)
        trust: F32 = path[:, :, 0] / path[:, :, 1]
        np.subtract(YIELDS[0], trust, out=trust)
        trust /= YIELDS[0] - YIELDS[1]
        np.maximum(trust, 0, out=trust)
        return np.minimum(trust, 1, out=trust)


class _Judged(NamedTuple):
    """A block of rows to judge forecasts by."""

    sample: Sample
    first: F32
    """How much a row counts in a plain mean of all so far, (T, A, N)."""
    scale: F32

    def losses(self, *tried: F32) -> F32:
        """Losses of what was foreseen for each row, (T, A, tried, N)."""
        rows, anchors, series = self.scale.shape
        count = sum(each.shape[2] for each in tried)
        loss = np.empty((rows, anchors, count, series), np.float32)
        begin, y = 0, self.sample.y[:, :, None]
        for each in tried:
            np.subtract(each, y, out=loss[:, :, begin : begin + each.shape[2]])
            begin += each.shape[2]
        np.abs(loss, out=loss)
        loss /= self.scale[:, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        return loss

    def share(self, memory: tuple[float, float]) -> F32:
        """How much each row counts in a running mean, (T, A, 1, N)."""
        share = np.maximum(self.first, self.sample.band.pace(memory))
        share *= self.sample.known
        return share[:, :, None]


def _shares(weights: F32, parts: F32, trust: F32) -> F32:
    """The weight of each expert and regression in what is foreseen, (A, experts, N).

    `weights` are theirs in each mix, (MIXES, A, experts, N), and are destroyed.
    """
    regressed, halves = parts[:, MIXES + 1 : BASE + 1], parts[:, BASE + 1 :]
    mean = total(halves, 1, keepdims=True)
    mean /= 2
    mean += parts[:, MIXES : MIXES + 1]
    mean /= MIXES
    own = parts[:, :MIXES] + mean
    weights *= own.swapaxes(0, 1)[:, :, None]
    shares = total(weights, 0)
    shares[:, EXPERTS:] += regressed + halves / 2
    shares *= trust[:, None]
    shares[:, 0] += 1 - trust
    return shares


def _apart(weights: F32, median: F32, tried: Sequence[F32]) -> F32:
    """How far the experts lie above a median and below it, by their weights, (T, A, 2, N)."""
    shape = (*median.shape[:2], 2, *median.shape[2:])
    out, begin = np.zeros(shape, np.float32), 0
    for each in tried:
        above = each - median[:, :, None]
        weighed = weights[:, :, begin : begin + each.shape[2]]
        begin += each.shape[2]
        out[:, :, 1] -= total(above * weighed, 2)
        np.maximum(above, 0, out=above)
        above *= weighed
        out[:, :, 0] += total(above, 2)
    out[:, :, 1] += out[:, :, 0]
    out /= total(weights, 2, keepdims=True)
    return np.maximum(out, 0, out=out)


def _options(mixes: F32, regressed: F32) -> F32:
    """What is chosen from: the mixes, their mean, the regressions, and those half with the mean."""
    rows, anchors, _, series = mixes.shape
    out = np.empty((rows, anchors, OPTIONS, series), np.float32)
    out[:, :, :MIXES] = mixes
    mean, halves = out[:, :, MIXES], out[:, :, BASE + 1 :]
    np.add.reduce(mixes, axis=2, out=mean)
    mean /= MIXES
    out[:, :, MIXES + 1 : BASE + 1] = regressed
    np.add(regressed, mean[:, :, None], out=halves)
    halves /= 2
    return out
