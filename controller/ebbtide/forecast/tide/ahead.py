"""What every expert foresees from some rows, and between which bounds it lies."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.experts import EXPERTS, foreseen, highest
from ebbtide.forecast.tide.frame import Band


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
    highest: F32
    """The highest of those who start from the present."""


def look_ahead(rows: F32, curves: F32, said: F32, band: Band) -> Ahead:
    """What is foreseen from rows, (T, WIDTH, N), whose targets have these curves.

    `said` is the change until then by days that are like the present one, (T, A, N).
    """
    now = foreseen(rows[:, None], curves, said, band.anchors, band.frame.day)
    own = now[:, :, :EXPERTS]
    least, most = np.minimum.reduce(own, axis=2), np.maximum.reduce(own, axis=2)
    return Ahead(band, curves, now, least, most, highest(now))
