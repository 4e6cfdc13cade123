"""What is known moved from learner to learner: of every array the last axis is the series."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ebbtide.forecast.columnwise import abreast
from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.frame import Flights


def joined(learners: Sequence[Any]) -> Any:
    """One learner of all series of some that are at the same row."""
    made = abreast(learners)
    made.size = sum(learner.size for learner in learners)
    return made


def taken(learners: Sequence[Any], columns: Rows) -> Any:
    """A learner of some of the series of others that are at the same row, numbered through."""
    made = abreast(learners, columns)
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
