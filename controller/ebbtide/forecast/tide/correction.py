"""What `Tide` adds to its mix, by what that missed of late and by where its regressions lie.

The weights of a mix change slowly and add up to one, so that it may miss the same again and again.
A ridge regression learns from running means of its errors, and from how far each regression lies
from it, what it will miss. That is added as far as it would have been better of late.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.arrays import F32, blank, number, running, total
from ebbtide.forecast.tide.equations import spells
from ebbtide.forecast.tide.experts import EXPERTS, REGRESSIONS
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.judged import LEAST_LOSS, Judged, beside
from ebbtide.forecast.tide.ridge import FARTHEST, Kind, Ridge
from ebbtide.forecast.tide.sample import Sample

SPANS = (3, 60)
"""Minutes of the running means of errors (exponential, alpha = 2 / (rows + 1))."""
MEANS = len(SPANS)
COUNT = REGRESSIONS + MEANS
KIND = Kind(features=COUNT, memories=((2880.0, 150.0),), pull=3.0, far_minutes=3.0)
WILDEST = number(1)
"""Mean changes of an error at most, in the running means: a burst tells little of what follows."""


class Added(NamedTuple):
    """What is added to a mix."""

    made: F32
    """From each row, (T, A, N)."""
    regressed: F32
    """How much of each regression's way from the mix, by the last row, (A, REGRESSIONS, N)."""
    constant: F32
    """And what else, by the last row, (A, N)."""


class Correction:
    """What is known of the errors of a mix, at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors = len(frame.anchors)
        self.ridge = Ridge(KIND, frame, series)
        self.errors = np.zeros((anchors, MEANS, series), np.float32)
        """Their running means, in mean changes."""
        self.losses = np.full((anchors, 2, series), LEAST_LOSS)
        """Of the mix, and of what it becomes."""
        self.erred = Flights(frame, MEANS, series)
        self.fitted = Flights(frame, series)

    def add(self, judged: Judged, back: F32, mixed: F32) -> Added:
        """Learn from a block of rows, for which a mix foresaw `back` and from which it is `mixed`.

        Both are (T, A, N).
        """
        sample, scale = judged.sample, judged.scale
        error = sample.y - back
        error /= scale
        means = self._means(sample, error)
        now = _features(sample.now, mixed, scale, means)
        erred = self.erred.exchange(sample.band, sample.places, means)
        then = _features(sample.then, back, scale, erred)
        np.minimum(np.maximum(error, -FARTHEST), FARTHEST, out=then[:, :, COUNT])
        made, fitted = self._foresee(sample, now, then)
        made *= scale
        fitted *= scale
        fitted += back
        followed = judged.chosen(self.losses[sample.band.at], beside(back, fitted))[:, :, 1]
        made *= followed
        parts = followed[-1, :, None] * self.ridge.coefficients[sample.band.at, 0]
        beyond = total(parts[:, REGRESSIONS:] * means[-1], 1)
        return Added(made, parts[:, :REGRESSIONS], beyond * scale[-1])

    def _means(self, sample: Sample, error: F32) -> F32:
        """Running means of errors, (T, A, MEANS, N)."""
        new = np.minimum(np.maximum(error, -WILDEST), WILDEST)[:, :, None]
        share = _paces(sample.band) * sample.known[:, :, None]
        if len(new) > 1:
            new = np.repeat(new, MEANS, axis=2)
        return running(self.errors[sample.band.at], new, share)

    def _foresee(self, sample: Sample, now: F32, then: F32) -> tuple[F32, F32]:
        """What is missed from each row by the features there, and was thought to be for each."""
        band, coefficients = sample.band, self.ridge.coefficients
        made, fitted = (blank(len(now), now.shape[1], now.shape[-1]) for _ in range(2))
        for begin, end, anchors in spells(band, sample.numbers, 0.0):
            for each in anchors:
                self.ridge.fit(band, each)
            here, known = slice(begin, end), now[begin:end, :, :COUNT]
            made[here] = np.einsum("tafn,afn->tan", known, coefficients[band.at, 0])
            fitted[here] = self.fitted.exchange(band, sample.places[here], made[here])
            errors = then[here, :, COUNT] - fitted[here]
            self.ridge.learn(sample, here, then[here], errors[:, :, None])
        return made, fitted


def _features(experts: F32, mixed: F32, scale: F32, means: F32) -> F32:
    """What is learnt from, and room for what came of it, (T, A, COUNT + 1, N)."""
    found = blank(*mixed.shape[:2], COUNT + 1, mixed.shape[-1])
    away, found[:, :, REGRESSIONS:COUNT] = found[:, :, :REGRESSIONS], means
    np.subtract(experts[:, :, EXPERTS:], mixed[:, :, None], out=away)
    away /= scale[:, :, None]
    np.minimum(np.maximum(away, -FARTHEST, out=away), FARTHEST, out=away)
    return found


@lru_cache
def _paces(band: Band) -> F32:
    """How much a row counts in each mean, (A, MEANS, 1)."""
    rows = np.array(SPANS) / band.frame.grid / band.steps[:, None]
    return np.asarray(np.minimum(2 / (rows + 1), 1), np.float32)[:, :, None]
