"""From what is foreseen at the anchors to quantiles at every step.

Between the anchors it is interpolated along the logarithm of the step. Two upper quantiles are
known; the others lie on a tail that falls off exponentially through them.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import LEVELS, Floats, Rows
from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.days import CURVES
from ebbtide.forecast.tide.frame import Frame

NIL = 1e-9
DECADES = np.log10(1 / (1 - np.array(LEVELS))).tolist()
"""How many times the share beyond each level is a tenth."""


class Steps(NamedTuple):
    """How every step lies between two anchors, and in which cell of the curves."""

    shares: F32
    """The share of each anchor in each step, (steps, A): linear in the logarithm of the step."""
    cells: Rows
    """Which curves anchors are looked at with: a cell for each of some pairs, (pairs,)."""
    anchors: Rows
    """Their anchors."""
    paired: F32
    """The share of each pair in each step, (steps, pairs)."""


def fan(steps: Steps, anchored: F32, curves: F32, highest: F32, out: Floats) -> None:
    """Put quantiles at every step, (levels, steps, N), into their place.

    At the anchors a constant, a multiple of each curve, and two widths above the median are known,
    (A, 1 + CURVES + 2, N). `curves` are those of the cells that the steps lie in, (cells, CURVES,
    N); nothing is foreseen beyond the `highest`, (N,).
    """
    constant, multiples = anchored[steps.anchors, 0], anchored[steps.anchors, 1 : 1 + CURVES]
    medians: F32 = np.einsum("pcn,pcn->pn", multiples, curves[steps.cells])
    medians += constant
    median = steps.paired @ medians
    np.maximum(median, 0, out=median)
    np.minimum(median, highest, out=median)
    near, far = (steps.shares @ anchored[:, 1 + CURVES + i] for i in range(2))
    most = highest - median
    np.minimum(near, most, out=near)
    np.minimum(far, most, out=far)
    _put_quantiles(median, near, far, highest, out)


def _put_quantiles(median: F32, near: F32, far: F32, highest: F32, out: Floats) -> None:
    """All levels, (levels, steps, N), from the widths of a share beyond of a tenth and less.

    All is reckoned in the place of what is given: other room would cost as much again.
    """
    far -= near
    np.maximum(far, 0, out=far)
    near /= np.float32(1 - DECADES[0])
    out[0] = level = median
    below = np.empty_like(median)
    for i, (last, decade) in enumerate(pairwise(DECADES), start=1):
        level, below = below, level
        np.multiply(near if decade < 1 + NIL else far, np.float32(decade - last), out=level)
        level += below
        if i == len(DECADES) - 1:
            np.minimum(level, highest, out=level)  # the others lie below, but for rounding
            np.maximum(level, below, out=level)
        out[i] = level


@lru_cache
def steps_from(frame: Frame, row: int, cell: int) -> Steps:
    """The steps after a row that is so many rows into its cell."""
    shares = _between(frame)
    cells = (row + np.arange(frame.horizon)) // cell
    paired = np.zeros((frame.horizon, cells[-1] + 1, len(frame.anchors)), np.float32)
    paired[np.arange(frame.horizon), cells] = shares
    pairs = np.argwhere(paired.any(axis=0))
    return Steps(shares, pairs[:, 0], pairs[:, 1], paired[:, pairs[:, 0], pairs[:, 1]])


@lru_cache
def _between(frame: Frame) -> F32:
    """The share of each anchor in each step, (steps, A)."""
    steps = np.log(np.arange(1, frame.horizon + 1))
    place = np.interp(steps, np.log(frame.anchors), np.arange(len(frame.anchors)))
    distance = np.abs(place[:, None] - np.arange(len(frame.anchors)))
    return np.asarray(np.maximum(1 - distance, 0), np.float32)
