"""The frames of a plan, thinned to what a drawing can show."""

from collections.abc import Callable, Sequence

import numpy as np

from ebbtide.cli.chart import Point
from ebbtide.cli.simulation.frames import Frame
from ebbtide_policies.lanes import Lanes


class Columns:
    """The frames, thinned to as many moments as a drawing has columns.

    Of the moments that share a column the highest demand and capacity are kept, so that no peak is
    lost; what is ready is the lowest, so that no shortfall is.
    """

    def __init__(self, frames: Sequence[Frame], most: int) -> None:
        self._size = max(1, -(-len(frames) // most))
        self.at = self._each(frames, lambda f: f.now, np.fmin)
        self.demand = self._each(frames, lambda f: f.demand, np.fmax)
        self.foreseen = self._each(frames, lambda f: f.foreseen, np.fmax)
        self.desired = self._each(frames, lambda f: f.desired, np.fmax)
        self.ready = self._each(frames, lambda f: f.ready, np.fmin)

    def _each(
        self, frames: Sequence[Frame], of: Callable[[Frame], float], choose: np.ufunc
    ) -> Lanes:
        values = np.array([of(frame) for frame in frames], dtype=np.float64)
        found: Lanes = choose.reduceat(values, np.arange(0, values.size, self._size))
        return found

    def line(self, values: Lanes) -> list[Point]:
        """Values at their moments."""
        return list(zip(self.at.tolist(), values.tolist(), strict=True))

    def steps(self, values: Lanes) -> list[Point]:
        """Values that hold until the next moment."""
        return self.corners(self.held(values))

    def held(self, values: Lanes) -> Lanes:
        """Values that hold until the next moment, at the corners of their staircase."""
        return np.repeat(values, 2)[:-1]

    def passing(self, values: Lanes) -> Lanes:
        """Values that go in a line from moment to moment, at the corners of a staircase."""
        return np.repeat(values, 2)[1:]

    def corners(self, values: Lanes) -> list[Point]:
        """Values at the corners of a staircase: where a moment ends, and where the next begins."""
        at = np.repeat(self.at, 2)[1:]
        return list(zip(at.tolist(), values.tolist(), strict=True))
