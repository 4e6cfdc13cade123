"""Two regressions of the experts' differences, as two more experts of `Tide`.

Each foresees the last value plus a sum of coefficients times what some experts foresee beyond it,
fitted by ridge regression once an hour, with memories of a week and of a day. Changes beyond a
scale count less (as with Huber's weights), and what is foreseen stays within the range of the
experts. The normal equations of all series are solved side by side: there are many small ones.
"""

from collections.abc import Iterator

import numpy as np

from ebbtide.forecast.tide.frame import F32, Band, Flights, Frame, Rows, total
from ebbtide.forecast.tide.sample import Sample

MEMORIES = ((10080.0, 150.0), (1440.0, 150.0))
"""Minutes that are remembered, and the fewest rows."""
REGRESSIONS = len(MEMORIES)
FEATURES = np.array((1, 2, 3, 4, 14, 15, 16, 17, 22, 23, 24, 25, 26, 28, 32, 33))
"""Experts whose differences are regressed on."""
COUNT = FEATURES.size
PULL = np.float32(0.003)
"""Ridge towards no coefficients, as a share of the mean square of the features."""
PULL_STEP = np.float32(3.0)
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
HUBER = np.float32(1.0)
FARTHEST = np.float32(20)


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

    def foresee(self, sample: Sample, scale: F32) -> tuple[F32, F32]:
        """Learn a block of rows: what was foreseen for them, and what is foreseen from each.

        Both are (T, A, REGRESSIONS, N).
        """
        band, numbers, at = sample.band, sample.numbers, sample.band.at
        sums, coefficients, terms = self.sums[at], self.coefficients[at], _terms(sample, scale)
        beyond = (sample.now[:, :, FEATURES] - sample.y[:, :, None])[:, :, None]
        counts = sample.known * sample.seasoned * band.often
        made = np.empty((*beyond.shape[:2], REGRESSIONS, beyond.shape[-1]), np.float32)
        fitted = np.empty_like(made)
        for begin, end, anchors in hours(band, numbers, 0.0):
            for each in anchors:
                self._fit(band, each)
            here = slice(begin, end)
            np.add.reduce(beyond[here] * coefficients, axis=3, out=made[here])
            made[here] += sample.y[here, :, None]
            _within(made[here], sample.now[here])
            fitted[here] = self.fitted.exchange(band, numbers[here], made[here])
            weight = np.abs(fitted[here] - sample.y[here, :, None])
            weight /= scale[here, :, None]
            np.divide(counts[here, :, None], np.maximum(weight, HUBER, out=weight), out=weight)
            add_products(sums, terms[here], weight)
        return fitted, made

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
    terms = np.empty((*scale.shape[:2], COUNT + 1, scale.shape[-1]), np.float32)
    np.subtract(sample.then[:, :, FEATURES], sample.back[:, :, None], out=terms[:, :, :-1])
    np.subtract(sample.y, sample.back, out=terms[:, :, -1])
    terms /= scale[:, :, None]
    np.minimum(terms, FARTHEST, out=terms)
    return np.maximum(terms, -FARTHEST, out=terms)


def add_products(sums: F32, terms: F32, weights: F32) -> None:
    """Add the products of each two terms, (T, A, terms, N), to sums, (A, fits, products, N).

    Each fit weighs the rows in a way of its own, (T, A, fits, N). They stand row by row, each term
    with those from it on; the last one's with itself is left out.
    """
    rows, anchors, count, series = terms.shape
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


def hours(band: Band, numbers: Rows, shift: float) -> Iterator[tuple[int, int, list[slice]]]:
    """The pieces that a block of rows falls into, and the anchors that are fitted before each.

    Each anchor has a row of the hour of its own, so that no row pays for all of them; the shift
    is a share of the rows between them.
    """
    hour, begin = band.frame.hour, 0
    apart = hour / len(band.frame.anchors)
    slots = [int((band.at.start + i + shift) * apart) for i in range(len(band.anchors))]
    fitted: list[slice] = []
    for row, number in enumerate(numbers.tolist()):
        due = [
            slice(i, i + 1)
            for i, (slot, every) in enumerate(zip(slots, band.every, strict=True))
            if (number - slot) % hour < every
        ]
        if due and row:
            yield begin, row, fitted
            begin = row
        fitted = due or fitted if row == begin else fitted
    yield begin, len(numbers), fitted


def solved(equations: F32) -> F32:
    """Solve many linear equations, (..., n, n + 1, N), by elimination, which destroys them.

    Their matrices are positive definite, so that no pivot is looked for.
    """
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
    return np.asarray(_within(made[None], now[None])[0])


def _within(made: F32, now: F32) -> F32:
    """What was made, held within the range of the experts, (T, A, experts, ...)."""
    np.maximum(made, np.minimum.reduce(now, axis=2, keepdims=True), out=made)
    np.minimum(made, np.maximum.reduce(now, axis=2, keepdims=True), out=made)
    return made
