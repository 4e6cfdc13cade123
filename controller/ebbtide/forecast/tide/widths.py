"""How wide `Tide` is: spreads of its recent errors, with multipliers that keep themselves right.

The spreads are multiplied so that a quantile is exceeded as often as it says (`tide.moving`), and
mixed by their pinball losses; and the mix is kept right in the same way.

Where the mix reaches a rise by an eighth of demand and more, it is stretched before that: who is
beyond it there is a ramp, and a ramp that is missed costs more than a replica. Calm hours are
exceeded the more often, so that all in all a quantile holds what it says.

Two upper quantiles are learnt; the others follow from them, as the tail is taken for exponential:
every halving of the share beyond adds as much.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.arrays import F32, NIL, NOUGHT, ONE, number, running, total
from ebbtide.forecast.tide.expected import LEVELS, Expected
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.memories import SPREAD
from ebbtide.forecast.tide.moving import AIMED, Moving
from ebbtide.forecast.tide.prior import OWN
from ebbtide.forecast.tide.sample import Sample
from ebbtide.forecast.tide.spreads import PLAIN, SPREADS, Spreads, spreads
from ebbtide.forecast.tide.weights import Mix

FIRST, EXPECTED_FIRST = (
    np.array(each, np.float32)[:, None, None] for each in ((1.7, 4.0), (1.0, 1.15))
)
"""Multipliers to begin with: those of errors that fall off exponentially and a bit, and those of
what is expected for each quantile."""
STARTS = np.where(np.arange(SPREADS) < PLAIN + 2, FIRST, EXPECTED_FIRST)[..., None]
"""Those of each spread, (LEVELS, 1, SPREADS, 1)."""
UNMOVED = np.ones((LEVELS, 1, 1, 1), np.float32)
"""What the mix is moved by to begin with."""
FARTHEST = float(np.exp(-1.0)), float(np.exp(1.5))
"""How far the mix may be moved."""
STEEP, STEEPER = number(1.12), number(0.1)
"""From so many times the present value on a rise is a ramp; wholly, if by that many more."""
STRETCH = np.array((1 / 3, 0.2), np.float32)[:, None, None]
"""By how much each width is stretched where the nearer quantile reaches a ramp."""
FAR_MINUTES, CLOSE_MINUTES = 60, 30
"""Minutes ahead from which on spreads are told apart less sharply: errors overlap, so that fewer
losses say which is better; and for what is often exceeded, from which on a bit less."""
OTHERWISE = AIMED - 1
"""What errors within a width count for, if those beyond it count for what is aimed at."""
WORST_LOSS = number(50)
LEAST_LOSS = number(1e-4)
UNKNOWN = number(-np.inf)


class Widths:
    """Multipliers of the spreads at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors = len(frame.anchors)
        self.spreads = Spreads(frame, series)
        self.expected = Expected(frame, series)
        self.multipliers = Moving(frame, series, STARTS)
        self.moved = Moving(frame, series, UNMOVED, FARTHEST)
        self.losses = np.full((LEVELS, anchors, SPREADS, series), LEAST_LOSS)
        self.medians = Flights(frame, series)
        self.known = Flights(frame, OWN, series, roughly=True)
        self.units = Flights(frame, series, first=1.0)
        self.tested = Flights(frame, LEVELS, SPREADS, series, roughly=True)
        self.mixed = Flights(frame, LEVELS, series)
        self.last = np.zeros((LEVELS, anchors, series), np.float32)
        """Widths above the median from the last row on."""

    def turn(self) -> None:
        """The younger generation of multipliers takes the elder's place."""
        self.multipliers.turn()
        self.moved.turn()

    def learn(self, sample: Sample, mix: Mix) -> None:
        """Learn from a block of rows."""
        band, places = sample.band, sample.places
        median = self.medians.exchange(band, places, mix.median)
        error = sample.y - median
        known = self.spreads.measure(sample, mix, median, error)
        before = self.known.exchange(band, places, known[:, :, :OWN])
        unit = self.units.exchange(band, places, mix.scale)
        error /= unit
        made = spreads(known, self.expected.foresee(sample, known, before, error))
        tested = self.tested.exchange(band, places, made.swapaxes(1, 2)).swapaxes(1, 2)
        beyond = np.where(sample.known > NOUGHT, error, UNKNOWN)
        widths = self.multipliers.judge(sample, beyond, tested)
        widths *= made
        weights = self._weigh(_Judged(sample, error, mix.shares, unit / mix.scale), tested)
        level: F32 = np.einsum("tlasn,tlasn->tlan", widths, weights)
        level /= total(weights, 3)
        level *= stretch(mix.median + level[:, 0] * mix.scale, sample.present)
        self.last[:, band.at] = self._kept_right(sample, beyond, level) * mix.scale[-1]

    def _weigh(self, judged: "_Judged", tested: F32) -> F32:
        """Weights of the spreads after each row, (T, LEVELS, A, S, N).

        `tested` are the widths at the origins, and are destroyed.
        """
        band = judged.sample.band
        loss = np.subtract(judged.error[:, None, :, None], tested, out=tested)
        loss = np.maximum(AIMED * loss, OTHERWISE * loss)
        loss *= judged.changed[:, None, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        path = running(self.losses[:, band.at], loss, judged.shares[:, None, :, SPREAD])
        weights = np.asarray(np.minimum.reduce(path, axis=3, keepdims=True) / path, np.float32)
        for _ in range(3):
            np.square(weights, out=weights)
        np.square(weights[:, 0], out=weights[:, 0])  # what is often exceeded is told apart sooner
        near = weights[:, :, : _near(band, FAR_MINUTES)]
        np.square(near, out=near)
        close = weights[:, 0, : _near(band, CLOSE_MINUTES)]
        np.square(close, out=close)
        return weights

    def _kept_right(self, sample: Sample, beyond: F32, widths: F32) -> F32:
        """The last widths, moved so that they too are exceeded as often as they say."""
        band, level = sample.band, widths.swapaxes(1, 2)
        before = self.mixed.exchange(band, sample.places, level).swapaxes(1, 2)
        moved = self.moved.judge(sample, beyond, before[:, :, :, None])
        last: F32 = widths[-1] * moved[-1, :, :, 0]
        np.maximum(last[1], last[0], out=last[1])
        return last


def stretch(reach: F32, present: F32) -> F32:
    """How many times as wide all widths are for the sake of ramps, (T, LEVELS, A, N).

    It depends on how high the nearer quantile reaches, (T, A, N), from the `present` value.
    """
    steeper = STEEPER * present
    rise: F32 = reach - STEEP * present
    np.maximum(rise, NOUGHT, out=rise)
    np.minimum(rise, steeper, out=rise)
    rise /= steeper + NIL
    times: F32 = STRETCH * rise[:, None]
    times += ONE
    return times


@lru_cache
def _near(band: Band, minutes: int) -> int:
    """How many anchors are nearer than that; they come first."""
    return int(np.count_nonzero(band.ahead * band.frame.grid < minutes))


class _Judged(NamedTuple):
    """The errors that a block of rows were foreseen with."""

    sample: Sample
    error: F32
    """In mean changes, as they were known at the origins, (T, A, N)."""
    shares: F32
    """How much each row counts in running means, (T, A, memories, N)."""
    changed: F32
    """Those mean changes over the present ones."""
