"""The simple experts that `Tide` mixes: each beats the others somewhere.

The last value; averages of 2, 8 and 50 rows, of six hours and of a day; four damped slopes; for
each of the curves the ratio to it now and over fifty rows, and the curve itself; for those of three
weeks the difference now; and the change that those days say that are like the present one.
Each is a constant plus a multiple of its curve at the target, so that a mix of experts is a
constant plus a multiple of each curve, and costs as little at 120 steps as at six.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide.arrays import F32, NIL, ONE, blank, number
from ebbtide.forecast.tide.days import CURVES, OF_A_WEEK

SPANS = (2, 8, 50)
"""Rows of the short averages (exponential, alpha = 2 / (span + 1))."""
LONG_MINUTES = (360, 1440)
"""Minutes that the long averages remember."""
AVERAGES = len(SPANS) + len(LONG_MINUTES)
DAMPING = np.array((0.85, 0.97, 0.6, 0.85))
"""How much of each slope is left from row to row."""
STEEPEST = number(10)
"""The largest ratio of demand to a curve that is believed."""
WARM = 24
"""The part of a day, at least a row, after the first whole one before curves are followed."""
LEVELS = 1 + AVERAGES
PLAIN = LEVELS + DAMPING.size
"""Experts without a curve; the first of them is the last value, the last four are slopes."""
BOTH = 2 * CURVES
"""Ratios: those of now, and those over fifty rows. Differences are to the long curves alone."""
RATIOS, DIFFERENCES = PLAIN, PLAIN + BOTH
GUARDED = DIFFERENCES + CURVES - OF_A_WEEK
RATIO, DIFFERENCE = slice(RATIOS, DIFFERENCES), slice(DIFFERENCES, GUARDED)
ALIKE = GUARDED + CURVES
EXPERTS = ALIKE + 1
"""Form by form; then the curves themselves, and what the days say that are alike."""
REGRESSIONS = 3
EVERY = EXPERTS + REGRESSIONS
"""All that are mixed: regressions of the experts stand behind them."""
SMOOTHED = np.arange(2, LEVELS - len(LONG_MINUTES))
"""The short averages but that of 2 rows."""
GOING_ON = np.r_[0:2, LEVELS : RATIOS + CURVES]
"""Those who go on from the present: it and the average of 2 rows, the slopes, the ratios of now."""
CHANGED = np.r_[DIFFERENCE, ALIKE]
"""Those who add a change of other days to it."""
OF_LATE: NDArray[np.int_] = np.concatenate((SMOOTHED, GOING_ON, CHANGED))
"""All who know only what was of late, or start from the present."""
LEAST_OF = slice(SMOOTHED.size + GOING_ON.size)
"""Where among them stand those who are not below nothing after a fall."""
MOST_OF = slice(SMOOTHED.size, None)
"""And those who start from the present."""
UPPER, LOWER = np.array((1, 2, 0, 0)), np.array((2, 3, 1, 2))
"""The levels between which the slopes lie."""
COMPARED = np.repeat((0, len(SPANS)), CURVES)
"""The levels that are compared with curves: the present value, and the longest short average..."""
BY_CURVE = np.tile(np.arange(CURVES), 2)
"""...and those curves."""
FOLLOWED = np.eye(CURVES, dtype=np.float32)[:, np.r_[BY_CURVE, OF_A_WEEK:CURVES, :CURVES]]
"""Which curve each of those follows who follow one, (CURVES, RATIOS to ALIKE)."""
STILL, SINCE = GUARDED + 1, -1
WIDTH = GUARDED + 3
"""A row: present value, averages, slopes, ratios to each curve now and over fifty rows, differences
to the long ones, a small share of the mean, for how many rows, at most two, the value stands still,
and for how many rows the series is known."""


def describe(rows: F32, averages: F32, curves: F32) -> None:
    """Fill in rows, (T, WIDTH, N), in which the present value and the guard stand.

    `averages` are those of the value and of the curves, (T, AVERAGES + CURVES, N).
    """
    rows[:, 1:LEVELS] = averages[:, :AVERAGES]
    levels = rows[:, :LEVELS]
    np.subtract(levels.take(UPPER, axis=1), levels.take(LOWER, axis=1), out=rows[:, LEVELS:PLAIN])
    np.subtract(rows[:, :1], curves[:, OF_A_WEEK:], out=rows[:, DIFFERENCE])
    mine, guard = levels.take(COMPARED, axis=1), rows[:, GUARDED, None] + NIL
    usual = np.concatenate((curves, averages[:, AVERAGES:]), axis=1)
    usual += guard
    np.maximum(usual, NIL, out=usual)
    mine += guard
    mine /= usual
    np.minimum(mine, STEEPEST, out=rows[:, RATIO])


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
    np.multiply(rows[:, :, RATIO], curves.take(BY_CURVE, axis=2), out=out[:, :, RATIO])
    np.add(rows[:, :, DIFFERENCE], curves[:, :, OF_A_WEEK:], out=out[:, :, DIFFERENCE])
    out[:, :, GUARDED:ALIKE] = curves
    np.add(present[:, :, 0], said, out=out[:, :, ALIKE])
    seasoned = warm(rows, day)
    if np.count_nonzero(seasoned) < seasoned.size:
        np.copyto(out[:, :, PLAIN:EXPERTS], present, where=~seasoned[:, :, None])
    return out


def of_late(now: F32) -> tuple[F32, F32]:
    """Between what those lie who know only what was of late, lowest and highest, (..., N).

    `now` are all experts, (..., EVERY, N). Above are those who start from the present, for which
    the average of 2 rows counts too: not every minute that is low is a fall. Below are all short
    averages as well: after a peak of some minutes they are right; and nobody who takes a change of
    other days for one of today, which after a fall is more than all that is left.
    """
    them = now.take(OF_LATE, axis=-2)
    lowest = np.minimum.reduce(them[..., LEAST_OF, :], axis=-2)
    return lowest, np.maximum.reduce(them[..., MOST_OF, :], axis=-2)


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
    multiples = np.empty((ALIKE - RATIOS, row.shape[-1]), np.float32)
    multiples[:BOTH], multiples[BOTH:] = row[RATIO], ONE
    multiples *= warm(row, day).astype(np.float32)
    followed: F32 = FOLLOWED @ (weights[:, RATIOS:ALIKE] * multiples)
    return followed


def warm(rows: F32, day: int) -> NDArray[np.bool_]:
    """Where a row has a whole day before it, so that its curves are real, (..., N)."""
    seasoned: NDArray[np.bool_] = rows[..., SINCE, :] > _cold(day)
    return seasoned


@lru_cache
def _cold(day: int) -> F32:
    """The last row that is not yet warm."""
    return number(day + max(1, day // WARM))
