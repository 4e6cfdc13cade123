"""Two regressions of the experts' differences, as two more experts of `Tide`.

Each foresees the last value plus a sum of coefficients times what some experts foresee beyond it,
fitted by ridge regression every hour (far ahead every other), with memories of three days and of
one. Changes beyond a scale count less (as with Huber's weights), and what is foreseen stays within
the range of the experts.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide.ahead import Ahead
from ebbtide.forecast.tide.arrays import F32, blank, number, total
from ebbtide.forecast.tide.equations import (
    add_products,
    among,
    diagonals,
    lessons,
    places,
    refits,
    solved,
    spells,
    taught,
    within,
)
from ebbtide.forecast.tide.experts import EXPERTS, REGRESSIONS
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.sample import Sample

MEMORIES = ((4320.0, 150.0), (1440.0, 150.0))
"""Minutes that are remembered, and the fewest rows."""
FEATURES = np.array((1, 2, 3, 4, 14, 15, 16, 17, 22, 23, 24, 25, 26, 28, 32, 33, 34))
"""Experts whose differences are regressed on."""
COUNT = FEATURES.size
RUNS = ((1, 5), (14, 18), (22, 27), (28, 29), (32, 35))
"""The same, from and to."""
LESSON_MINUTES = 4
"""Minutes of which one teaches: those beside it say nearly the same."""
PULL = np.float32(0.003)
"""Ridge towards no coefficients, as a share of the mean square of the features."""
PULL_STEP = np.float32(3.0)
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
HUBER = number(1)
FARTHEST, LOWEST = number(20), number(-20)
PLACES = places(COUNT)
"""Where the product for each place of the normal equations stands, (COUNT, COUNT + 1)."""


class Regressions:
    """Normal equations and coefficients at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fitted = Flights(frame, REGRESSIONS, series)
        shape = (len(frame.anchors), REGRESSIONS)
        self.sums = np.zeros((*shape, PLACES.max() + 1, series), np.float32)
        self.coefficients = np.zeros((*shape, COUNT, series), np.float32)

    def foresee(self, sample: Sample, scale: F32) -> None:
        """Learn a block of rows: put in what was foreseen for them, and what is from each."""
        band, numbers, looked = sample.band, sample.numbers, sample.looked
        every = taught(band, numbers, LESSON_MINUTES)
        terms = _terms(sample, scale, every) if every.start < every.stop else scale[:0]
        made, fitted = sample.now[:, :, EXPERTS:], sample.then[:, :, EXPERTS:]
        beyond = _beyond(looked.now)
        for begin, end, anchors in spells(band, numbers, 0.0):
            for each in anchors:
                self._fit(band, each)
            here = slice(begin, end)
            self._put(looked, beyond, here)
            fitted[here] = self.fitted.exchange(band, sample.places[here], made[here])
            rows = within(every, begin, end)
            if rows.start < rows.stop:
                self._learn(sample, scale, rows, terms[among(rows, every)])

    def look(self, ahead: Ahead) -> None:
        """Put what is foreseen beside what experts foresee."""
        self._put(ahead, _beyond(ahead.now), slice(None))

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
        count = sample.known[rows] * sample.seasoned(rows) * lessons(band, LESSON_MINUTES)
        np.divide(count[:, :, None], weight, out=weight)
        add_products(self.sums[band.at], terms, weight)

    def _fit(self, band: Band, anchors: slice) -> None:
        """Solve the normal equations of some anchors of a band, and let them fade."""
        at = slice(band.at.start + anchors.start, band.at.start + anchors.stop)
        equations = self.sums[at][:, :, PLACES]
        diagonal = diagonals(equations)
        pull = PULL / COUNT * total(diagonal, 2, keepdims=True)
        pull += PULL_STEP * band.ahead[anchors, None, None, None]
        diagonal += pull
        self.coefficients[at] = solved(equations)
        self.sums[at] *= _fades(band)[anchors]


@lru_cache
def _fades(band: Band) -> F32:
    """What is left of each memory from fit to fit, (A, fits, 1, 1)."""
    rows = np.array([band.frame.rows(*memory) for memory in MEMORIES])
    return np.asarray(np.exp(-refits(band)[:, None] / rows), np.float32)[:, :, None, None]


def _terms(sample: Sample, scale: F32, rows: slice) -> F32:
    """The features of what was foreseen for some rows, and what came, (T, A, COUNT + 1, N)."""
    back, scale = sample.back[rows], scale[rows]
    terms = blank(*scale.shape[:2], COUNT + 1, scale.shape[-1])
    terms[:, :, :-1] = _beyond(sample.then[rows])
    np.subtract(sample.y[rows], back, out=terms[:, :, -1])
    terms /= scale[:, :, None]
    np.minimum(terms, FARTHEST, out=terms)
    return np.maximum(terms, LOWEST, out=terms)


def _beyond(experts: F32) -> F32:
    """What some experts foresee beyond the first, the last value, (T, A, COUNT, N)."""
    rows, anchors, _, series = experts.shape
    last = experts[:, :, :1]
    if rows == 1:
        found: F32 = experts.take(FEATURES, axis=2)
        found -= last
        return found
    found, begin = blank(rows, anchors, COUNT, series), 0
    for first, end in RUNS:
        upto = begin + end - first
        np.subtract(experts[:, :, first:end], last, out=found[:, :, begin:upto])
        begin = upto
    return found
