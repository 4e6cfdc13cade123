"""The simple experts that `Tide` mixes: each beats the others somewhere.

The last value; averages of 3, 10 and 30 rows; four damped slopes; and for each of the curves the
ratio to it now and over ten rows, the difference now and over ten rows, and the curve itself.
Each is a constant plus a multiple of its curve at the target, so that a mix of experts is a
constant plus a multiple of each curve, and costs as little at 120 steps as at six.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide_days import CURVES
from ebbtide.forecast.tide_frame import F32, NIL, total

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
FORMS = 5
"""Experts of each curve; they stand form by form."""
EXPERTS = PLAIN + FORMS * CURVES
RATIOS, DIFFERENCES, GUARDED, SINCE = PLAIN, PLAIN + 2 * CURVES, PLAIN + 4 * CURVES, -1
WIDTH = GUARDED + 2
"""A row: present value, averages, slopes, ratios and differences to each curve now and over ten
rows, a small share of the mean, and for how many rows the series is known."""


def describe(rows: F32, averages: F32, curves: F32) -> None:
    """Fill in rows, (T, WIDTH, N), in which the present value and the guard stand.

    `averages` are those of the value and of the curves, (T, SPANS + CURVES, N).
    """
    fast, middle, slow = (averages[:, i] for i in range(len(SPANS)))
    present, guard = rows[:, 0], rows[:, GUARDED] + NIL
    rows[:, 1:LEVELS] = averages[:, : len(SPANS)]
    np.subtract(fast, middle, out=rows[:, LEVELS])
    np.subtract(middle, slow, out=rows[:, LEVELS + 1])
    np.subtract(present, fast, out=rows[:, LEVELS + 2])
    np.subtract(present, middle, out=rows[:, LEVELS + 3])
    usual = averages[:, len(SPANS) :]
    for i, (mine, curve) in enumerate(((present, curves), (middle, usual))):
        ratio = rows[:, RATIOS + i * CURVES : RATIOS + (i + 1) * CURVES]
        np.add(curve, guard[:, None], out=ratio)
        np.maximum(ratio, NIL, out=ratio)
        np.divide((mine + guard)[:, None], ratio, out=ratio)
        np.minimum(ratio, STEEPEST, out=ratio)
        difference = rows[:, DIFFERENCES + i * CURVES : DIFFERENCES + (i + 1) * CURVES]
        np.subtract(mine[:, None], curve, out=difference)


def foreseen(rows: F32, curves: F32, ahead: tuple[int, ...], day: int) -> F32:
    """What every expert foresaw at each anchor, (T, A, EXPERTS, N).

    `rows` are those of the origins, (T, A or 1, WIDTH, N); `curves` those of the targets, (T, A or
    1, CURVES, N); `ahead` the rows from one to the other.
    """
    times, count, series = len(rows), len(ahead), rows.shape[-1]
    out = np.empty((times, count, EXPERTS, series), np.float32)
    present = rows[:, :, :1]
    out[:, :, :LEVELS] = rows[:, :, :LEVELS]
    sloping = out[:, :, LEVELS:PLAIN]
    np.multiply(rows[:, :, LEVELS:PLAIN], reaches(ahead), out=sloping)
    sloping += present
    pairs = (times, -1, 2, CURVES, series)
    seasonal = out[:, :, PLAIN:].reshape(times, count, FORMS, CURVES, series)
    target = curves[:, :, None]
    ratios = rows[:, :, RATIOS:DIFFERENCES].reshape(pairs)
    np.multiply(ratios, target, out=seasonal[:, :, :2])
    np.add(rows[:, :, DIFFERENCES:GUARDED].reshape(pairs), target, out=seasonal[:, :, 2:4])
    seasonal[:, :, 4] = curves
    seasoned = warm(rows, day)
    if not seasoned.all():
        np.copyto(out[:, :, PLAIN:], present, where=~seasoned[:, :, None])
    return out


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
    of_forms = weights[:, PLAIN:].reshape(len(weights), FORMS, CURVES, -1)
    multiples = total(of_forms[:, 2:], 1)
    ratios = row[RATIOS:DIFFERENCES].reshape(2, CURVES, -1)
    multiples += total(of_forms[:, :2] * ratios, 1)
    multiples *= warm(row, day)
    return multiples


def warm(rows: F32, day: int) -> NDArray[np.bool_]:
    """Where a row has a whole day before it, so that its curves are real, (..., N)."""
    seasoned: NDArray[np.bool_] = rows[..., SINCE, :] > day + WARM
    return seasoned
