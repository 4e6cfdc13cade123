"""What anchors learn from in a block of rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.ahead import Ahead, look_ahead
from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.experts import EXPERTS, GUARDED, SINCE, WARM
from ebbtide.forecast.tide.frame import Band, Flights
from ebbtide.forecast.tide.track import Seen


class Sample(NamedTuple):
    """The rows of a block that some anchors learn from. T rows, A anchors, E everyone."""

    band: Band
    """The anchors."""
    numbers: Rows
    """Of the rows, (T,)."""
    origins: Rows
    """Of those from which is foreseen after each of them: the same, where not sparse."""
    places: Rows
    """Where what is foreseen from them lies in a ring, (T, A)."""
    y: F32
    """The values, (T, 1, N)."""
    back: F32
    """The values from which they were foreseen, (T, A, N)."""
    known: F32
    """1 where a row is known and was foreseen, else 0, (T, A, N)."""
    seasoned: NDArray[np.bool_]
    """Where a row's origin had whole days before it, (T, A, N)."""
    present: F32
    """The values at the origins, (T, 1, N)."""
    guard: F32
    """A small share of the mean, (T, 1, N)."""
    moves: F32
    """Running means of the changes until the origins, and climbs, (T, 1, MOVES + CLIMBS, N)."""
    then: F32
    """What each expert foresaw for the rows, (T, A, E, N); the regressions are yet to come."""
    ahead: Ahead
    """What is foreseen from the origins."""

    @property
    def now(self) -> F32:
        """What each expert foresees from the origins, (T, A, E, N)."""
        return self.ahead.now


def sample(
    seen: Seen, band: Band, numbers: Rows, flights: Flights, looked: Ahead | None = None
) -> Sample:
    """What some anchors learn from in rows of a block; what is foreseen there takes off.

    That may be known already.
    """
    ahead, day, first = band.ahead, band.frame.day, int(numbers[0]) - seen.at
    at, off = (slice(begin, None, band.every[0]) for begin in (first, first + band.late))
    rows, places, origins = seen.rows[at], band.in_rings(numbers), numbers + band.late
    if not looked:
        said = seen.said.ahead(origins, band)
        looked = look_ahead(seen.rows[off], seen.ahead(origins, ahead), said, band)
    then = blank(*looked.now.shape)
    then[:, :, :EXPERTS] = flights.exchange(band, places, looked.now[:, :, :EXPERTS])
    lived = seen.lived[at][:, None] > (ahead + band.late)[:, None]
    return Sample(
        band=band,
        numbers=numbers,
        origins=origins,
        places=places,
        y=rows[:, :1],
        back=then[:, :, 0],
        known=np.multiply(lived, seen.known[at][:, None], dtype=np.float32),
        seasoned=rows[:, None, SINCE] > (ahead + (day + WARM))[:, None],
        present=seen.rows[off, None, 0],
        guard=seen.rows[off, None, GUARDED],
        moves=seen.moves[off][:, None],
        then=then,
        ahead=looked,
    )
