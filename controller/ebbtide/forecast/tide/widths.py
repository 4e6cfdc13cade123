"""How wide `Tide` is: spreads of its recent errors, with multipliers that keep themselves right.

Each spread is multiplied so that a quantile is exceeded as often as it says: the logarithm of a
multiplier goes up by `rate * level` with every error beyond it, and down by `rate * (1 - level)`
with every other (the gradient of the pinball loss; adaptive conformal inference, Gibbs and Candes
2021). The rate falls with the rows ahead, since errors that many rows ahead overlap; and a little
of what was learnt leaks away. The spreads are mixed by their pinball losses, and
the mix is kept right in the same way.

What multipliers have learnt fades in months; and yet a successor has to foresee the same from four
weeks of history. So they learn in two generations side by side. At every turn, some days apart, the
elder is given up, the younger takes its place, and a new one begins. What the elder knows is learnt
since the turn before the last: the same for everybody who begins before that.

Two upper quantiles are learnt; the others follow from them, as the tail is taken for exponential:
every halving of the share beyond adds as much.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.expected import LEVELS, Expected
from ebbtide.forecast.tide.frame import F32, Band, Flights, Frame, running, total
from ebbtide.forecast.tide.prior import OWN
from ebbtide.forecast.tide.sample import Sample
from ebbtide.forecast.tide.spreads import PLAIN, SPREADS, Spreads, spreads
from ebbtide.forecast.tide.weights import Mix

AIMED = np.array((0.904, 0.9945), np.float32)[:, None, None, None]
"""What is aimed at for the quantiles: a ramp that is missed costs more than a replica."""
RATE, RATE_POWER = 0.01, 0.75
LEAKS = ((4320.0, 200.0), (20160.0, 200.0))
"""Minutes, and the fewest rows, after which a multiplier of each quantile is its first again."""
FIRST, EXPECTED_FIRST = (
    np.array(each, np.float32)[:, None, None] for each in ((1.7, 4.0), (1.0, 1.15))
)
"""Multipliers to begin with: those of errors that fall off exponentially and a bit, and those of
what is expected for each quantile."""
STARTS = np.where(np.arange(SPREADS) < PLAIN + 2, FIRST, EXPECTED_FIRST)[..., None]
"""Those of each spread, (LEVELS, 1, SPREADS, 1)."""
FARTHEST = np.exp(np.array((-1.0, 1.5), np.float32))
"""How far the mix may be moved."""
GENERATIONS, ELDER, YOUNGER = 2, 0, 1
CHOICE_MEMORY = (2880.0, 200.0)
WORST_LOSS = np.float32(50)
LEAST_LOSS = np.float32(1e-4)


class Widths:
    """Multipliers of the spreads at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors = len(frame.anchors)
        self.spreads = Spreads(frame, series)
        self.expected = Expected(frame, series)
        shape = (LEVELS, anchors, SPREADS, series)
        self.multipliers = np.zeros((GENERATIONS, *shape), np.float32) + STARTS
        self.moved = np.ones((GENERATIONS, LEVELS, anchors, series), np.float32)
        self.losses = np.full(shape, LEAST_LOSS)
        self.medians = Flights(frame, series)
        self.known = Flights(frame, OWN, series)
        self.units = Flights(frame, series)
        self.mixed = Flights(frame, LEVELS, series)
        self.last = np.zeros((LEVELS, anchors, series), np.float32)
        """Widths above the median from the last row on."""

    def turn(self) -> None:
        """The younger generation takes the elder's place."""
        for learnt, first in ((self.multipliers, STARTS), (self.moved, 1)):
            learnt[ELDER] = learnt[YOUNGER]
            learnt[YOUNGER] = first

    def learn(self, sample: Sample, mix: Mix) -> None:
        """Learn from a block of rows."""
        band, numbers = sample.band, sample.numbers
        median = self.medians.exchange(band, numbers, mix.median)
        error = sample.y - median
        known = self.spreads.measure(sample, mix, median, error)
        before = self.known.exchange(band, numbers, known[:, :, :OWN])
        unit = self.units.exchange(band, numbers, mix.scale)
        error /= np.where(unit > 0, unit, 1)
        foreseen, expected = self.expected.foresee(sample, known, before, error)
        judged = _Judged(error, mix.first, unit / mix.scale, sample.known)
        multipliers, weights = self._weigh(band, judged, spreads(before, foreseen))
        widths = multipliers * spreads(known, expected)
        widths *= weights
        self._keep_right(sample, judged, total(widths, 3))
        self.last[:, band.at] *= mix.scale[-1]

    def _weigh(self, band: Band, judged: "_Judged", tested: F32) -> tuple[F32, F32]:
        """Multipliers after each row, and weights of the spreads, (T, LEVELS, A, S, N).

        `tested` are the spreads at the origins, and are destroyed.
        """
        multipliers, (up, base, leak) = self.multipliers[:, :, band.at], judged.pushes(band)
        after, tried, step = np.empty_like(tested), *(np.empty_like(multipliers) for _ in range(2))
        rows = zip(judged.error, up, base, leak * STARTS, tested, after, strict=True)
        for error, more, less, back, spread, kept in rows:
            np.multiply(multipliers, spread, out=tried)
            spread[:] = tried[ELDER]
            np.multiply(error[:, None] > tried, more, out=step)
            step += less
            multipliers *= step
            multipliers += back
            kept[:] = multipliers[ELDER]
        loss = np.subtract(judged.error[:, None, :, None], tested, out=tested)
        loss = np.maximum(AIMED * loss, (AIMED - 1) * loss)
        loss *= judged.changed[:, None, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        share = np.maximum(judged.first, band.pace(CHOICE_MEMORY))
        share *= judged.known
        path = running(self.losses[:, band.at], loss, share[:, None, :, None])
        weights = np.asarray(np.minimum.reduce(path, axis=3, keepdims=True) / path, np.float32)
        for _ in range(4):
            np.square(weights, out=weights)
        weights /= total(weights, 3, keepdims=True)
        return after, weights

    def _keep_right(self, sample: Sample, judged: "_Judged", widths: F32) -> None:
        """The last widths, moved so that they too are exceeded as often as they say."""
        band, level = sample.band, widths.swapaxes(1, 2)
        before = self.mixed.exchange(band, sample.numbers, level).swapaxes(1, 2)
        moved, pushes = self.moved[:, :, band.at], judged.pushes(band)[:, :, :, :, 0]
        for error, more, less, back, width in zip(judged.error, *pushes, before, strict=True):
            step = (error > width * moved) * more
            step += less
            moved *= step
            moved += back
            np.maximum(moved, FARTHEST[0], out=moved)
            np.minimum(moved, FARTHEST[1], out=moved)
        last = widths[-1] * moved[ELDER]
        np.maximum(last[1], last[0], out=last[1])
        self.last[:, band.at] = last


class _Judged(NamedTuple):
    """The errors that a block of rows were foreseen with, (T, A, N)."""

    error: F32
    """In mean changes, as they were known at the origins."""
    first: F32
    """How much a row counts in a plain mean of all so far."""
    changed: F32
    """Those mean changes over the present ones."""
    known: F32

    def pushes(self, band: Band) -> F32:
        """How a multiplier moves with each row, (3, T, LEVELS, A, 1, N).

        What it is multiplied by more if an error is beyond it, what in any case, and the share of
        its first that is added.
        """
        known = self.known[:, None, :, None]
        pushes: F32 = _pushes(band)[:, None] * known
        pushes[1] += 1
        return pushes


@lru_cache
def _pushes(band: Band) -> F32:
    """What a multiplier grows by if an error is beyond it, what in any case, and what leaks away.

    (3, LEVELS, A, 1, 1).
    """
    often = band.often[:, :, None].astype(float)
    rate = often * RATE / band.ahead[:, None, None].astype(float) ** RATE_POWER
    up, down = np.expm1(rate * AIMED), np.expm1(-rate * (1 - AIMED))
    rows = np.array([band.frame.rows(*leak) for leak in LEAKS])[:, None, None, None]
    leak = np.broadcast_to(often / rows, up.shape)
    return np.stack((up - down, down - leak, leak)).astype(np.float32)
