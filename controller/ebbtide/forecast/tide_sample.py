"""What a band of anchors learns from in a block of rows, and the memories that learning shares.

Two generations learn side by side, so the arrays of all that is learnt end in (GENERATIONS, N);
what is only seen ends in (1, N).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide_experts import GUARDED, SINCE, WARM, foreseen
from ebbtide.forecast.tide_frame import F32, Band, Frame, Rows, exchange
from ebbtide.forecast.tide_track import Seen, of_band

GENERATIONS = 2
ELDER, YOUNGER = 0, 1


class Sample(NamedTuple):
    """The rows of a block that a band learns from. T rows, A anchors, E experts."""

    at: int
    """Number of the first row, counted in those that are learnt from."""
    rows: range
    """Their numbers."""
    y: F32
    """The values, (T, 1, 1, N)."""
    back: F32
    """The values from which they were foreseen, (T, A, 1, N)."""
    known: F32
    """1 where a row is known and was foreseen, else 0, (T, A, G, N)."""
    seasoned: NDArray[np.bool_]
    """Where a row's origin had whole days before it, (T, A, 1, N)."""
    guard: F32
    """A small share of the mean, (T, 1, 1, N)."""
    moves: F32
    """Running means of the changes from row to row, (T, 1, MOVES, 1, N)."""
    then: F32
    """What each expert foresaw for the rows, (T, A, E, 1, N)."""
    now: F32
    """What each expert foresees from the rows, (T, A, E, 1, N)."""


def sample(seen: Seen, band: Band, frame: Frame, births: Rows) -> Sample:
    """What a band learns from in a block; `births` are the first rows of the generations, (G,)."""
    numbers = of_band(band, seen)
    places, day = numbers - seen.at, frame.day
    rows = seen.rows[places]
    back = seen.back(numbers, band.ahead)
    ahead = seen.curves[places[:, None] + band.ahead]
    now = foreseen(rows[:, None], ahead, band.anchors, day)
    then = foreseen(back, seen.curves[places][:, None], band.anchors, day)
    since = back[:, :, SINCE, None]
    existed = (numbers[:, None] - band.ahead)[..., None] >= births
    learnt = (since > 0) & existed[..., None]
    return Sample(
        at=int(numbers[0]) // band.every,
        rows=range(int(numbers[0]), int(numbers[-1]) + 1, band.every),
        y=rows[:, None, :1],
        back=back[:, :, :1],
        known=np.multiply(learnt, seen.known[places][:, None, None], dtype=np.float32),
        seasoned=since > day + WARM,
        guard=rows[:, None, GUARDED, None],
        moves=seen.moves[places][:, None, :, None],
        then=then[..., None, :],
        now=now[..., None, :],
    )


class Flights:
    """What was foreseen at each anchor of a band and has not come yet."""

    def __init__(self, band: Band, *shape: int) -> None:
        self._ago = band.ago.tolist()
        self._ring = np.zeros((max(self._ago), len(self._ago), *shape), np.float32)

    def exchange(self, at: int, new: F32) -> F32:
        """Put in what is foreseen, (T, A, ...); answer what was foreseen for these rows."""
        return exchange(self._ring, at, new, np.array(self._ago))
