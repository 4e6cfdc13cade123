"""Two regressions of the experts' differences, as two more experts of `Tide`.

Each foresees the last value plus a sum of coefficients times what some experts foresee beyond it,
fitted by ridge regression once an hour, with memories of a week and of a day. Changes beyond a
scale count less (as with Huber's weights), and what is foreseen stays within the range of the
experts. The normal equations of all series are solved side by side: there are many small ones.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np

from ebbtide.forecast.tide.arrays import F32, blank, total
from ebbtide.forecast.tide.experts import EXPERTS, REGRESSIONS
from ebbtide.forecast.tide.frame import Band, Flights, Frame, Rows
from ebbtide.forecast.tide.sample import Sample

MEMORIES = ((10080.0, 150.0), (1440.0, 150.0))
"""Minutes that are remembered, and the fewest rows."""
FEATURES = np.array((1, 2, 3, 4, 14, 15, 16, 17, 22, 23, 24, 25, 26, 28, 32, 33))
"""Experts whose differences are regressed on."""
COUNT = FEATURES.size
RUNS = ((1, 5), (14, 18), (22, 27), (28, 29), (32, 34))
"""The same, from and to."""
PULL = np.float32(0.003)
"""Ridge towards no coefficients, as a share of the mean square of the features."""
PULL_STEP = np.float32(3.0)
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
HUBER = np.float32(1.0)
FARTHEST = np.float32(20)
MANY = 16
"""Rows from which on products of matrices are quicker."""
FEW = 8
"""Series up to which their equations are solved one by one."""


@lru_cache
def pairs(count: int) -> tuple[Rows, Rows]:
    """The terms of each product."""
    return np.triu_indices(count, 0, count + 1)


def places(count: int) -> Rows:
    """Where `add_products` adds the product of each two terms, (count, count + 1)."""
    order = np.zeros((count + 1, count + 1), int)
    order[np.triu_indices(count + 1)] = np.arange((count + 1) * (count + 2) // 2)
    return np.asarray(np.maximum(order, order.T)[:-1])


PLACES = places(COUNT)
"""Where the product for each place of the normal equations stands, (COUNT, COUNT + 1)."""
DIAGONAL = np.arange(COUNT)


class Regressions:
    """Normal equations and coefficients at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.fades = [float(np.exp(-frame.hour / frame.rows(*m))) for m in MEMORIES]
        """What is left of each memory after an hour."""
        self.fitted = Flights(frame, REGRESSIONS, series)
        shape = (len(frame.anchors), REGRESSIONS)
        self.sums = np.zeros((*shape, PLACES.max() + 1, series), np.float32)
        self.coefficients = np.zeros((*shape, COUNT, series), np.float32)

    def foresee(self, sample: Sample, scale: F32) -> None:
        """Learn a block of rows: put in what was foreseen for them, and what is from each."""
        band, numbers, at = sample.band, sample.numbers, sample.band.at
        sums, coefficients, terms = self.sums[at], self.coefficients[at], _terms(sample, scale)
        beyond = _beyond(sample.now, sample.y)[:, :, None]
        counts = sample.known * sample.seasoned * band.often
        made, fitted = sample.now[:, :, EXPERTS:], sample.then[:, :, EXPERTS:]
        least, most = (
            how.reduce(sample.now[:, :, :EXPERTS], axis=2, keepdims=True)
            for how in (np.minimum, np.maximum)
        )
        for begin, end, anchors in hours(band, numbers, 0.0):
            for each in anchors:
                self._fit(band, each)
            here = slice(begin, end)
            np.add.reduce(beyond[here] * coefficients, axis=3, out=made[here])
            made[here] += sample.y[here, :, None]
            np.maximum(made[here], least[here], out=made[here])
            np.minimum(made[here], most[here], out=made[here])
            fitted[here] = self.fitted.exchange(band, numbers[here], made[here])
            weight = np.abs(fitted[here] - sample.y[here, :, None])
            weight /= scale[here, :, None]
            np.divide(counts[here, :, None], np.maximum(weight, HUBER, out=weight), out=weight)
            add_products(sums, terms[here], weight)

    def _fit(self, band: Band, anchors: slice) -> None:
        """Solve the normal equations of some anchors of a band, and let them fade."""
        at = slice(band.at.start + anchors.start, band.at.start + anchors.stop)
        equations = self.sums[at][:, :, PLACES]
        diagonal = equations[:, :, DIAGONAL, DIAGONAL]
        pull = PULL * diagonal.mean(axis=2, keepdims=True)
        pull += PULL_STEP * band.ahead[anchors, None, None, None]
        equations[:, :, DIAGONAL, DIAGONAL] = diagonal + pull
        self.coefficients[at] = solved(equations)
        self.sums[at] *= np.array(self.fades, np.float32)[:, None, None]


def _terms(sample: Sample, scale: F32) -> F32:
    """The features of what was foreseen for each row, and what came, (T, A, COUNT + 1, N)."""
    terms = blank(*scale.shape[:2], COUNT + 1, scale.shape[-1])
    terms[:, :, :-1] = _beyond(sample.then, sample.back)
    np.subtract(sample.y, sample.back, out=terms[:, :, -1])
    terms /= scale[:, :, None]
    np.minimum(terms, FARTHEST, out=terms)
    return np.maximum(terms, -FARTHEST, out=terms)


def _beyond(experts: F32, last: F32) -> F32:
    """What some experts foresee beyond the last value, (T, A, COUNT, N)."""
    rows, anchors, _, series = experts.shape
    if rows == 1:
        return np.asarray(np.take(experts, FEATURES, axis=2) - last[:, :, None])
    found, begin = blank(rows, anchors, COUNT, series), 0
    for first, end in RUNS:
        upto = begin + end - first
        np.subtract(experts[:, :, first:end], last[:, :, None], out=found[:, :, begin:upto])
        begin = upto
    return found


def weighed(weights: F32, terms: F32) -> F32:
    """Sums of terms, (T, A, terms, N), by weights of each anchor, (A, sums, terms)."""
    rows, anchors, count, series = terms.shape
    flat = terms.transpose(1, 2, 0, 3).reshape(anchors, count, rows * series)
    return (weights @ flat).reshape(anchors, -1, rows, series).transpose(2, 0, 1, 3)


def add_products(sums: F32, terms: F32, weights: F32) -> None:
    """Add the products of each two terms, (T, A, terms, N), to sums, (A, fits, products, N).

    Each fit weighs the rows in a way of its own, (T, A, fits, N). They stand row by row, each term
    with those from it on; the last one's with itself is left out.
    """
    rows, anchors, count, series = terms.shape
    if rows >= MANY:
        _add_many(sums, terms, weights)
        return
    if rows == 1 and series <= FEW:
        one, other = pairs(count - 1)
        product = terms[0].take(one, axis=1) * terms[0].take(other, axis=1)
        sums += product[:, None] * weights[0, :, :, None]
        return
    products = np.empty((rows, anchors, sums.shape[2], series), np.float32)
    begin = 0
    for i in range(count - 1):
        end = begin + count - i
        np.multiply(terms[:, :, i:], terms[:, :, i, None], out=products[:, :, begin:end])
        begin = end
    weighed = np.empty_like(products)
    for i in range(weights.shape[2]):
        np.multiply(products, weights[:, :, i, None], out=weighed)
        sums[:, i] += weighed[0] if rows == 1 else total(weighed, 0)


def _add_many(sums: F32, terms: F32, weights: F32) -> None:
    """The same for many rows: a product of matrices for each series."""
    count, columns = terms.shape[2], np.ascontiguousarray(terms.transpose(1, 3, 2, 0))
    upper = pairs(count - 1)
    for i in range(weights.shape[2]):
        weighed = columns[:, :, :-1] * weights[:, :, i].transpose(1, 2, 0)[:, :, None]
        products = weighed @ columns.swapaxes(2, 3)
        sums[:, i] += products[:, :, *upper].swapaxes(1, 2)


def hours(band: Band, numbers: Rows, shift: float) -> Iterator[tuple[int, int, list[slice]]]:
    """The pieces that a block of rows falls into, and the anchors that are fitted before each.

    Anchors that learn equally often are fitted at one row of the hour, at which no others are; the
    shift is a share of the rows between them.
    """
    fitted: list[slice] = []
    begin, hour = 0, band.frame.hour
    for row, number in enumerate(numbers.tolist()):
        due = _due(band, number % hour, shift)
        if due and row:
            yield begin, row, fitted
            begin = row
        fitted = due if row == begin else fitted
    yield begin, len(numbers), fitted


@cache
def _due(band: Band, row: int, shift: float) -> list[slice]:
    """The anchors that are fitted at a row of the hour: the first that they learn from in time."""
    kinds = sorted(set(band.frame.whole.every))
    apart = band.frame.hour / len(kinds)
    due = []
    for i, every in enumerate(kinds):
        if every in band.every and (row - int((i + shift) * apart)) % band.frame.hour < every:
            begin = band.every.index(every)
            due.append(slice(begin, begin + band.every.count(every)))
    return due


def solved(equations: F32) -> F32:
    """Solve many linear equations, (..., n, n + 1, N), which destroys them.

    Their matrices are positive definite, so that no pivot is looked for. Those of few series are
    left to LAPACK, one by one; those of many are eliminated side by side.
    """
    if equations.shape[-1] <= FEW:
        each = np.moveaxis(equations, -1, 0)
        found = np.linalg.solve(each[..., :-1], each[..., -1:])[..., 0]
        return np.ascontiguousarray(np.moveaxis(found, 0, -1))
    size = equations.shape[-3]
    for i in range(size):
        row = equations[..., i, i + 1 :, :]
        row /= equations[..., i, i : i + 1, :]
        below = equations[..., i + 1 :, :, :]
        below[..., i + 1 :, :] -= below[..., i : i + 1, :] * row[..., None, :, :]
    found = equations[..., size, :]
    for i in range(size - 1, 0, -1):
        found[..., :i, :] -= equations[..., :i, i, :] * found[..., i : i + 1, :]
    return np.asarray(found, np.float32).copy()


def beyond_the_last(coefficients: F32, now: F32) -> F32:
    """What regressions foresee, (A, REGRESSIONS, N), where experts foresee `now`, (A, EXPERTS, N).

    `coefficients` are (A, REGRESSIONS, COUNT, N); the first expert is the last value.
    """
    last = now[:, :1]
    made = total((now[:, FEATURES] - last)[:, None] * coefficients, 2)
    made += last
    np.maximum(made, np.minimum.reduce(now, axis=1, keepdims=True), out=made)
    return np.minimum(made, np.maximum.reduce(now, axis=1, keepdims=True), out=made)
