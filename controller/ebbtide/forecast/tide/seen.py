"""A block of rows as `Tide` saw them, before it learns from them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.alike import Said
from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.frame import Band


class Seen(NamedTuple):
    """A block of rows as they were seen. T rows, A anchors, N series."""

    at: int
    """Number of the first row."""
    known: NDArray[np.bool_]
    """Which rows are known, (T, N)."""
    rows: F32
    """Everything about the rows, (T, WIDTH, N)."""
    lived: F32
    """For how many rows each series was learnt from, (T, N)."""
    moves: F32
    """Running means of the changes from row to row, climbs, and rows for which the value stands
    still, (T, MOVES + CLIMBS + 1, N)."""
    coming: F32
    """Those at rows that lie ahead, (rows, CURVES, N)."""
    first: int
    """Number of the row that stands first in these; in a ring, as a single row finds, it is 0."""
    cell: int
    """Rows that share a place in these."""
    said: Said
    """What those days say that are like the present one."""

    def ahead(self, numbers: Rows, band: Band) -> F32:
        """The curves at the anchors ahead of some rows, (T, A, CURVES, N)."""
        if len(numbers) == 1:
            in_ring = _in_ring(band, self.cell, len(self.coming))
            row = (int(numbers[0]) - self.first) % len(in_ring)
            found: F32 = self.coming.take(in_ring[row : row + 1], axis=0)
            return found
        places = numbers[:, None] + band.ahead - self.first
        found = blank(*places.shape, *self.coming.shape[1:])
        step = int(numbers[1] - numbers[0])
        for i, begin in enumerate(places[0].tolist()):
            found[:, i] = self.coming[begin : places[-1, i] + 1 : step]
        return found


@lru_cache(maxsize=16)
def _in_ring(band: Band, cell: int, places: int) -> Rows:
    """Where the curves of the anchors ahead of each row of a ring stand in it, (rows, A)."""
    return np.asarray((np.arange(cell * places)[:, None] + band.ahead) // cell % places)
