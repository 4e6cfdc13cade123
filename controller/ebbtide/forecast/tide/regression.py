"""Three regressions of the experts' differences, as three more experts of `Tide`.

Each foresees the last value plus a drift and a sum of coefficients times what some experts foresee
beyond it. They are fitted by ridge regression every half an hour (far ahead every hour or two), and
remember two days, twelve hours and four: the shortest follows what was on no other day. Errors
count by their size and not its square, but for the smallest (as with Huber's weights); and what is
foreseen stays within the range of the experts.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide.ahead import Ahead
from ebbtide.forecast.tide.arrays import F32, blank, number
from ebbtide.forecast.tide.days import OF_A_WEEK
from ebbtide.forecast.tide.equations import (
    add_products,
    diagonals,
    places,
    refits,
    solved,
    spells,
)
from ebbtide.forecast.tide.experts import DIFFERENCES, EXPERTS, GUARDED, LEVELS, REGRESSIONS
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.sample import Sample

MEMORIES = ((2880.0, 150.0), (720.0, 150.0), (240.0, 100.0))
"""Minutes that are remembered, and the fewest rows."""
RUNS = ((1, LEVELS + 1), (DIFFERENCES, GUARDED + 1), (GUARDED + OF_A_WEEK, EXPERTS))
"""Experts whose differences are regressed on, from and to: averages and a slope, what follows the
long curves and those curves, the median of a week, and what days say that are alike."""
FEATURES = np.concatenate([np.arange(*run) for run in RUNS])
"""The same, one by one."""
COUNT = FEATURES.size + 1
"""All features; the last is a constant, which makes the drift."""
PULL, FAR_MINUTES = 1.5, 30
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less. Farther ahead than
so many minutes it grows with the square of the rows: the shortest memory holds few such spans."""
HUBER = number(0.5)
"""Mean changes up to which the square of an error counts."""
FARTHEST = number(20)
"""Mean changes beyond which it does not matter how far an expert is off the last value."""
PLACES = places(COUNT)
"""Where the product for each place of the normal equations stands, (COUNT, COUNT + 1)."""


class Regressions:
    """Normal equations and coefficients at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fitted = Flights(frame, REGRESSIONS, series)
        shape = (len(frame.anchors), REGRESSIONS)
        self.sums = np.zeros((*shape, PLACES.max() + 1, series), np.float32)
        self.coefficients = np.zeros((*shape, COUNT, series), np.float32)

    def foresee(self, sample: Sample, scale: F32, looked: F32) -> None:
        """Learn a block of rows: put in what was foreseen for them, and what is from each.

        `scale` is the mean change at its anchors, and `looked` at those from which is foreseen.
        """
        band, numbers = sample.band, sample.numbers
        made, fitted = sample.now[:, :, EXPERTS:], sample.then[:, :, EXPERTS:]
        terms, beyond = _terms(sample, scale), _beyond(sample.looked.now, looked)
        for begin, end, anchors in spells(band, numbers, 0.0):
            for each in anchors:
                self._fit(band, each)
            here = slice(begin, end)
            self._put(sample.looked, beyond, here)
            fitted[here] = self.fitted.exchange(band, sample.places[here], made[here])
            self._learn(sample, scale, here, terms[here])

    def look(self, ahead: Ahead, scale: F32) -> None:
        """Put what is foreseen beside what experts foresee; `scale` is the mean change."""
        self._put(ahead, _beyond(ahead.now, scale), slice(None))

    def _put(self, ahead: Ahead, beyond: F32, rows: slice) -> None:
        """The same for some rows, from what the experts foresee `beyond` the last value."""
        now = ahead.now[rows]
        made = np.einsum("tafn,arfn->tarn", beyond[rows], self.coefficients[ahead.band.at])
        made += now[:, :, :1]
        np.maximum(made, ahead.least[rows, :, None], out=made)
        now[:, :, EXPERTS:] = np.minimum(made, ahead.most[rows, :, None], out=made)

    def _learn(self, sample: Sample, scale: F32, rows: slice, terms: F32) -> None:
        """Put what some rows of a block teach into the normal equations."""
        fitted, band = sample.then[rows, :, EXPERTS:], sample.band
        weight = np.abs(fitted - sample.y[rows, :, None])
        weight /= scale[rows, :, None]
        np.maximum(weight, HUBER, out=weight)
        count = sample.known[rows] * sample.seasoned(rows) * band.often
        np.divide(count[:, :, None], weight, out=weight)
        add_products(self.sums[band.at], terms, weight)

    def _fit(self, band: Band, anchors: slice) -> None:
        """Solve the normal equations of some anchors of a band, and let them fade."""
        at = slice(band.at.start + anchors.start, band.at.start + anchors.stop)
        equations = self.sums[at][:, :, PLACES]
        diagonal = diagonals(equations)
        diagonal += _pulls(band)[anchors]
        self.coefficients[at] = solved(equations)
        self.sums[at] *= _fades(band)[anchors]


@lru_cache
def _pulls(band: Band) -> F32:
    """The ridge at each anchor, (A, 1, 1, 1)."""
    far = np.maximum(band.ahead * band.frame.grid / FAR_MINUTES, 1)
    return np.asarray(PULL * band.ahead * far, np.float32)[:, None, None, None]


@lru_cache
def _fades(band: Band) -> F32:
    """What is left of each memory from fit to fit, (A, fits, 1, 1)."""
    rows = np.array([band.frame.rows(*memory) for memory in MEMORIES])
    return np.asarray(np.exp(-refits(band)[:, None] / rows), np.float32)[:, :, None, None]


def _terms(sample: Sample, scale: F32) -> F32:
    """The features of what was foreseen for rows, and what came, (T, A, COUNT + 1, N)."""
    terms = blank(*scale.shape[:2], COUNT + 1, scale.shape[-1])
    terms[:, :, :-1] = _beyond(sample.then, scale)
    np.subtract(sample.y, sample.back, out=terms[:, :, -1])
    terms /= scale[:, :, None]
    return terms


def _beyond(experts: F32, scale: F32) -> F32:
    """What some experts foresee beyond the first, the last value, (T, A, COUNT, N).

    No further than is learnt from; and the `scale` itself, (T, A, N), which a constant multiplies.
    """
    rows, anchors, _, series = experts.shape
    found, begin = blank(rows, anchors, COUNT, series), 0
    for first, end in RUNS:
        upto = begin + end - first
        np.subtract(experts[:, :, first:end], experts[:, :, :1], out=found[:, :, begin:upto])
        begin = upto
    found[:, :, begin] = scale
    farthest = FARTHEST * scale[:, :, None]
    np.minimum(found, farthest, out=found)
    np.maximum(found, -farthest, out=found)
    return found
