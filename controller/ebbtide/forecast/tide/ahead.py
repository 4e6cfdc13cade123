"""What every expert foresees from some rows, and between which bounds it lies."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.arrays import F32, NOUGHT, number
from ebbtide.forecast.tide.experts import EXPERTS, STILL, foreseen, of_late
from ebbtide.forecast.tide.frame import Band

ABOVE, BELOW = number(3), number(1)
"""Mean changes that the mix may lie above all experts who start from the present, and below all who
know only what was of late: after a fall or a rise that is like none before, those who remember what
was before it are not believed."""
LEFT = number(0.5)
"""Nor is less than such a share of the latter: after a fall the mean change is that of what was
before it, and for a day larger than all that is left."""


class Ahead(NamedTuple):
    """What is foreseen from some rows. T rows, A anchors, E everyone."""

    band: Band
    """The anchors."""
    curves: F32
    """Those of the targets, (T, A, CURVES, N)."""
    now: F32
    """What each expert foresees, (T, A, E, N); the regressions are yet to come."""
    least: F32
    """The lowest of it, (T, A, N)."""
    most: F32
    """The highest of it."""
    lowest: F32
    """The lowest of those who know only what was of late."""
    highest: F32
    """The highest of those who start from the present."""
    still: F32
    """For how many rows, at most two, the last value stands still, (T, 1, N)."""

    def beyond(self, *mixes: F32) -> list[F32]:
        """How far some mixes of experts lie beyond the last value, (A, N) each, from one row on.

        Their weights, (A, EXPERTS, N), may be of other anchors too, and come to anything after a
        fall: they are believed up to the last value beyond those who know only what was of late.
        """
        now, last = self.now[0, :, :EXPERTS], self.now[0, :, 0]
        away, least, most = now - now[:, :1], self.lowest[0] - 2 * last, self.highest[0]
        found = (np.einsum("aen,aen->an", weights, away) for weights in mixes)
        return [np.minimum(np.maximum(each, least), most) for each in found]


def look_ahead(rows: F32, curves: F32, said: F32, band: Band) -> Ahead:
    """What is foreseen from rows, (T, WIDTH, N), whose targets have these curves.

    `said` is the change until then by days that are like the present one, (T, A, N).
    """
    now = foreseen(rows[:, None], curves, said, band.anchors, band.frame.day)
    own = now[:, :, :EXPERTS]
    least, most = np.minimum.reduce(own, axis=2), np.maximum.reduce(own, axis=2)
    return Ahead(band, curves, now, least, most, *of_late(now), rows[:, None, STILL])


def keep_believable(median: F32, of_late: tuple[F32, F32], scale: F32) -> None:
    """Keep what a mix foresees within what experts do who know only what was of late.

    They are the lowest and the highest, and `scale` is the mean change, all of its shape.
    """
    lowest, highest = of_late
    np.minimum(median, highest + ABOVE * scale, out=median)
    np.maximum(median, np.maximum(lowest - BELOW * scale, LEFT * lowest), out=median)
    np.maximum(median, NOUGHT, out=median)
