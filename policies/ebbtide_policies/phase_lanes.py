"""Phases lane by lane: as one `Phase`, or as an array that holds the place of each lane's."""

from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import Flag


class Phase(StrEnum):
    """Where a workload stands between war and peace."""

    PEACE = "Peace"
    PREWARM = "Prewarm"
    WAR = "War"
    EBB = "Ebb"


Phases: TypeAlias = Phase | NDArray[np.int64]
"""One phase, or the places in `ORDER` of many."""
ORDER = tuple(Phase)
_PLACE = {phase: place for place, phase in enumerate(ORDER)}


def places(phases: Phases) -> NDArray[np.int64]:
    """The place of each phase."""
    return np.asarray(_PLACE[phases] if isinstance(phases, Phase) else phases)


def is_in(phases: Phases, phase: Phase) -> Flag:
    """Whether it is this phase."""
    return phases is phase if isinstance(phases, Phase) else phases == _PLACE[phase]


def one_phase(phases: Phases) -> Phase:
    """Take the one phase out of a result that is known to have no lanes."""
    return phases if isinstance(phases, Phase) else ORDER[int(phases)]
