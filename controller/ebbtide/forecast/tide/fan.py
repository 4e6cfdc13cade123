"""From what is foreseen at the anchors to quantiles at every step.

Between the anchors it is interpolated along the logarithm of the step. Two upper quantiles are
known; the others lie on a tail that falls off exponentially through them.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import LEVELS, Floats, Rows
from ebbtide.forecast.tide.arrays import F32, NOUGHT, number
from ebbtide.forecast.tide.cells import between
from ebbtide.forecast.tide.frame import Frame

NIL = 1e-9
DECADES = np.log10(1 / (1 - np.array(LEVELS))).tolist()
"""How many times the share beyond each level is a tenth."""
NEAR = number(1 - DECADES[0])
"""What the near width lies above the median, in decades."""
APART = [(decade < 1 + NIL, number(decade - last)) for last, decade in pairwise(DECADES)]
"""Whether each level but the first is within the near width; decades between it and the last."""


class Anchored(NamedTuple):
    """What is foreseen at the anchors. A median is a constant plus a multiple of each curve."""

    constant: F32
    """(A, N)."""
    multiples: F32
    """(A, CURVES, N)."""
    widths: F32
    """Two, above the median, (2, A, N)."""


class Steps(NamedTuple):
    """How every step lies between two anchors, and between which cells of the curves."""

    shares: F32
    """The share of each anchor in each step, (steps, A): linear in the logarithm of the step."""
    cells: Rows
    """Which curves anchors are looked at with: a cell for each of some pairs, (pairs,). They are
    numbered from the one before that of the first step."""
    anchors: Rows
    """Their anchors."""
    paired: F32
    """The share of each pair in each step, (steps, pairs)."""


def fan(
    steps: Steps, anchored: Anchored, curves: F32, pulses: F32, highest: F32, out: Floats
) -> None:
    """Put quantiles at every step, (levels, steps, N), into their place.

    `curves` are those of the cells of the steps, (pairs, CURVES, N), and `pulses`, (steps, N), come
    on top of all else; nothing is foreseen beyond the `highest`, (N,).
    """
    medians: F32 = np.einsum("pcn,pcn->pn", anchored.multiples.take(steps.anchors, axis=0), curves)
    medians += anchored.constant.take(steps.anchors, axis=0)
    median = steps.paired @ medians
    median += pulses
    np.maximum(median, NOUGHT, out=median)
    np.minimum(median, highest, out=median)
    near, far = steps.shares @ anchored.widths
    most = highest - median
    np.minimum(near, most, out=near)
    np.minimum(far, most, out=far)
    _put_quantiles(median, near, far, highest, out)


def _put_quantiles(median: F32, near: F32, far: F32, highest: F32, out: Floats) -> None:
    """All levels, (levels, steps, N), from the widths of a share beyond of a tenth and less.

    All is reckoned in the place of what is given: other room would cost as much again.
    """
    far -= near
    np.maximum(far, NOUGHT, out=far)
    near /= NEAR
    out[0] = level = median
    below = np.empty_like(median)
    for i, (is_near, apart) in enumerate(APART, start=1):
        level, below = below, level
        np.multiply(near if is_near else far, apart, out=level)
        level += below
        if i == len(APART):
            np.minimum(level, highest, out=level)  # the others lie below, but for rounding
            np.maximum(level, below, out=level)
        out[i] = level


@lru_cache
def steps_from(frame: Frame, row: int, cell: int) -> Steps:
    """The steps after a row that is so many rows into its cell."""
    shares, steps = _between(frame), np.arange(frame.horizon)
    before, part = between(cell + row + steps, cell)
    paired = np.zeros((frame.horizon, before[-1] + 2, len(frame.anchors)), np.float32)
    paired[steps, before] = (1 - part)[:, None] * shares
    paired[steps, before + 1] = part[:, None] * shares
    pairs = np.argwhere(paired.any(axis=0))
    return Steps(shares, pairs[:, 0], pairs[:, 1], paired[:, pairs[:, 0], pairs[:, 1]])


@lru_cache
def _between(frame: Frame) -> F32:
    """The share of each anchor in each step, (steps, A)."""
    steps = np.log(np.arange(1, frame.horizon + 1))
    place = np.interp(steps, np.log(frame.anchors), np.arange(len(frame.anchors)))
    distance = np.abs(place[:, None] - np.arange(len(frame.anchors)))
    return np.asarray(np.maximum(1 - distance, 0), np.float32)
