"""How wide `Tide` is: spreads of its recent errors, with multipliers that keep themselves right.

Each spread is multiplied so that a quantile is exceeded as often as it says: the logarithm of a
multiplier goes up by `rate * level` with every error beyond it, and down by `rate * (1 - level)`
with every other (the gradient of the pinball loss; adaptive conformal inference, Gibbs and Candes
2021). The rate falls with the rows ahead, since errors that many rows ahead overlap. The spreads
are mixed by their pinball losses, and the mix is kept right in the same way.

Two upper quantiles are learnt; the others follow from them, as the tail is taken for exponential:
every halving of the share beyond adds as much.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide_frame import F32, Band, Frame, running, total
from ebbtide.forecast.tide_sample import GENERATIONS, Flights, Sample
from ebbtide.forecast.tide_spreads import BASE, SPREADS, Spreads, spreads
from ebbtide.forecast.tide_weights import Mix

LEARNT = (0.9, 0.99)
"""The quantiles that are learnt."""
AIMED = np.array((0.904, 0.993), np.float32)[:, None, None, None, None]
"""What is aimed at for them: a ramp that is missed costs more than a replica."""
RATE, RATE_POWER = 0.01, 0.75
FIRST = np.array((1.7, 3.4), np.float32)[:, None, None, None, None]
"""Multipliers to begin with: those of errors that fall off exponentially, and a bit."""
FARTHEST = np.exp(np.array((-1.0, 1.5), np.float32))
"""How far the mix may be moved."""
CHOICE_MEMORY = (2880.0, 200.0)
WORST_LOSS = np.float32(50)
LEAST_LOSS = np.float32(1e-4)


class Widths:
    """Multipliers of the spreads at every anchor of a band and for every series."""

    def __init__(self, frame: Frame, band: Band, series: int) -> None:
        self.band, anchors, trail = band, len(band.anchors), (GENERATIONS, series)
        self.pace = min(1.0, band.every / frame.rows(*CHOICE_MEMORY))
        self.spreads = Spreads(frame, band, series)
        shape = (len(LEARNT), anchors, SPREADS, *trail)
        self.multipliers = np.zeros(shape, np.float32) + FIRST
        self.multipliers[:, :, -1] = 1  # those of what is expected for each level
        self.losses = np.full(shape, LEAST_LOSS)
        self.moved = np.ones((len(LEARNT), anchors, *trail), np.float32)
        self.medians = Flights(band, *trail)
        self.bases = Flights(band, BASE, *trail)
        self.mixed = Flights(band, len(LEARNT), *trail)
        self.last = np.zeros((len(LEARNT), anchors, *trail), np.float32)
        """Widths above the median from the last row on."""

    def learn(self, sample: Sample, mix: Mix) -> None:
        """Learn from a block of rows."""
        foreseen = self.medians.exchange(sample.at, mix.median)
        error = sample.y - foreseen
        base = self.spreads.measure(sample, mix, foreseen, np.abs(error))
        before = spreads(self.bases.exchange(sample.at, base))
        judged = _Judged(error, mix, sample.known)
        multipliers, weights = self._weigh(judged, before)
        widths = multipliers * spreads(base)
        widths *= weights
        self._keep_right(sample.at, judged, total(widths, 3))

    def _weigh(self, judged: "_Judged", before: F32) -> tuple[F32, F32]:
        """Multipliers after each row, and weights of the spreads, (T, LEARNT, A, S, G, N)."""
        tested = np.empty((len(before), *self.multipliers.shape), np.float32)
        after = np.empty_like(tested)
        for row, spread in enumerate(before):
            np.multiply(self.multipliers, spread, out=tested[row])
            beyond = judged.error[row, :, None] > tested[row]
            self.multipliers *= self._step(beyond, judged.known[row, :, None])
            after[row] = self.multipliers
        loss = np.subtract(judged.error[:, None, :, None], tested, out=tested)
        loss = np.maximum(AIMED * loss, (AIMED - 1) * loss)
        loss /= judged.mix.scale[:, None, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        share = np.maximum(judged.mix.first, np.float32(self.pace))
        share *= judged.known
        path = running(self.losses, loss, share[:, None, :, None])
        weights = np.asarray(np.minimum.reduce(path, axis=3, keepdims=True) / path, np.float32)
        for _ in range(4):
            np.square(weights, out=weights)
        weights /= total(weights, 3, keepdims=True)
        return after, weights

    def _keep_right(self, at: int, judged: "_Judged", widths: F32) -> None:
        """The last widths, moved so that they too are exceeded as often as they say."""
        before = self.mixed.exchange(at, widths.swapaxes(1, 2)).swapaxes(1, 2)
        for row, width in enumerate(before):
            beyond = judged.error[row] > width * self.moved
            self.moved *= self._step(beyond[:, :, None], judged.known[row, :, None])[:, :, 0]
            np.maximum(self.moved, FARTHEST[0], out=self.moved)
            np.minimum(self.moved, FARTHEST[1], out=self.moved)
        np.multiply(widths[-1], self.moved, out=self.last)
        np.maximum(self.last[1], self.last[0], out=self.last[1])

    def _step(self, beyond: F32, known: F32) -> F32:
        """What multipliers are multiplied by, by whether an error was beyond them."""
        up, down = _pushes(self.band)
        step: F32 = beyond * up
        step += down
        step *= known
        step += 1
        return step


class _Judged(NamedTuple):
    """The errors that a block of rows were foreseen with, (T, A, G, N)."""

    error: F32
    mix: Mix
    known: F32


@lru_cache
def _pushes(band: Band) -> tuple[F32, F32]:
    """What a multiplier grows by with any error, and what more if beyond, (LEARNT, A, 1, 1, 1)."""
    rate = band.every * RATE / band.ahead[:, None, None, None].astype(float) ** RATE_POWER
    up, down = np.expm1(rate * AIMED), np.expm1(-rate * (1 - AIMED))
    return (up - down).astype(np.float32), down.astype(np.float32)
