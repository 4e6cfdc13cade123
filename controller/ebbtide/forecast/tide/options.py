"""What `Tide` chooses from: mixes of its experts, regressions, and what lies between them.

There is a mix for each memory, their mean, and the regressions. What is chosen comes down to
weights of experts; those of anchors that are far ahead are pooled in the end.
"""

from bisect import bisect_left

import numpy as np

from ebbtide.forecast.tide.arrays import F32, ONE, blank, number, total
from ebbtide.forecast.tide.experts import EXPERTS, REGRESSIONS
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.memories import MIXES

MEAN = MIXES
REGRESSED = slice(MEAN + 1, MEAN + 1 + REGRESSIONS)
"""Where each option stands; the mixes come first."""
OPTIONS = REGRESSED.stop
ALL_MIXES = number(MIXES)
POOLED_ROWS, POOLED = 30, number(0.25)
"""Rows ahead from which on errors overlap so much that they say little of who is right: so much of
the weights is then that of the nearer anchor."""


def _held() -> F32:
    """How much of each mix, and of each regression, is in each option, (MIXES + ..., OPTIONS)."""
    held = np.zeros((MIXES + REGRESSIONS, OPTIONS), np.float32)
    held[:MIXES, :MIXES] = np.eye(MIXES)
    held[:MIXES, MEAN] = 1 / MIXES
    held[MIXES:, REGRESSED] = np.eye(REGRESSIONS)
    return held


HELD = _held()


def options_of(mixes: F32, regressed: F32) -> F32:
    """All that is chosen from, (T, A, OPTIONS, N)."""
    rows, anchors, _, series = mixes.shape
    out = blank(rows, anchors, OPTIONS, series)
    mean = total(mixes, 2, keepdims=True)
    mean /= ALL_MIXES
    out[:, :, :MIXES], out[:, :, MEAN : MEAN + 1], out[:, :, REGRESSED] = mixes, mean, regressed
    return out


def shares_of(weights: F32, parts: F32, trust: F32) -> F32:
    """The weight of each expert and regression in the mix, (A, EVERY, N).

    `weights` are theirs in each mix, (A, MIXES, EVERY, N), `parts` those of the options, (A,
    OPTIONS, N), and `trust` is how much of that is followed, (A, N): the rest is the last value.
    """
    held = HELD @ parts
    shares: F32 = np.einsum("aken,akn->aen", weights, held[:, :MIXES])
    regressed, last = shares[:, EXPERTS:], shares[:, 0]
    regressed += held[:, MIXES:]
    shares *= trust[:, None]
    last += ONE - trust
    return shares


def corrected(shares: F32, regressed: F32) -> F32:
    """The same weights with so much of each regression's way from the mix, (A, REGRESSIONS, N)."""
    shares = shares * (ONE - total(regressed, 1, keepdims=True))
    shares[:, EXPERTS:] += regressed
    return shares


def pooled(weights: F32, frame: Frame) -> F32:
    """Weights of experts, (A, EXPERTS, N), far ahead with some of those of the nearer anchor.

    Widths are learnt without that, from errors that are half a percent larger.
    """
    far = max(1, bisect_left(frame.anchors, POOLED_ROWS))
    nearer = weights[far - 1 : -1] - weights[far:]
    nearer *= POOLED
    together = weights.copy()
    together[far:] += nearer
    return together
