"""Three regressions of the experts' differences, as three more experts of `Tide`.

Each foresees the last value plus a drift and a sum of coefficients times what some experts foresee
beyond it. They are fitted by ridge regression every half an hour (far ahead every hour or two), and
remember three days, twelve hours and four: the shortest follows what was on no other day. What is
foreseen stays within the range of the experts.
"""

import numpy as np

from ebbtide.forecast.tide.ahead import Ahead
from ebbtide.forecast.tide.arrays import F32, blank, kept
from ebbtide.forecast.tide.days import OF_A_WEEK
from ebbtide.forecast.tide.equations import spells
from ebbtide.forecast.tide.experts import DIFFERENCES, EXPERTS, GUARDED, LEVELS, REGRESSIONS
from ebbtide.forecast.tide.frame import Flights, Frame
from ebbtide.forecast.tide.ridge import FARTHEST, Kind, Ridge
from ebbtide.forecast.tide.sample import Sample

RUNS = ((1, LEVELS + 1), (DIFFERENCES, GUARDED + 1), (GUARDED + OF_A_WEEK, EXPERTS))
"""Experts whose differences are regressed on, from and to: averages and a slope, what follows the
long curves and those curves, the median of a week, and what days say that are alike."""
FEATURES = np.concatenate([np.arange(*run) for run in RUNS])
"""The same, one by one."""
COUNT = FEATURES.size + 1
"""All features; the last is a constant, which makes the drift."""
MEMORIES = ((4320.0, 150.0), (720.0, 150.0), (240.0, 100.0))
"""Minutes that are remembered, and the fewest rows."""
KIND = Kind(features=COUNT, memories=MEMORIES, pull=1.5, far_minutes=30.0)


class Regressions:
    """What they learn from, and what they foresee."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fitted = Flights(frame, REGRESSIONS, series)
        self.ridge = Ridge(KIND, frame, series)

    def foresee(self, sample: Sample, scale: F32, looked: F32) -> None:
        """Learn a block of rows: put in what was foreseen for them, and what is from each.

        `scale` is the mean change at its anchors, and `looked` at those from which is foreseen.
        """
        band, numbers = sample.band, sample.numbers
        made, fitted = sample.now[:, :, EXPERTS:], sample.then[:, :, EXPERTS:]
        terms, beyond = _terms(sample, scale), _beyond(sample.looked.now, looked)
        for begin, end, anchors in spells(band, numbers, 0.0):
            for each in anchors:
                self.ridge.fit(band, each)
            here = slice(begin, end)
            self._put(sample.looked, beyond, here)
            fitted[here] = self.fitted.exchange(band, sample.places[here], made[here])
            errors = fitted[here] - sample.y[here, :, None]
            errors /= scale[here, :, None]
            self.ridge.learn(sample, here, terms[here], errors)

    def look(self, ahead: Ahead, scale: F32) -> None:
        """Put what is foreseen beside what experts foresee; `scale` is the mean change."""
        self._put(ahead, _beyond(ahead.now, scale), slice(None))

    def _put(self, ahead: Ahead, beyond: F32, rows: slice) -> None:
        """The same for some rows, from what the experts foresee `beyond` the last value."""
        now = ahead.now[rows]
        made = np.einsum("tafn,arfn->tarn", beyond[rows], self.ridge.coefficients[ahead.band.at])
        made += now[:, :, :1]
        np.maximum(made, ahead.least[rows, :, None], out=made)
        now[:, :, EXPERTS:] = np.minimum(made, ahead.most[rows, :, None], out=made)


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
    return kept(found, farthest, out=found)
