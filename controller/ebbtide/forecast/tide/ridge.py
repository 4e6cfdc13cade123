"""Ridge regressions that are fitted again every half an hour, at every anchor and for every series.

Errors count by their size and not its square, but for the smallest (as with Huber's weights).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import F32, number
from ebbtide.forecast.tide.equations import add_products, diagonals, places, refits, solved
from ebbtide.forecast.tide.frame import Band, Frame, longer
from ebbtide.forecast.tide.sample import Sample

HUBER = number(0.3)
"""Mean changes up to which the square of an error counts."""
FARTHEST = number(20)
"""Mean changes beyond which it does not matter how far off anything is."""


class Kind(NamedTuple):
    """What regressions of the same features have in common."""

    features: int
    """How many they are."""
    memories: tuple[tuple[float, float], ...]
    """Minutes that each regression remembers, and the fewest rows."""
    pull: float
    """Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
    far_minutes: float
    """Farther ahead than so many the ridge grows with the square of the rows: a memory holds few
    such spans."""
    longer: bool = False
    """Whether memories are `longer` the farther ahead."""


class Ridge:
    """Normal equations and coefficients."""

    def __init__(self, kind: Kind, frame: Frame, series: int) -> None:
        self.kind = kind
        shape = (len(frame.anchors), len(kind.memories))
        self.sums = np.zeros((*shape, _places(kind.features).max() + 1, series), np.float32)
        self.coefficients = np.zeros((*shape, kind.features, series), np.float32)

    def fit(self, band: Band, anchors: slice) -> None:
        """Solve the normal equations of some anchors of a band, and let them fade."""
        at = slice(band.at.start + anchors.start, band.at.start + anchors.stop)
        equations = self.sums[at][:, :, _places(self.kind.features)]
        diagonal = diagonals(equations)
        diagonal += _pulls(self.kind, band)[anchors]
        self.coefficients[at] = solved(equations)
        self.sums[at] *= _fades(self.kind, band)[anchors]

    def learn(self, sample: Sample, rows: slice, terms: F32, errors: F32) -> None:
        """Put what some rows of a block teach into the normal equations.

        `terms` are their features and what came, (T, A, count + 1, N), and `errors` those of each
        regression for them, (T, A, memories, N), which are destroyed; all in mean changes.
        """
        weight = np.abs(errors, out=errors)
        np.maximum(weight, HUBER, out=weight)
        count = sample.known[rows] * sample.seasoned(rows) * sample.band.often
        np.divide(count[:, :, None], weight, out=weight)
        add_products(self.sums[sample.band.at], terms, weight)


@lru_cache
def _places(count: int) -> Rows:
    """Where the product for each place of the normal equations stands, (count, count + 1)."""
    return places(count)


@lru_cache
def _pulls(kind: Kind, band: Band) -> F32:
    """The ridge at each anchor, (A, 1, 1, 1)."""
    far = np.maximum(band.ahead * band.frame.grid / kind.far_minutes, 1)
    return np.asarray(kind.pull * band.ahead * far, np.float32)[:, None, None, None]


@lru_cache
def _fades(kind: Kind, band: Band) -> F32:
    """What is left of each memory from fit to fit, (A, fits, 1, 1)."""
    rows = np.array([[band.frame.rows(*memory) for memory in kind.memories]])
    if kind.longer:
        rows = rows * longer(band)[:, None]
    return np.asarray(np.exp(-refits(band)[:, None] / rows), np.float32)[:, :, None, None]
