"""Two regressions of the experts' differences, as two more experts of `Tide`.

Each foresees the last value plus a sum of coefficients times what some experts foresee beyond it,
fitted by ridge regression once an hour, with memories of a week and of a day. Changes beyond a
scale count less (as with Huber's weights), and what is foreseen stays within the range of the
experts. The normal equations of all series are solved side by side: there are many small ones.
"""

import numpy as np

from ebbtide.forecast.tide_frame import F32, Band, Frame, total
from ebbtide.forecast.tide_sample import GENERATIONS, Sample

MEMORIES = ((10080.0, 150.0), (1440.0, 150.0))
"""Minutes that are remembered, and the fewest rows."""
REGRESSIONS = len(MEMORIES)
FEATURES = np.array((1, 2, 3, 4, 12, 13, 14, 15, 20, 21, 22, 24))
"""Experts whose differences are regressed on."""
COUNT = FEATURES.size
PULL = np.float32(0.003)
"""Ridge towards no coefficients, as a share of the mean square of the features."""
PULL_STEP = np.float32(3.0)
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
HUBER = np.float32(1.0)
FARTHEST = np.float32(20)
FIRST, SECOND = (side[:-1] for side in np.triu_indices(COUNT + 1))
"""The products that are summed: of each two features, and of each with the target."""
PLACES = np.array(
    [[np.flatnonzero((min(i, j) == FIRST) & (max(i, j) == SECOND))[0] for j in range(COUNT + 1)]
     for i in range(COUNT)]
)  # fmt: skip
"""Where the product for each place of the normal equations stands, (COUNT, COUNT + 1)."""
DIAGONAL = np.arange(COUNT)


class Regressions:
    """Normal equations and coefficients at every anchor of a band and for every series."""

    def __init__(self, frame: Frame, band: Band, series: int) -> None:
        self.band, self.hour = band, frame.hour
        self.slot = frame.bands.index(band) * frame.hour // len(frame.bands)
        """The row of an hour in which it is fitted: each band in its own."""
        self.fades = tuple(float(np.exp(-frame.hour / frame.rows(*m))) for m in MEMORIES)
        """What is left of each memory after an hour."""
        shape = (len(band.anchors), REGRESSIONS)
        self.sums = np.zeros((*shape, FIRST.size, GENERATIONS, series), np.float32)
        self.coefficients = np.zeros((*shape, COUNT, GENERATIONS, series), np.float32)

    def foresee(self, sample: Sample, scale: F32) -> F32:
        """Learn a block of rows; what is foreseen from each, (T, A, REGRESSIONS, G, N)."""
        products = self._products(sample, scale)
        last = sample.y[:, :, None]
        beyond = (sample.now[:, :, FEATURES] - last)[:, :, None]
        shape = (*products.shape[:2], REGRESSIONS, *products.shape[3:])
        made, begin = np.empty(shape, np.float32), 0
        for at, row in enumerate(sample.rows):
            if (row - self.slot) % self.hour < self.band.every:
                made[begin:at] = total(beyond[begin:at] * self.coefficients, 3)
                self._fit(products[begin : at + 1])
                begin = at
                products[at] = 0
        made[begin:] = total(beyond[begin:] * self.coefficients, 3)
        self.sums += total(products[begin:], 0)[:, None]
        made += last
        return _within(made, sample.now)

    def _products(self, sample: Sample, scale: F32) -> F32:
        """What each row adds to the normal equations, (T, A, products, G, N)."""
        rows, anchors, *trail = scale.shape
        terms = np.empty((rows, anchors, COUNT + 1, *trail), np.float32)
        np.subtract(sample.then[:, :, FEATURES], sample.back[:, :, None], out=terms[:, :, :-1])
        np.subtract(sample.y, sample.back, out=terms[:, :, -1])
        terms /= scale[:, :, None]
        np.minimum(terms, FARTHEST, out=terms)
        np.maximum(terms, -FARTHEST, out=terms)
        weight = np.abs(terms[:, :, -1])
        np.divide(self.band.every, np.maximum(weight, HUBER, out=weight), out=weight)
        weight *= sample.known
        weight *= sample.seasoned
        weighed = terms * weight[:, :, None]
        products = np.take(weighed, FIRST, axis=2)
        products *= np.take(terms, SECOND, axis=2)
        return products

    def _fit(self, products: F32) -> None:
        """Add the last rows of an hour, solve the normal equations, and let them fade."""
        self.sums += total(products, 0)[:, None]
        equations = self.sums[:, :, PLACES]
        diagonal = equations[:, :, DIAGONAL, DIAGONAL]
        pull = PULL * diagonal.mean(axis=2, keepdims=True)
        pull += PULL_STEP * self.band.ahead[:, None, None, None, None]
        equations[:, :, DIAGONAL, DIAGONAL] = diagonal + pull
        self.coefficients = solved(equations)
        self.sums *= np.array(self.fades, np.float32)[:, None, None, None]


def solved(equations: F32) -> F32:
    """Solve many linear equations, (..., n, n + 1, G, N), by elimination, which destroys them.

    Their matrices are positive definite, so that no pivot is looked for.
    """
    size = equations.shape[-4]
    for i in range(size):
        row = equations[..., i, i + 1 :, :, :]
        row /= equations[..., i, i : i + 1, :, :]
        below = equations[..., i + 1 :, :, :, :]
        below[..., i + 1 :, :, :] -= below[..., i : i + 1, :, :] * row[..., None, :, :, :]
    found = equations[..., size, :, :]
    for i in range(size - 1, 0, -1):
        found[..., :i, :, :] -= equations[..., :i, i, :, :] * found[..., i : i + 1, :, :]
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
