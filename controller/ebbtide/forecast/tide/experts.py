"""The simple experts that `Tide` mixes: each beats the others somewhere.

The last value; averages of 3, 10 and 30 rows; four damped slopes; for each of the curves the ratio
to it now, the difference now, and the curve itself; for those of the last week the ratio and the
difference over ten rows; and the change that those days say that are like the present one.
Each is a constant plus a multiple of its curve at the target, so that a mix of experts is a
constant plus a multiple of each curve, and costs as little at 120 steps as at six.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide.arrays import F32, NIL, blank
from ebbtide.forecast.tide.days import CURVES, OF_A_WEEK

SPANS = (3, 10, 30)
"""Rows of the short averages (exponential, alpha = 2 / (span + 1))."""
DAMPING = np.array((0.85, 0.97, 0.6, 0.85))
"""How much of each slope is left from row to row."""
STEEPEST = np.float32(10)
"""The largest ratio of demand to a curve that is believed."""
WARM = 60
"""Rows after the first whole day before curves are followed."""
LEVELS = 1 + len(SPANS)
PLAIN = LEVELS + DAMPING.size
"""Experts without a curve; the first of them is the last value, the last four are slopes."""
BOTH = CURVES + OF_A_WEEK
"""Ratios: those of now, and those over ten rows; and as many differences."""
RATIOS, DIFFERENCES, GUARDED = PLAIN, PLAIN + BOTH, PLAIN + 2 * BOTH
ALIKE = GUARDED + CURVES
EXPERTS = ALIKE + 1
"""Form by form; then the curves themselves, and what the days say that are alike."""
REGRESSIONS = 2
EVERY = EXPERTS + REGRESSIONS
"""All that are mixed: regressions of the experts stand behind them."""
FROM_THE_PRESENT = (
    slice(0, 2),
    slice(LEVELS, RATIOS + CURVES),
    slice(DIFFERENCES, DIFFERENCES + CURVES),
)
"""Those who start from it, but for what the days say that are alike."""
SINCE = -1
WIDTH = GUARDED + 2
"""A row: present value, averages, slopes, ratios and differences to each curve now and over ten
rows, a small share of the mean, and for how many rows the series is known."""


def describe(rows: F32, averages: F32, curves: F32) -> None:
    """Fill in rows, (T, WIDTH, N), in which the present value and the guard stand.

    `averages` are those of the value and of a week's curves, (T, SPANS + OF_A_WEEK, N).
    """
    fast, middle, slow = (averages[:, i] for i in range(len(SPANS)))
    present, guard = rows[:, 0], rows[:, GUARDED] + NIL
    rows[:, 1:LEVELS] = averages[:, : len(SPANS)]
    np.subtract(fast, middle, out=rows[:, LEVELS])
    np.subtract(middle, slow, out=rows[:, LEVELS + 1])
    np.subtract(present, fast, out=rows[:, LEVELS + 2])
    np.subtract(present, middle, out=rows[:, LEVELS + 3])
    usual, begin = averages[:, len(SPANS) :], 0
    for mine, curve in ((present, curves), (middle, usual)):
        end = begin + curve.shape[1]
        ratio = rows[:, RATIOS + begin : RATIOS + end]
        np.add(curve, guard[:, None], out=ratio)
        np.maximum(ratio, NIL, out=ratio)
        np.divide((mine + guard)[:, None], ratio, out=ratio)
        np.minimum(ratio, STEEPEST, out=ratio)
        np.subtract(mine[:, None], curve, out=rows[:, DIFFERENCES + begin : DIFFERENCES + end])
        begin = end


def foreseen(rows: F32, curves: F32, said: F32, ahead: tuple[int, ...], day: int) -> F32:
    """What every expert foresaw at each anchor, (T, A, EVERY, N); and room for the regressions.

    `rows` are those of the origins, (T, A or 1, WIDTH, N); `curves` those of the targets, (T, A or
    1, CURVES, N); `said` what days that are alike say changes, (T, A, N), and `ahead` the rows from
    one to the other.
    """
    times, count, series = len(rows), len(ahead), rows.shape[-1]
    out = blank(times, count, EVERY, series)
    present = rows[:, :, :1]
    out[:, :, :LEVELS] = rows[:, :, :LEVELS]
    sloping = out[:, :, LEVELS:PLAIN]
    np.multiply(rows[:, :, LEVELS:PLAIN], reaches(ahead), out=sloping)
    sloping += present
    for begin, how in ((RATIOS, np.multiply), (DIFFERENCES, np.add)):
        for at, those in ((begin, curves), (begin + CURVES, curves[:, :, :OF_A_WEEK])):
            here = slice(at, at + those.shape[2])
            how(rows[:, :, here], those, out=out[:, :, here])
    out[:, :, GUARDED:ALIKE] = curves
    np.add(present[:, :, 0], said, out=out[:, :, ALIKE])
    seasoned = warm(rows, day)
    if not seasoned.all():
        np.copyto(out[:, :, PLAIN:EXPERTS], present, where=~seasoned[:, :, None])
    return out


def highest(now: F32) -> F32:
    """The highest that experts foresee who start from the present, (..., N).

    `now` are all of them, (..., EVERY, N). The average of 3 rows counts as the present too: not
    every minute that is low is a fall.
    """
    most = now[..., ALIKE, :].copy()
    for part in FROM_THE_PRESENT:
        np.maximum(most, np.maximum.reduce(now[..., part, :], axis=-2), out=most)
    return most


@lru_cache
def reaches(ahead: tuple[int, ...]) -> F32:
    """How far each slope leads in so many rows, (A, slopes, 1): phi + phi^2 + ... + phi^k.

    A slope is a difference of averages over the rows that lie between them.
    """
    going_on = DAMPING * (1 - DAMPING ** np.array(ahead)[:, None]) / (1 - DAMPING)
    lags = [(span - 1) / 2 for span in SPANS]
    apart = np.array((2 * (lags[1] - lags[0]), 2 * (lags[2] - lags[1]), 2 * lags[0], lags[1]))
    return np.asarray(going_on / apart, np.float32)[:, :, None]


def along(row: F32, weights: F32, day: int) -> F32:
    """How much of each curve is in a mix of experts, (A, CURVES, N), from one row, (WIDTH, N).

    `weights` are those of the experts, (A, EXPERTS, N).
    """
    multiples = weights[:, GUARDED:ALIKE] + weights[:, DIFFERENCES : DIFFERENCES + CURVES]
    multiples[:, :OF_A_WEEK] += weights[:, DIFFERENCES + CURVES : GUARDED]
    ratios = weights[:, RATIOS:DIFFERENCES] * row[RATIOS:DIFFERENCES]
    multiples += ratios[:, :CURVES]
    multiples[:, :OF_A_WEEK] += ratios[:, CURVES:]
    multiples *= warm(row, day)
    return multiples


def warm(rows: F32, day: int) -> NDArray[np.bool_]:
    """Where a row has a whole day before it, so that its curves are real, (..., N)."""
    seasoned: NDArray[np.bool_] = rows[..., SINCE, :] > day + WARM
    return seasoned
