"""Phases lane by lane: as one `Phase`, or as an array that holds the place of each lane's."""

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import Flag, every, some
from ebbtide_policies.observation import Observation, Phase

Phases: TypeAlias = Phase | NDArray[np.int64]
"""One phase, or the places in `ORDER` of many."""
ORDER = tuple(Phase)
_PLACE = {phase: place for place, phase in enumerate(ORDER)}

Rule: TypeAlias = tuple[Callable[[Observation], Flag], Phase]
"""A phase, and what has to hold for it."""


def places(phases: Phases) -> NDArray[np.int64]:
    """The place of each phase."""
    return np.asarray(_PLACE[phases] if isinstance(phases, Phase) else phases)


def is_in(phases: Phases, phase: Phase) -> Flag:
    """Whether it is this phase."""
    return phases is phase if isinstance(phases, Phase) else phases == _PLACE[phase]


def first_that_holds(rules: Iterable[Rule], seen: Observation, otherwise: Phase) -> Phase:
    """The phase of the first rule that holds, lane by lane; none is asked that can't matter."""
    left: Flag = True
    found: Phases = otherwise
    for holds, phase in rules:
        now = left & np.asarray(holds(seen))
        if some(now):
            found = phase if every(now) else np.where(now, _PLACE[phase], places(found))
        left = left & np.logical_not(now)
        if not some(left):
            break
    return cast("Phase", found)
