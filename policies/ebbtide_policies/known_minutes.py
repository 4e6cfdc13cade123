"""Which of the minutes of a demand are known, and values between two of them."""

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import UNKNOWN, UNLIMITED, Number

ANSWER_WITHIN = 180.0
"""Seconds after which an answer says nothing of the present any more."""
_HOUR = 60
_FEW = 3
"""Minutes that are looked at one by one: metrics are late, but seldom by more than these."""


def sound(minutes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which minutes are known: nobody is fewer than none, as where a counter has begun anew."""
    return np.isfinite(minutes) & (minutes >= 0)


def only_sound(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same minutes; NaN where one is no demand."""
    return np.where(sound(minutes), minutes, UNKNOWN)


def zero_where(minutes: NDArray[np.float64], answering: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The same minutes; zero where there is none although whoever would tell of it answered."""
    return np.where(np.isnan(minutes) & answering, 0.0, minutes)


def known_end(minutes: NDArray[np.float64]) -> int:
    """The index after the newest known minute; the last few and the last hour come first."""
    size = minutes.size
    for end in range(size, max(0, size - _FEW), -1):
        if 0 <= minutes[end - 1] < UNLIMITED:
            return end
    for begin in (max(0, size - _HOUR), 0):
        known = np.flatnonzero(sound(minutes[begin:]))
        if known.size:
            return begin + int(known[-1]) + 1
    return 0


def moved_on(minutes: NDArray[np.float64], part: Number) -> NDArray[np.float64]:
    """Values so much of a minute after each but the last, on the straight line to the next.

    The first axis is time; `part` may differ along the others.
    """
    return np.asarray(minutes[:-1] * (1 - part) + minutes[1:] * part)
