"""What anchors learn from in a block of rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.ahead import Ahead, look_ahead
from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.experts import EXPERTS, GUARDED, SINCE
from ebbtide.forecast.tide.frame import Band, Flights
from ebbtide.forecast.tide.seen import Seen


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
    since: F32
    """How many rows each row lies after its series' beginning, (T, N)."""
    present: F32
    """The values at the origins, (T, 1, N)."""
    guard: F32
    """A small share of the mean, (T, 1, N)."""
    moves: F32
    """Running means of the changes until the origins, and climbs, (T, 1, MOVES + CLIMBS, N)."""
    then: F32
    """What each expert foresaw for the rows, (T, A, E, N); the regressions are yet to come."""
    now: F32
    """What each expert foresees from the origins, (T, A, E, N)."""
    lowest: F32
    """The lowest of those who know only what was of late, (T, A, N)."""
    highest: F32
    """The highest of those who start from the present."""
    looked: Ahead
    """What is foreseen from the origins at these anchors, or at all."""

    def seasoned(self, rows: slice) -> NDArray[np.bool_]:
        """Where the origins of some rows had whole days before them, (T, A, N)."""
        warm = self.band.ahead[:, None] + (self.band.frame.day + self.band.frame.hour)
        return np.asarray(self.since[rows, None] > warm)


def sample(
    seen: Seen, band: Band, numbers: Rows, flights: Flights, looked: Ahead | None = None
) -> Sample:
    """What some anchors learn from in rows of a block; what is foreseen there takes off.

    That may be known already, if only at more anchors, of which these are the first.
    """
    first, every = int(numbers[0]) - seen.at, band.every[0]
    at, off = slice(first, None, every), slice(first + band.late, None, every)
    rows, places, origins = seen.rows[at], band.in_rings(numbers), numbers + band.late
    if not looked:
        said = seen.said.ahead(origins, band)
        looked = look_ahead(seen.rows[off], seen.ahead(origins, band), said, band)
    here = slice(len(band.anchors))
    now = looked.now[:, here]
    then = blank(*now.shape)
    then[:, :, :EXPERTS] = flights.exchange(band, places, now[:, :, :EXPERTS])
    lived = seen.lived[at, None] > band.away
    return Sample(
        band=band,
        numbers=numbers,
        origins=origins,
        places=places,
        y=rows[:, :1],
        back=then[:, :, 0],
        known=(lived & seen.known[at, None]).astype(np.float32),
        since=rows[:, SINCE],
        present=seen.rows[off, None, 0],
        guard=seen.rows[off, None, GUARDED],
        moves=seen.moves[off][:, None],
        then=then,
        now=now,
        lowest=looked.lowest[:, here],
        highest=looked.highest[:, here],
        looked=looked,
    )
