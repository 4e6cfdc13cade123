"""The phase of a workload: a pure function of calendar, demand, fleet and the phase before.

`Prewarm` before an event, `War` during it, `Ebb` from its end until the fleet is what an ordinary
day asks for, `Peace` else. A surge that nobody announced is war too; it begins well above the usual and
ends well below where it began, so that the phase does not flap.
"""

import numpy as np

from ebbtide_policies.event_calendar import prewarm_starts
from ebbtide_policies.observation import Observation, Phase, largest

SURGE_BEGINS = 2.0
"""A surge: demand is this many times the most that the usual hour around now asks for."""
SURGE_ENDS = 1.4
ORDINARY = 1.15
"""A fleet within this factor of the ordinary need has ebbed."""
_AROUND = 1800.0


def next_phase(seen: Observation) -> Phase:
    """Tell the phase at this tick; `seen.phase` is the one before."""
    spoken = [word.phase for word in seen.overrides if word.phase]
    if spoken:
        return spoken[-1]
    if any(event.start <= seen.now < event.end for event in seen.events):
        return Phase.WAR
    if any(prewarm_starts(event, seen) <= seen.now < event.start for event in seen.events):
        return Phase.PREWARM
    if _surging(seen):
        return Phase.WAR
    if seen.phase is not Phase.PEACE and not _ordinary(seen):
        return Phase.EBB
    return Phase.PEACE


def _surging(seen: Observation) -> bool:
    factor = SURGE_ENDS if seen.phase is Phase.WAR else SURGE_BEGINS
    return any(
        d.present() > factor * d.usual(seen.now - _AROUND, seen.now + _AROUND) for d in seen.demand
    )


def _ordinary(seen: Observation) -> bool:
    """Whether the fleet is no larger than an ordinary day would have it now."""
    needs = []
    for demand in seen.demand:
        usual = demand.usual(seen.now - _AROUND, seen.now + _AROUND)
        needs.append(demand.peak(_AROUND) if np.isnan(usual) else usual)
    need = largest(needs)
    return bool(seen.fleet.current <= np.ceil(need * ORDINARY))
