"""Numbers that rules compute with: one float, or one lane per variant or workload.

A rule is written once with numpy's element-wise functions and runs on both. NaN means unknown, and
every rule is written so that an unknown number never shrinks anything.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Lanes: TypeAlias = NDArray[np.float64]
Number: TypeAlias = float | Lanes
"""A number, or an array with one number a lane."""

Flag: TypeAlias = bool | np.bool_ | NDArray[np.bool_]
"""A truth value, or an array with one a lane."""

UNLIMITED = float("inf")
"""The replicas of a ceiling, or of a pace-up, that limits nothing."""

NOTHING = 0.0
"""The replicas of a floor, or of a pace-down, that asks for nothing."""

UNKNOWN = float("nan")

_HAIR = 1e-6
"""A need this close above a whole number is that number: 3.0000001 replicas are three."""


def whole(replicas: Number) -> Number:
    """Round a need up to whole replicas, forgiving the noise of floating point."""
    return np.ceil(replicas - _HAIR) + 0.0  # no need is nought, not minus nought


def within(replicas: Number) -> Number:
    """Round a ceiling down to whole replicas, forgiving the noise of floating point."""
    return np.floor(replicas + _HAIR)


def where(condition: Flag, yes: Number, no: Number) -> Number:
    """Choose lane by lane."""
    if isinstance(condition, (bool, np.bool_)):
        return yes if condition else no
    return np.where(condition, yes, no)


def every(flags: Flag) -> bool:
    """Whether it holds in every lane. Without lanes numpy would take longer than the rule."""
    return bool(flags) if isinstance(flags, (bool, np.bool_)) else bool(flags.all())


def some(flags: Flag) -> bool:
    """Whether it holds in any lane."""
    return bool(flags) if isinstance(flags, (bool, np.bool_)) else bool(flags.any())


def either(condition: Flag, yes: Number, no: Number) -> Number:
    """Choose lane by lane, unless there is nothing to choose: a number stays one number."""
    if yes is no or (isinstance(yes, float) and isinstance(no, float) and yes == no):
        return no
    return where(condition, yes, no)


def number(value: Number) -> float:
    """Take the one number out of a result that is known to have no lanes."""
    return float(value)
