"""The frame that `Tide` works in: rows of a grid, the anchors ahead, and memories in rows.

All arrays are float32 with one column a series as their last axis. What lies a few rows back is
kept in rings: of a ring of `n` places, the next is written where the oldest was read.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Rows = NDArray[np.int_]

ANCHOR_MINUTES = (1, 3, 10, 30, 60, 120, 240)
"""Minutes ahead at which everything is learnt; between them it is interpolated."""
DAY_MINUTES = 1440
HOUR_MINUTES = 60
OVERLAP = 15
"""Errors overlap so far ahead that only so many of those in flight at a time are looked at."""
NIL = np.float32(1e-30)


class Frame(NamedTuple):
    """A grid of so many minutes, and how many rows ahead are forecast."""

    grid: int
    """Minutes from row to row; it divides a day."""
    horizon: int

    @property
    def day(self) -> int:
        """Rows in a day."""
        return DAY_MINUTES // self.grid

    @property
    def hour(self) -> int:
        """Rows in an hour, at least one."""
        return max(1, HOUR_MINUTES // self.grid)

    @property
    def anchors(self) -> tuple[int, ...]:
        """Rows ahead of each anchor; the last is no further than the horizon."""
        reach = max(self.grid, self.horizon * self.grid)
        return tuple(sorted({max(1, m // self.grid) for m in ANCHOR_MINUTES if m <= reach}))

    @property
    def reach(self) -> int:
        """Rows ahead of the furthest anchor."""
        return self.anchors[-1]

    @property
    def whole(self) -> "Band":
        """All anchors."""
        return _whole(self)

    def due(self, at: int) -> "Band":
        """The anchors that learn from a row: the nearer ones learn more often."""
        return _due(self, at % self.whole.every[-1])

    @property
    def bands(self) -> tuple["Band", ...]:
        """The anchors by how often they learn."""
        return _bands(self)

    def rows(self, minutes: float, least: float) -> float:
        """A memory in rows, which is no shorter than `least` rows."""
        return max(minutes / self.grid, least)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Band:
    """Anchors that stand side by side. Each learns in every so many rows."""

    frame: Frame
    at: slice
    """Where they stand among all anchors."""
    anchors: tuple[int, ...]
    """Rows ahead."""
    every: tuple[int, ...]
    """Of so many rows an anchor learns from one, whose number they divide."""
    ahead: Rows
    """The anchors, (A,)."""
    often: F32
    """Of how many rows each anchor learns from one, (A, 1)."""
    ago: Rows
    """How many of the rows that are learnt from each anchor is ahead, (A,)."""
    places: Rows
    """Where its places begin in a ring of what all anchors foresaw, (A,)."""
    steps: Rows
    """Of how many rows each anchor learns from one, (A,)."""

    def learnt(self, begin: int, end: int) -> Rows:
        """The numbers of the rows of a span that its first anchor learns from."""
        every = self.every[0]
        return np.arange(-(-begin // every) * every, end, every)

    def pace(self, memory: tuple[float, float], *, overlapping: bool = False) -> F32:
        """How much a row counts in the long run, (A, 1), in a memory of minutes and least rows.

        Where errors overlap, so many rows more are remembered as there are ahead.
        """
        return _pace(self, memory, overlapping=overlapping)


class Flights:
    """What was foreseen at each anchor and has not come yet."""

    def __init__(self, frame: Frame, *shape: int) -> None:
        self._ring = np.zeros((sum(frame.whole.ago), *shape), np.float32)

    def exchange(self, band: Band, numbers: Rows, new: F32) -> F32:
        """Put in what is foreseen, (T, A, ...); answer what was foreseen for these rows."""
        places = _places(band, numbers)
        if len(new) == 1:
            old: F32 = self._ring[places]
            self._ring[places] = new
            return old
        old = self._ring[places]
        for i, ago in enumerate(band.ago.tolist()):
            old[ago:, i] = new[: max(0, len(new) - ago), i]
            self._ring[places[-ago:, i]] = new[-ago:, i]
        return old


def _places(band: Band, numbers: Rows) -> Rows:
    """Where what is foreseen from some rows lies in a ring, (T, A)."""
    return np.asarray(band.places + numbers[:, None] // band.steps % band.ago)


@lru_cache
def _band(frame: Frame, begin: int, end: int) -> Band:
    every = tuple(_every(anchor) for anchor in frame.anchors)
    ago = np.array(frame.anchors) // np.array(every)
    at, steps = slice(begin, end), np.array(every[begin:end])
    return Band(
        frame=frame,
        at=at,
        anchors=frame.anchors[at],
        every=every[at],
        ahead=np.array(frame.anchors[at]),
        often=np.asarray(steps[:, None], np.float32),
        ago=ago[at],
        places=(np.add.accumulate(ago) - ago)[at],
        steps=steps,
    )


@lru_cache
def _whole(frame: Frame) -> Band:
    return _band(frame, 0, len(frame.anchors))


@lru_cache
def _due(frame: Frame, number: int) -> Band:
    return _band(frame, 0, sum(number % each == 0 for each in frame.whole.every))


@lru_cache
def _bands(frame: Frame) -> tuple[Band, ...]:
    every = frame.whole.every
    cuts = [0, *(i for i in range(1, len(every)) if every[i] != every[i - 1]), len(every)]
    return tuple(_band(frame, begin, end) for begin, end in pairwise(cuts))


@lru_cache
def _pace(band: Band, memory: tuple[float, float], *, overlapping: bool) -> F32:
    rows = band.frame.rows(*memory) + overlapping * band.ahead
    return np.minimum(band.steps / rows, 1).astype(np.float32)[:, None]


def _every(anchor: int) -> int:
    """The power of two of rows, of which one is learnt from for an anchor."""
    every = 1
    while anchor // (2 * every) >= OVERLAP and anchor % (2 * every) == 0:
        every *= 2
    return every


def running(state: F32, new: F32, share: F32) -> F32:
    """Move a running mean on by new values, in place; answer it as it was after each of them.

    Each value counts by its share. The answer for a single value is the state itself.
    """
    if len(new) == 1:
        change = new[0] - state
        change *= share[0]
        state += change
        return state[None]
    return _scanned(state, new, share)


def _scanned(state: F32, new: F32, share: F32) -> F32:
    """The same for many rows: pieces side by side, each as if nothing was before it, then that."""
    count = len(new)
    length = math.isqrt(count - 1) + 1
    pieces = -(-count // length)
    left = np.ones((pieces * length, *share.shape[1:]), np.float32)
    np.subtract(1, share, out=left[:count])
    path = np.zeros((pieces * length, *state.shape), np.float32)
    np.multiply(new, share, out=path[:count])
    in_pieces = path.reshape(pieces, length, *state.shape)
    left = left.reshape(pieces, length, *share.shape[1:])
    for i in range(1, length):
        in_pieces[:, i] += left[:, i] * in_pieces[:, i - 1]
        left[:, i] *= left[:, i - 1]
    last = state
    for piece, part in zip(in_pieces, left, strict=True):
        np.add(piece, part * last, out=piece)
        last = piece[-1]
    state[...] = last
    return path[:count]


def total(values: F32, axis: int, *, keepdims: bool = False) -> F32:
    """The sum over an axis; in a tick of one series the way through `sum` would cost as much."""
    if keepdims:
        return np.asarray(np.add.reduce(values, axis=axis, keepdims=True))
    return np.asarray(np.add.reduce(values, axis=axis))


def sharpened(losses: F32, axis: int) -> F32:
    """Weights (lowest loss / loss) ^ 20 that add up to one."""
    fourth = np.asarray(np.minimum.reduce(losses, axis=axis, keepdims=True) / losses, np.float32)
    np.square(np.square(fourth, out=fourth), out=fourth)
    weights = np.square(fourth)
    np.square(weights, out=weights)
    weights *= fourth
    weights /= total(weights, axis, keepdims=True)
    return weights
