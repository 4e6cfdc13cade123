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

from ebbtide.forecast.tide_experts import EXPERTS
from ebbtide.forecast.tide_frame import F32, NIL, Band, Frame, running, sharpened, total
from ebbtide.forecast.tide_regression import REGRESSIONS, Regressions
from ebbtide.forecast.tide_sample import ELDER, GENERATIONS, Flights, Sample

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
YIELDS = (1.03, 0.98)
"""Loss against persistence at which the mix has yielded wholly, and not at all."""
BASE = MIXES + REGRESSIONS
OPTIONS = BASE + 1 + REGRESSIONS


class Mix(NamedTuple):
    """A block of rows as they were judged, and what is foreseen from each, (T, A, G, N)."""

    first: F32
    """How much a row counts in a plain mean of all so far."""
    scale: F32
    """Running mean of the change over so many rows."""
    median: F32
    """What the mix foresees from each row."""
    apart: F32
    """How far the experts lie above it and below it, (T, A, 2, G, N)."""


class Weights:
    """What is known of the experts' losses, at every anchor of a band and for every series."""

    def __init__(self, frame: Frame, band: Band, series: int) -> None:
        self.frame, self.band = frame, band
        anchors, trail = len(band.anchors), (GENERATIONS, series)
        self.regressions = Regressions(frame, band, series)
        self.count = np.zeros((anchors, *trail), np.float32)
        self.scale = np.zeros((anchors, *trail), np.float32)
        every = EXPERTS + REGRESSIONS
        self.losses = np.full((MIXES, anchors, every, *trail), LEAST_LOSS)
        self.choice = np.full((anchors, OPTIONS, *trail), LEAST_LOSS)
        self.rivals = np.full((anchors, 2, *trail), LEAST_LOSS)
        """Losses of the mix and of the last value."""
        self.shares = np.zeros((anchors, every, series), np.float32)
        """The weight of each expert in what the elder generation foresees."""
        self.shares[:, 0] = 1
        self.fitted = Flights(band, REGRESSIONS, *trail)
        self.mixes = Flights(band, MIXES, *trail)
        self.mixed = Flights(band, *trail)

    def judge(self, sample: Sample) -> Mix:
        """Learn from a block of rows, and mix what the experts foresee from each."""
        judged = self._measure(sample)
        regressed = self.regressions.foresee(sample, judged.scale)
        fitted = self.fitted.exchange(sample.at, regressed)
        mixes, weights, slow = self._mix(judged, fitted, regressed)
        back = _options(self.mixes.exchange(sample.at, mixes), fitted)
        parts = self._choose(judged, back)
        mixed = total(parts * _options(mixes, regressed), 2)
        trust = self._trust(judged, self.mixed.exchange(sample.at, mixed))
        self._share(weights, parts[-1, :, :, ELDER], trust[-1, :, ELDER])
        mixed -= sample.y
        mixed *= trust
        mixed += sample.y
        np.maximum(mixed, 0, out=mixed)
        apart = _apart(slow, mixed, (sample.now, regressed))
        return Mix(judged.first, judged.scale, mixed, apart)

    def _measure(self, sample: Sample) -> "_Judged":
        """How many rows were learnt from, and the running mean of the change."""
        count = self.count + np.add.accumulate(sample.known, axis=0)
        self.count = count[-1]
        first = np.asarray(1 / np.maximum(count, 1), np.float32)
        judged = _Judged(sample, first, self.scale)
        share = judged.share(self._pace(SCALE_MEMORY))[:, :, 0]
        scale = running(self.scale, np.abs(sample.y - sample.back), share)
        return judged._replace(scale=np.maximum(scale, FINEST * sample.guard + NIL))

    def _pace(self, memory: tuple[float, float]) -> float:
        """How much a row counts in the long run in a memory of minutes, and the fewest rows."""
        return min(1.0, self.band.every / self.frame.rows(*memory))

    def _mix(self, judged: "_Judged", fitted: F32, regressed: F32) -> tuple[F32, F32, F32]:
        """The mix by each memory, (T, A, MIXES, G, N), and the elder's weights in the last row.

        The weights are (MIXES, A, EXPERTS + REGRESSIONS, N). The third are milder weights.
        """
        loss = judged.losses(judged.sample.then, fitted)
        rows, anchors, every, *trail = loss.shape
        mixes = np.empty((rows, anchors, MIXES, *trail), np.float32)
        last = np.empty((MIXES, anchors, every, trail[-1]), np.float32)
        mild = loss
        for i, memory in enumerate(MEMORIES):
            path = running(self.losses[i], loss, judged.share(self._pace(memory)))
            weights = sharpened(path, axis=2)
            mild = mild if i else np.sqrt(np.sqrt(weights))
            last[i] = weights[-1, :, :, ELDER]
            weights[:, :, EXPERTS:] *= regressed
            weights[:, :, :EXPERTS] *= judged.sample.now
            np.add.reduce(weights, axis=2, out=mixes[:, :, i])
        return mixes, last, mild

    def _choose(self, judged: "_Judged", back: F32) -> F32:
        """The weight of each option, (T, A, OPTIONS, G, N)."""
        share = judged.share(self._pace(CHOICE_MEMORY))
        return sharpened(running(self.choice, judged.losses(back), share), axis=2)

    def _trust(self, judged: "_Judged", back: F32) -> F32:
        """How much of the mix is followed, (T, A, G, N); the rest is the last value."""
        loss = judged.losses(back[:, :, None], judged.sample.back[:, :, None])
        path = running(self.rivals, loss, judged.share(self._pace(YIELD_MEMORY)))
        trust: F32 = path[:, :, 0] / path[:, :, 1]
        np.subtract(YIELDS[0], trust, out=trust)
        trust /= YIELDS[0] - YIELDS[1]
        np.maximum(trust, 0, out=trust)
        return np.minimum(trust, 1, out=trust)

    def _share(self, weights: F32, parts: F32, trust: F32) -> None:
        """Keep the weight of each expert and regression in what is foreseen, for the elder."""
        regressed, halves = parts[:, MIXES + 1 : BASE + 1], parts[:, BASE + 1 :]
        mean = total(halves, 1, keepdims=True)
        mean /= 2
        mean += parts[:, MIXES : MIXES + 1]
        mean /= MIXES
        own = parts[:, :MIXES] + mean
        weights *= own.swapaxes(0, 1)[:, :, None]
        np.add.reduce(weights, axis=0, out=self.shares)
        self.shares[:, EXPERTS:] += regressed + halves / 2
        self.shares *= trust[:, None]
        self.shares[:, 0] += 1 - trust


class _Judged(NamedTuple):
    """A block of rows to judge forecasts by."""

    sample: Sample
    first: F32
    """How much a row counts in a plain mean of all so far, (T, A, G, N)."""
    scale: F32

    def losses(self, *tried: F32) -> F32:
        """Losses of what was foreseen for each row, (T, A, tried, G, N)."""
        rows, anchors, *trail = self.scale.shape
        count = sum(each.shape[2] for each in tried)
        loss = np.empty((rows, anchors, count, *trail), np.float32)
        begin, y = 0, self.sample.y[:, :, None]
        for each in tried:
            np.subtract(each, y, out=loss[:, :, begin : begin + each.shape[2]])
            begin += each.shape[2]
        np.abs(loss, out=loss)
        loss /= self.scale[:, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        return loss

    def share(self, pace: float) -> F32:
        """How much each row counts in a running mean, (T, A, 1, G, N)."""
        share = np.maximum(self.first, np.float32(pace))
        share *= self.sample.known
        return share[:, :, None]


def _apart(weights: F32, median: F32, tried: Sequence[F32]) -> F32:
    """How far the experts lie above a median and below it, by their weights, (T, A, 2, G, N)."""
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
    rows, anchors, _, *trail = mixes.shape
    out = np.empty((rows, anchors, OPTIONS, *trail), np.float32)
    out[:, :, :MIXES] = mixes
    mean, halves = out[:, :, MIXES], out[:, :, BASE + 1 :]
    np.add.reduce(mixes, axis=2, out=mean)
    mean /= MIXES
    out[:, :, MIXES + 1 : BASE + 1] = regressed
    np.add(regressed, mean[:, :, None], out=halves)
    halves /= 2
    return out
