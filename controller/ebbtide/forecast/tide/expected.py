"""How wide errors are to be expected by what is known at a row: by all demand, and by this one.

An online quantile regression: every half an hour (far ahead every hour or two) the coefficients of
each quantile are fitted again, by weighted least squares whose weights make them the minimum of the
pinball loss, with a memory of two days, and pulled to what all kinds of demand have in common
(`tide.prior`). Everything is measured in mean changes over so many rows.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import F32, NOUGHT, blank, number
from ebbtide.forecast.tide.equations import (
    add_products,
    diagonals,
    places,
    refits,
    solved,
    spells,
    weighed,
)
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.prior import OWN, multiples, own_multiples
from ebbtide.forecast.tide.sample import Sample

LEARNT = (0.9, 0.99)
"""The quantiles that are learnt."""
LEVELS = len(LEARNT)
EXPECTED = 2 * LEVELS
"""Widths: by all demand for each quantile, and by that of the series."""
LEAST = number(0.05)
"""Of a width at least."""
FARTHEST, LOWEST = number(60), number(-60)
"""An error at most, and at least."""
MEMORY = (2880.0, 300.0)
"""Minutes that are remembered, and the fewest rows."""
LESSON_MINUTES = 4
"""Minutes of which one teaches: those beside it say nearly the same."""
PULL, PULL_STEP = 30.0, 3.0
"""What the prior counts for, and so much more a row ahead: an exceeded 0.9 counts for 0.9."""
NEAREST = number(0.1)
"""Errors that are closer to a width than this weigh as if they were that far off."""
PLACES = places(OWN)
"""Where the product for each place of the normal equations stands, (OWN, OWN + 1)."""
QUANTILES = np.array(LEARNT, np.float32)[:, None]
OTHERWISE = 1 - QUANTILES
"""What an error counts for beyond each width, and within."""


class Expected:
    """Normal equations and coefficients at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.flights = Flights(frame, LEVELS, series)
        shape = (len(frame.anchors), LEVELS)
        self.sums = np.zeros((*shape, PLACES.max() + 1, series), np.float32)
        self.coefficients = np.repeat(own_multiples(frame)[..., None], series, axis=-1)

    def foresee(self, sample: Sample, known: F32, before: F32, error: F32) -> F32:
        """Learn a block of rows: the widths that are expected from each, (T, A, EXPECTED, N).

        `known` is known at each row, (T, A, FEATURES, N), `before` was at the rows' origins,
        (T, A, OWN, N); `error` is what came, (T, A, N).
        """
        band, numbers, at = sample.band, sample.numbers, sample.band.at
        coefficients = self.coefficients[at]
        every = _taught(band, numbers)
        terms = _terms(before[every], error[every]) if every.start < every.stop else error[:0]
        made = blank(*error.shape[:2], EXPECTED, error.shape[-1])
        foreseen = blank(*error.shape[:2], LEVELS, error.shape[-1])
        made[:, :, :LEVELS] = weighed(multiples(band.frame)[at], known)
        for begin, end, anchors in spells(band, numbers, 0.5):
            for each in anchors:
                self._fit(band, each)
            here, own = slice(begin, end), made[begin:end, :, LEVELS:]
            np.einsum("tafn,alfn->taln", known[here, :, :OWN], coefficients, out=own)
            np.maximum(made[here], LEAST, out=made[here])
            foreseen[here] = self.flights.exchange(band, sample.places[here], own)
            rows = _within(every, begin, end)
            if rows.start < rows.stop:
                new = terms[_among(rows, every)]
                self._learn(band, new, foreseen[rows], sample.known[rows])
        return made

    def _learn(self, band: Band, terms: F32, foreseen: F32, known: F32) -> None:
        """Put what some rows teach into the normal equations, where they are known, (T, A, N).

        `foreseen` are the widths that were expected for them, (T, A, LEVELS, N).
        """
        beyond = terms[:, :, -1:] - foreseen
        weight = np.where(beyond > NOUGHT, QUANTILES, OTHERWISE)
        weight /= np.maximum(np.abs(beyond, out=beyond), NEAREST, out=beyond)
        weight *= (known * _lessons(band))[:, :, None]
        add_products(self.sums[band.at], terms, weight)

    def _fit(self, band: Band, anchors: slice) -> None:
        """Solve the normal equations of some anchors of a band, and let them fade."""
        at, ahead = (
            slice(band.at.start + anchors.start, band.at.start + anchors.stop),
            band.ahead[anchors],
        )
        pull = (PULL + PULL_STEP * ahead)[:, None, None, None]
        prior = own_multiples(band.frame)[at][..., None]
        equations = self.sums[at][:, :, PLACES]
        diagonal = diagonals(equations)
        diagonal += pull
        equations[:, :, :, -1] += pull * prior
        self.coefficients[at] = solved(equations)
        rows = band.frame.rows(*MEMORY) + ahead
        left = np.exp(-refits(band)[anchors] / rows)
        self.sums[at] *= left.astype(np.float32)[:, None, None, None]


def _terms(before: F32, error: F32) -> F32:
    """What was known, and what came of it, (T, A, OWN + 1, N)."""
    terms = blank(*error.shape[:2], OWN + 1, error.shape[-1])
    terms[:, :, :-1] = before
    np.minimum(error, FARTHEST, out=terms[:, :, -1])
    np.maximum(terms[:, :, -1], LOWEST, out=terms[:, :, -1])
    return terms


@lru_cache
def _lessons(band: Band) -> F32:
    """Of how many rows one teaches each anchor, (A, 1)."""
    return np.asarray(np.maximum(band.often, LESSON_MINUTES // band.frame.grid))


def _taught(band: Band, numbers: Rows) -> slice:
    """Which rows of a block teach."""
    every = band.every[0]
    step = max(1, LESSON_MINUTES // band.frame.grid // every)
    return slice(-int(numbers[0]) // every % step, len(numbers), step)


def _within(rows: slice, begin: int, end: int) -> slice:
    """Which rows of a piece of the block are among those that teach."""
    return slice(begin + (rows.start - begin) % rows.step, end, rows.step)


def _among(rows: slice, others: slice) -> slice:
    """Where some of the rows that teach stand among others, of which they are."""
    step = others.step
    return slice((rows.start - others.start) // step, -((others.start - rows.stop) // step))
