"""The frame that `Tide` works in: rows of a grid, the anchors ahead, and memories in rows.

All arrays are float32 with one column a series as their last axis. What lies a few rows back is
kept in rings: row `r` of a ring of `n` rows stands at `r % n`.
"""

from functools import lru_cache
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


class Band(NamedTuple):
    """Anchors that are learnt together, in every so many rows."""

    anchors: tuple[int, ...]
    """Rows ahead."""
    every: int
    """Of so many rows one is learnt from: the one with this remainder, halfway."""

    def first(self, at: int) -> int:
        """How many rows after row `at` the next one stands that is learnt from."""
        return (self.every // 2 - at) % self.every

    @property
    def ahead(self) -> Rows:
        """The anchors, (A,)."""
        return _array(self.anchors)

    @property
    def ago(self) -> Rows:
        """How many of the rows that are learnt from each anchor is ahead, (A,)."""
        return _array(tuple(anchor // self.every for anchor in self.anchors))


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
    def bands(self) -> tuple[Band, ...]:
        """The anchors by how often they are learnt: twice as far ahead, half as often."""
        every = [_every(anchor) for anchor in self.anchors]
        return tuple(
            Band(tuple(a for a, of_it in zip(self.anchors, every, strict=True) if of_it == e), e)
            for e in sorted(set(every))
        )

    @property
    def reach(self) -> int:
        """Rows ahead of the furthest anchor."""
        return self.anchors[-1]

    def rows(self, minutes: float, least: float) -> float:
        """A memory in rows, which is no shorter than `least` rows."""
        return max(minutes / self.grid, least)


@lru_cache
def _array(numbers: tuple[int, ...]) -> Rows:
    return np.array(numbers)


def _every(anchor: int) -> int:
    """The power of two of rows, of which one is learnt from for an anchor."""
    every = 1
    while anchor // (2 * every) >= OVERLAP and anchor % (2 * every) == 0:
        every *= 2
    return every


def exchange(ring: F32, at: int, new: F32, back: Rows) -> F32:
    """Put rows from row `at` on, (T, A, ...), into a ring; answer those so many rows before them.

    `back` says for each anchor how many rows before, (A,).
    """
    size, count = len(ring), len(new)
    every = np.arange(len(back))
    if count == 1:
        old: F32 = ring[(at - back) % size, every][None]
        ring[at % size] = new[0]
        return old
    wanted = at + np.arange(count)[:, None] - back
    old = ring[wanted % size, every]
    later = wanted >= at
    old[later] = new[wanted[later] - at, np.nonzero(later)[1]]
    kept = np.arange(max(0, count - size), count)
    ring[(at + kept) % size] = new[kept]
    return old


def running(state: F32, new: F32, share: F32) -> F32:
    """Move a running mean on by new values, in place; answer it as it was after each of them.

    Each value counts by its share. The answer for a single value is the state itself.
    """
    if len(new) == 1:
        change = new[0] - state
        change *= share[0]
        state += change
        return state[None]
    path = np.empty((len(new), *state.shape), np.float32)
    last = state
    for after, value, part in zip(path, new, share, strict=True):
        np.subtract(value, last, out=after)
        np.multiply(after, part, out=after)
        last = np.add(after, last, out=after)
    state[...] = last
    return path


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
