"""A block of rows as `Tide` saw them, before it learns from them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.alike import Said
from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.cells import between, interpolated
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
    """Running means of the changes from row to row, and climbs, (T, MOVES + CLIMBS, N)."""
    coming: F32
    """Those at rows that lie ahead, (rows, CURVES, N)."""
    first: int
    """Number of the row that stands first in these; in a ring, as a single row finds, it is 0."""
    cell: int
    """Rows that share a place in these; between places it is interpolated."""
    said: Said
    """What those days say that are like the present one."""

    def ahead(self, numbers: Rows, band: Band) -> F32:
        """The curves at the anchors ahead of some rows, (T, A, CURVES, N)."""
        if len(numbers) == 1:
            lower, upper, part = _in_ring(band, self.cell, len(self.coming))
            row = (int(numbers[0]) - self.first) % len(lower)
            before, after = (self.coming.take(at[row : row + 1], axis=0) for at in (lower, upper))
            return interpolated(before, after, part[row : row + 1])
        places = numbers[:, None] + band.ahead - self.first
        found = blank(*places.shape, *self.coming.shape[1:])
        step = int(numbers[1] - numbers[0])
        for i, begin in enumerate(places[0].tolist()):
            found[:, i] = self.coming[begin : places[-1, i] + 1 : step]
        return found


@lru_cache(maxsize=16)
def _in_ring(band: Band, cell: int, places: int) -> tuple[Rows, Rows, F32]:
    """Between which places of a ring the anchors ahead of each of its rows lie, (rows, A).

    And how near to the latter, (rows, A, 1, 1).
    """
    before, part = between(np.arange(cell * places)[:, None] + band.ahead, cell)
    return before % places, (before + 1) % places, part[..., None, None]
