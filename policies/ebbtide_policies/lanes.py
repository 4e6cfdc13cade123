"""Numbers that rules compute with: one float, or one lane per variant or workload.

A rule is written once with numpy's element-wise functions and runs on both. NaN means unknown, and
every rule is written so that an unknown number never shrinks anything.
"""

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Lanes: TypeAlias = NDArray[np.float64]
Number: TypeAlias = float | Lanes
"""A number, or an array with one number a lane."""


class Flag(Protocol):
    """A truth value, or an array with one a lane.

    None is true or false as a whole: `where`, `every` and `some` tell what is meant, and types
    refuse `if`, `and` and `not`.
    """

    def __and__(self, other: Any, /) -> "Flag": ...
    def __or__(self, other: Any, /) -> "Flag": ...
    def __rand__(self, other: Any, /) -> "Flag": ...
    def __ror__(self, other: Any, /) -> "Flag": ...


class Moment(Protocol):
    """Epoch seconds, or an array with a moment of its own for each lane.

    A sweep runs stretches of time side by side, so nothing is before or after all of them: `before`
    and `reached` ask lane by lane, and types refuse `<`, `float` and calendars.
    """

    def __sub__(self, other: Any, /) -> Number: ...
    def __add__(self, other: Any, /) -> Number: ...
    def __radd__(self, other: Any, /) -> Number: ...


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


# What follows is called by every rule in every lane, so it takes what it is given as `Any` where it
# knows more than types do: a `cast` would be one more call.


def where(condition: Flag, yes: Number, no: Number) -> Number:
    """Choose lane by lane."""
    if isinstance(condition, (bool, np.bool_)):
        return yes if condition else no
    lanes: Any = condition
    result: Number = np.where(lanes, yes, no)
    return result


def opposite(condition: Flag) -> Flag:
    """Whether it does not hold, lane by lane."""
    if isinstance(condition, (bool, np.bool_)):
        return not condition
    lanes: Any = condition
    result: Flag = np.logical_not(lanes)
    return result


def before(now: Moment, moment: Number) -> Flag:
    """Whether a moment is still to come, lane by lane."""
    seconds: Any = now
    result: Flag = seconds < moment
    return result


def reached(now: Moment, moment: Number) -> Flag:
    """Whether a moment has come, lane by lane."""
    seconds: Any = now
    result: Flag = seconds >= moment
    return result


def as_number(now: Moment) -> Number:
    """The seconds of a moment, to reckon with and to remember."""
    seconds: Any = now
    result: Number = seconds
    return result


def every(flags: Flag) -> bool:
    """Whether it holds in every lane. Without lanes numpy would take longer than the rule."""
    lanes: Any = flags
    return bool(lanes) if isinstance(flags, (bool, np.bool_)) else bool(lanes.all())


def some(flags: Flag) -> bool:
    """Whether it holds in any lane."""
    lanes: Any = flags
    return bool(lanes) if isinstance(flags, (bool, np.bool_)) else bool(lanes.any())


def either(condition: Flag, yes: Number, no: Number) -> Number:
    """Choose lane by lane, unless there is nothing to choose: a number stays one number."""
    if yes is no or (isinstance(yes, float) and isinstance(no, float) and yes == no):
        return no
    return where(condition, yes, no)


def number(value: Number) -> float:
    """Take the one number out of a result that is known to have no lanes."""
    return float(value)
