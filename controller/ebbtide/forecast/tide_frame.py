"""The frame that `Tide` works in: rows of a grid, the anchors ahead, and memories in rows.

All arrays are float32 with one column a series as their last axis. What lies a few rows back is
kept in rings: row `r` of a ring of `n` rows stands at `r % n`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Rows = NDArray[np.int_]

ANCHOR_MINUTES = (1, 3, 10, 30, 60, 120, 240)
"""Minutes ahead at which everything is learnt; between them it is interpolated."""
DAY_MINUTES = 1440
HOUR_MINUTES = 60
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

    def rows(self, minutes: float, least: float) -> float:
        """A memory in rows, which is no shorter than `least` rows."""
        return max(minutes / self.grid, least)

    def steps(self) -> F32:
        """The anchors as a column, (anchors, 1)."""
        return np.array(self.anchors, np.float32)[:, None]


def exchange(ring: F32, at: int, new: F32) -> F32:
    """Put new rows, the first of them row `at`, into a ring; answer those a ring's length back."""
    size, count = len(ring), len(new)
    slots = (at + np.arange(count)) % size
    back = ring[slots[:size]]
    old = np.concatenate((back, new[: count - size])) if count > size else back
    ring[slots[-size:]] = new[-size:]
    return old


def lagged(ring: F32, at: int, new: F32, lag: int) -> F32:
    """The rows `lag` before each of the new ones, which are not in the ring yet."""
    rows = at + np.arange(min(len(new), lag)) - lag
    back = ring[rows % len(ring)]
    return np.concatenate((back, new[: len(new) - lag])) if len(new) > lag else back


def rates(floor: float | F32, learnt: F32, known: F32) -> F32:
    """Weights of new values in running means: a plain mean at first, `floor` in the long run."""
    share: F32 = np.maximum(np.asarray(floor, np.float32), 1 / np.maximum(learnt, 1)) * known
    return share


def running(state: F32, new: F32, share: F32) -> F32:
    """A running mean after each of the new values, each of which counts by its share."""
    path = np.empty((len(new), *np.broadcast_shapes(state.shape, new.shape[1:])), np.float32)
    for i, part in enumerate(share):
        np.subtract(new[i], state, out=path[i])
        path[i] *= part
        path[i] += state
        state = path[i]
    return path
