"""The simple experts that `Tide` mixes: each beats the others somewhere.

The last value; averages of 3, 10 and 30 rows; four damped slopes; and for each of the curves the
ratio to it now and over ten rows, the difference now and over ten rows, and the curve itself.
Each is a constant plus a multiple of its curve at the target, so that a mix of experts is a
constant plus a multiple of each curve, and costs as little at 120 steps as at six.
"""

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.tide_frame import F32, NIL, Frame
from ebbtide.forecast.tide_track import (
    CURVE,
    CURVES,
    EWMA,
    GUARDED,
    LEVEL,
    SPANS,
    Y,
    warm,
)

PLAIN = 8
"""Experts without a curve; the first of them is the last value."""
FORMS = 5
"""Experts of each curve."""
EXPERTS = PLAIN + FORMS * CURVES
DAMPING = (0.85, 0.97, 0.6, 0.85)
"""How much of each slope is left from row to row."""
STEEPEST = np.float32(10)
"""The largest ratio of demand to a curve that is believed."""


def reaches(steps: F32) -> F32:
    """How many rows each damped slope goes on for, (steps, slopes): phi + phi^2 + ... + phi^k."""
    phi = np.array(DAMPING)
    return np.asarray(phi * (1 - phi**steps) / (1 - phi), np.float32)


def slopes(rows: F32) -> F32:
    """Slopes a row: of the averages against one another, and of the present against them."""
    present, fast, middle, slow = (rows[..., i, :] for i in (Y, EWMA, EWMA + 1, EWMA + 2))
    lag = [(span - 1) / 2 for span in SPANS]
    return np.stack(
        (
            (fast - middle) / np.float32(2 * (lag[1] - lag[0])),
            (middle - slow) / np.float32(2 * (lag[2] - lag[1])),
            (present - fast) / np.float32(2 * lag[0]),
            (present - middle) / np.float32(lag[1]),
        ),
        axis=-2,
    )


def parts(rows: F32, seasoned: NDArray[np.bool_]) -> tuple[F32, F32]:
    """Constant and multiple of every expert of a curve, each (..., CURVES, FORMS, N).

    Where curves are not `seasoned`, (..., N), they foresee the last value.
    """
    guard = rows[..., GUARDED, None, :] + NIL
    present, level = rows[..., Y, None, :], rows[..., EWMA + 1, None, :]
    curve, usual = rows[..., CURVE : CURVE + CURVES, :], rows[..., LEVEL : LEVEL + CURVES, :]
    shape = (*curve.shape[:-1], FORMS, curve.shape[-1])
    constant, multiple = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    multiple[..., 0, :] = _ratio(present + guard, curve + guard)
    multiple[..., 1, :] = _ratio(level + guard, usual + guard)
    constant[..., 2, :] = present - curve
    constant[..., 3, :] = level - usual
    multiple *= seasoned[..., None, None, :]
    if not seasoned.all():
        constant = np.where(seasoned[..., None, None, :], constant, present[..., None, :])
    return constant, multiple


def _ratio(above: F32, below: F32) -> F32:
    ratio: F32 = np.minimum(above / np.maximum(below, NIL), STEEPEST)
    return ratio


def foreseen(rows: F32, curves: F32, frame: Frame) -> F32:
    """What every expert foresaw at each anchor, (T, A, EXPERTS, N).

    `rows` are those of the origins, (T, A or 1, WIDTH, N); `curves` those of the targets, (T, A or
    1, CURVES, N).
    """
    constant, multiple = parts(rows, warm(rows, frame.day))
    seasonal = constant + multiple * curves[..., None, :]
    count, series = max(rows.shape[1], curves.shape[1]), rows.shape[-1]
    out = np.empty((len(rows), count, EXPERTS, series), np.float32)
    out[:, :, :PLAIN] = plain(rows, frame)
    out[:, :, PLAIN:] = seasonal.reshape(len(rows), -1, FORMS * CURVES, series)
    return out


def plain(rows: F32, frame: Frame) -> F32:
    """What the experts without a curve foresee at each anchor, (T, A, PLAIN, N)."""
    reach = reaches(frame.steps())[..., None]
    sloping = rows[:, :, Y, None] + slopes(rows) * reach
    level = np.broadcast_to(rows[:, :, Y : EWMA + 3], (*sloping.shape[:2], 4, rows.shape[-1]))
    return np.concatenate((level, sloping), axis=2)
