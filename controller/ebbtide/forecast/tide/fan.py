"""From what is foreseen at the anchors to quantiles at every step.

Between the anchors it is interpolated along the logarithm of the step. Two upper quantiles are
known; the others lie on a tail that falls off exponentially through them.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from ebbtide.forecast.contract import LEVELS, Floats
from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.days import CURVES
from ebbtide.forecast.tide.frame import Frame

NIL = 1e-9
DECADES = np.log10(1 / (1 - np.array(LEVELS))).tolist()
"""How many times the share beyond each level is a tenth."""


def fan(frame: Frame, anchored: F32, curves: F32, highest: F32, out: Floats) -> None:
    """Put quantiles at every step, (levels, steps, N), into their place.

    At the anchors a constant, a multiple of each curve, and two widths above the median are known,
    (A, 1 + CURVES + 2, N). `curves` are those of the steps, (steps, CURVES, N); nothing is
    foreseen beyond the `highest`, (N,).
    """
    between = _between(frame)
    every = (between @ anchored.reshape(len(anchored), -1)).reshape(-1, *anchored.shape[1:])
    median: F32 = np.einsum("scn,scn->sn", every[:, 1 : 1 + CURVES], curves)
    median += every[:, 0]
    np.maximum(median, 0, out=median)
    np.minimum(median, highest, out=median)
    widths = np.minimum(every[:, 1 + CURVES :], (highest - median)[:, None])
    out[:] = _quantiles(median, widths[:, 0], widths[:, 1], highest)


def _quantiles(median: F32, near: F32, far: F32, highest: F32) -> F32:
    """All levels, (levels, steps, N), from the widths of a share beyond of a tenth and less."""
    values = np.empty((len(LEVELS), *median.shape), np.float32)
    values[0] = median
    slopes = near / (1 - DECADES[0]), np.maximum(far - near, 0)
    for i, (last, decade) in enumerate(pairwise(DECADES), start=1):
        slope = slopes[0] if decade < 1 + NIL else slopes[1]
        np.multiply(slope, decade - last, out=values[i])
        values[i] += values[i - 1]
    np.minimum(values[-1], highest, out=values[-1])  # the others lie below, but for rounding
    np.maximum(values[-1], values[-2], out=values[-1])
    return values


@lru_cache
def _between(frame: Frame) -> F32:
    """The share of each anchor in each step, (steps, A): linear in the logarithm of the step."""
    steps = np.log(np.arange(1, frame.horizon + 1))
    place = np.interp(steps, np.log(frame.anchors), np.arange(len(frame.anchors)))
    distance = np.abs(place[:, None] - np.arange(len(frame.anchors)))
    return np.asarray(np.maximum(1 - distance, 0), np.float32)
