"""The frame that `Tide` works in: rows of a grid, the anchors ahead, and memories in rows.

All arrays are float32 with one column a series as their last axis. What lies a few rows back is
kept in rings: of a ring of `n` places, the next is written where the oldest was read.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.clock import by_clock
from ebbtide.forecast.contract import NEVER_CHANGED, Floats, Rows
from ebbtide.forecast.tide.arrays import F32, blank, from_rough, rough

ANCHOR_MINUTES = (1, 3, 10, 30, 60, 120, 240)
"""Minutes ahead at which everything is learnt; between them it is interpolated."""
DAY_MINUTES = 1440
HOUR_MINUTES = 60
MIDDLE_MINUTES = 10
"""Minutes ahead of which memories are said that differ from anchor to anchor."""
OVERLAP = 5
"""Errors overlap so far ahead that only so many of those in flight at a time are looked at."""
SPARSE_MINUTES = 8
"""Minutes of which one is learnt from where it is learnt sparsely; and everywhere at least one."""


class Frame(NamedTuple):
    """A grid of so many minutes, and how many rows ahead are forecast."""

    grid: int
    """Minutes from row to row; it divides a day."""
    horizon: int
    sparse: bool = False
    """Whether few rows are learnt from, as of days long ago: what they teach has nearly faded."""
    clock: str = NEVER_CHANGED
    """That by which a day is like the one before it."""

    def by_clock(self, numbers: Rows) -> Rows:
        """Rows by the clock, by which what is remembered of a time of day is found."""
        return by_clock(numbers, self.grid, self.clock)

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
        """Rows ahead of each anchor, up to the first that is no nearer than the horizon."""
        return _anchors(self)

    @property
    def reach(self) -> int:
        """Rows ahead of the furthest anchor."""
        return self.anchors[-1]

    @property
    def sight(self) -> int:
        """Rows to come of which something is asked."""
        return max(self.horizon, self.reach)

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
    numbers: Rows
    """The same as numbers, (A,)."""
    anchors: tuple[int, ...]
    """Rows ahead."""
    every: tuple[int, ...]
    """Of so many rows an anchor learns from one, whose number they divide."""
    late: int
    """Rows from one that is learnt from to the next from which such a row is that far ahead: what
    is foreseen takes off there. 0, where it is not sparse."""
    ahead: Rows
    """The anchors, (A,)."""
    often: F32
    """Of how many rows each anchor learns from one, (A, 1)."""
    ago: Rows
    """How many of the rows that are learnt from each anchor is ahead, (A,)."""
    places: Rows
    """Where what is foreseen from a row lies in a ring of what all anchors foresaw, (rows, A): that
    of every row after which all places are the same again."""
    steps: Rows
    """Of how many rows each anchor learns from one, (A,)."""
    away: F32
    """Rows from one that is learnt from to the anchors ahead of where is foreseen then, (A, 1)."""

    def learnt(self, begin: int, end: int) -> Rows:
        """The numbers of the rows of a span that its first anchor learns from."""
        every = self.every[0]
        return np.arange(-(-begin // every) * every, end, every)

    def in_rings(self, numbers: Rows) -> Rows:
        """Where what is foreseen from some rows lies in a ring, (T, A)."""
        return self.places.take(numbers % len(self.places), axis=0)


class Flights:
    """What was foreseen at each anchor and has not come yet."""

    def __init__(
        self, frame: Frame, *shape: int, first: float = 0.0, roughly: bool = False
    ) -> None:
        """Nothing was foreseen yet: `first` stands for it.

        Sizes, which are no less than nothing, may be kept `roughly`: they take half the room.
        """
        ring = np.full((sum(frame.whole.ago), *shape), first, np.float32)
        self._roughly = roughly
        self._ring: NDArray[Any] = rough(ring) if roughly else ring

    def exchange(self, band: Band, places: Rows, new: F32) -> F32:
        """Put in what is foreseen, (T, A, ...); answer what was foreseen for these rows.

        `places` are those of the rows in any ring, (T, A).
        """
        if len(new) == 1:
            here = self._taken(places)
            self._put(places, new)
            return here
        old: F32 = blank(*new.shape)
        for i, ago in enumerate(band.ago.tolist()):
            old[:ago, i] = self._taken(places[:ago, i])
            old[ago:, i] = new[: max(0, len(new) - ago), i]
            self._put(places[-ago:, i], new[-ago:, i])
        return old

    def _taken(self, places: Rows) -> F32:
        found = self._ring.take(places, axis=0)
        return from_rough(found) if self._roughly else found

    def _put(self, places: Rows, values: F32) -> None:
        self._ring[places] = rough(values) if self._roughly else values


def longer(band: Band) -> Floats:
    """How many times as long as at `MIDDLE_MINUTES` ahead is remembered at each anchor, (A,).

    By the root of the minutes: far ahead errors overlap, so that few of them say something new, and
    what comes next changes its ways sooner.
    """
    return np.asarray(np.sqrt(band.ahead * band.frame.grid / MIDDLE_MINUTES))


@lru_cache
def _anchors(frame: Frame) -> tuple[int, ...]:
    enough = bisect_left(ANCHOR_MINUTES, frame.horizon * frame.grid) + 1
    return tuple(sorted({max(1, minutes // frame.grid) for minutes in ANCHOR_MINUTES[:enough]}))


@lru_cache
def _band(frame: Frame, begin: int, end: int) -> Band:
    every = _every(frame)
    ago = -(-np.array(frame.anchors) // np.array(every))
    at, steps = slice(begin, end), np.array(every[begin:end])
    rows = np.arange(math.lcm(*(ago * every).tolist()))
    ahead, late = np.array(frame.anchors[at]), -frame.anchors[begin] % every[begin]
    return Band(
        frame=frame,
        at=at,
        numbers=np.arange(begin, end),
        anchors=frame.anchors[at],
        every=every[at],
        late=late,
        ahead=ahead,
        often=np.asarray(steps[:, None], np.float32),
        ago=ago[at],
        places=(np.add.accumulate(ago) - ago)[at] + rows[:, None] // steps % ago[at],
        steps=steps,
        away=np.asarray(ahead[:, None] + late, np.float32),
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
    kinds = [(each, anchor % each) for each, anchor in zip(every, frame.anchors, strict=True)]
    cuts = [0, *(i for i in range(1, len(kinds)) if kinds[i] != kinds[i - 1]), len(kinds)]
    return tuple(_band(frame, begin, end) for begin, end in pairwise(cuts))


@lru_cache
def _every(frame: Frame) -> tuple[int, ...]:
    most = max(1, SPARSE_MINUTES // frame.grid)
    least = most if frame.sparse else 1
    return tuple(max(least, _often(anchor, most)) for anchor in frame.anchors)


def _often(anchor: int, most: int) -> int:
    """The power of two of rows, of which one is learnt from for an anchor."""
    every = 1
    while anchor // (2 * every) >= OVERLAP and anchor % (2 * every) == 0 and 2 * every <= most:
        every *= 2
    return every
