"""What hints at what a mix will miss: the features of `tide.correction`.

How far from it the regressions lie, and the mixes of the anchors beside it, as mixes waver more
from anchor to anchor than demand does from minute to minute. How far the mix is from the last value
where that stands still: it was measured seldom, so that the next one catches up. How far demand has
jumped, and what was missed of late, by the anchor itself and by the first, which knows soonest.
Small jumps and errors mostly go back and large ones stay, so that the two are told apart.
"""

import numpy as np

from ebbtide.forecast.tide.arrays import F32, blank, kept, number
from ebbtide.forecast.tide.beside import RECENT, TWO, Beside
from ebbtide.forecast.tide.experts import EXPERTS, REGRESSIONS
from ebbtide.forecast.tide.ridge import FARTHEST

SPANS = (3, 3, 60)
"""Minutes of the running means of what was missed (exponential, alpha = 2 / (rows + 1)): of small
errors, of large ones, and of small ones over an hour."""
MEANS = len(SPANS)
SMALL, LARGE, LARGEST = number(1), number(2), number(5)
"""Mean changes up to which an error is small, from which on it is large, and at most: a cliff tells
no more of what follows than a large error does."""
JUMPED_FROM = np.array((2, 1))
"""Experts: the averages of 8 and of 2 rows."""
JUMPED, LEAPT = number(2), number(1)
"""Mean changes from which on a jump from each is large."""
CATCHING_UP = number(8)
"""How much the way of the mix from a last value that stands still counts: a row ahead it is a small
part of a mean change, and would be nothing beside what coefficients are pulled to."""
CLOSE = number(5)
"""Mean changes that an anchor beside it lies away at most."""
REGRESSED = slice(REGRESSIONS)
BESIDE = slice(REGRESSED.stop, REGRESSED.stop + TWO)
STOOD = BESIDE.stop
JUMPS = slice(STOOD + 1, STOOD + 1 + len(JUMPED_FROM))
AWAY = slice(JUMPS.stop)
"""All that is divided by mean changes here."""
SMALLER = JUMPS.stop
"""The small part of the jump from the shorter average; the large ones stand before it."""
MISSED = slice(SMALLER + 1, SMALLER + 1 + MEANS)
FIRST = slice(MISSED.stop, MISSED.stop + RECENT)
COUNT = FIRST.stop


def clues(experts: F32, still: F32, median: F32, scale: F32, missed: F32, others: Beside) -> F32:
    """The features at some rows, (T, A, COUNT, N).

    `experts` are what all foresee, (T, A, E, N), `median` is the mix of it and `scale` the mean
    change, (T, A, N); `still` says for how many rows the last value stands still, (T, 1, N);
    `missed` are the running means of the anchors, (T, A, MEANS, N).
    """
    found = blank(*median.shape[:2], COUNT, median.shape[-1])
    np.subtract(experts[:, :, EXPERTS:], median[:, :, None], out=found[:, :, REGRESSED])
    np.subtract(others.medians, median[:, :, None], out=found[:, :, BESIDE])
    np.subtract(median, experts[:, :, 0], out=found[:, :, STOOD])
    found[:, :, STOOD] *= CATCHING_UP * still
    np.subtract(experts[:, :, :1], experts.take(JUMPED_FROM, axis=2), out=found[:, :, JUMPS])
    away, beside = found[:, :, AWAY], found[:, :, BESIDE]
    away /= scale[:, :, None]
    kept(away, FARTHEST, out=away)
    kept(beside, CLOSE, out=beside)
    longer, shorter = found[:, :, JUMPS.start], found[:, :, JUMPS.start + 1]
    longer -= kept(longer, JUMPED)
    found[:, :, SMALLER] = kept(shorter, LEAPT)
    shorter -= found[:, :, SMALLER]
    found[:, :, MISSED], found[:, :, FIRST] = missed, others.missed
    return found


def sizes(errors: F32) -> F32:
    """The errors, (T, A, N) in mean changes, that running means are made of, (T, A, MEANS, N)."""
    made = blank(*errors.shape[:2], MEANS, errors.shape[-1])
    made[:, :, ::2] = kept(errors, SMALL)[:, :, None]
    np.subtract(kept(errors, LARGEST), kept(errors, LARGE), out=made[:, :, 1])
    return made
