"""What is known moved from learner to learner: of every array the last axis is the series."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.frame import Flights

Array = np.ndarray[Any, Any]


def joined(learners: Sequence[Any]) -> Any:
    """One learner of all series of some that are at the same row."""
    made = _mapped(learners, lambda arrays: np.concatenate(arrays, axis=-1))
    made.size = sum(learner.size for learner in learners)
    return made


def taken(learner: Any, columns: Rows) -> Any:
    """A learner of some of the series of another."""
    made = _mapped([learner], lambda arrays: np.ascontiguousarray(arrays[0][..., columns]))
    made.size = columns.size
    return made


def handed_on(old: Any, new: Any) -> None:
    """Let a learner know all that another knows, but for what is in flight."""
    for name, value in vars(new).items():
        known = getattr(old, name)
        if isinstance(value, np.ndarray):
            setattr(new, name, known)
        elif hasattr(value, "__dict__") and not isinstance(value, Flights):
            handed_on(known, value)


def _mapped(values: Sequence[Any], how: Callable[[Sequence[Array]], Array]) -> Any:
    """A value like the first, in which each array is made from those that stand at its place."""
    first = values[0]
    if isinstance(first, np.ndarray):
        return how(values)
    if isinstance(first, list):
        return [_mapped(each, how) for each in zip(*values, strict=True)]
    if hasattr(first, "__dict__"):
        made = copy.copy(first)
        for name in vars(first):
            setattr(made, name, _mapped([getattr(value, name) for value in values], how))
        return made
    return first
