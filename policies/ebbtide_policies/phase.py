"""The phase of a workload: a pure function of calendar, demand, fleet and the phase before.

`Prewarm` before an event, `War` during it, `Ebb` from its end until the fleet is what an ordinary
day asks for, `Peace` else. A surge that nobody announced is war too; it begins well above the usual
and ends well below where it began, so that the phase does not flap.
"""

import numpy as np

from ebbtide_policies.event_calendar import CalendarSettings, prewarm_starts
from ebbtide_policies.lanes import whole
from ebbtide_policies.observation import Observation, Phase, largest

SURGE_BEGINS = 2.0
"""A surge: demand is this many times the most that the usual hour around now asks for."""
SURGE_ENDS = 1.4
ORDINARY = 1.15
"""A fleet within this factor of the ordinary need has ebbed."""
_AROUND = 1800.0
_AFTERMATH = 86400.0
_BY_CARE = (Phase.PEACE, Phase.EBB, Phase.PREWARM, Phase.WAR)
_CALENDAR = CalendarSettings()


def next_phase(
    seen: Observation,
    calendar: CalendarSettings = _CALENDAR,
    least: float = 1.0,
    headroom: float = 0.0,
) -> Phase:
    """Tell the phase at this tick; `seen.phase` is the one before.

    `least` is the smallest fleet that the workload may have, `headroom` what its policies keep to
    spare on an ordinary day: without them an ebb that stops there would have no end. Where people's
    words differ, the most careful one holds.
    """
    spoken = [word.phase for word in seen.overrides if word.phase]
    if spoken:
        return max(spoken, key=_BY_CARE.index)
    if any(event.start <= seen.now < event.end for event in seen.events):
        return Phase.WAR
    if _prewarming(seen, calendar):
        return Phase.PREWARM
    if _surging(seen) and not _in_aftermath(seen):
        return Phase.WAR
    ebbed = seen.phase is Phase.PEACE or _ordinary(seen, least, headroom)
    return Phase.PEACE if ebbed else Phase.EBB


def _prewarming(seen: Observation, calendar: CalendarSettings) -> bool:
    headroom, margin = calendar.headroom, calendar.margin
    return any(
        prewarm_starts(event, seen, headroom, margin) <= seen.now < event.start
        for event in seen.events
    )


def _in_aftermath(seen: Observation) -> bool:
    """Whether an event has ended not long ago: what is left of its demand is no new surge."""
    return any(event.end <= seen.now < event.end + _AFTERMATH for event in seen.events)


def _surging(seen: Observation) -> bool:
    factor = SURGE_ENDS if seen.phase is Phase.WAR else SURGE_BEGINS
    return any(
        d.present() > factor * d.usual(seen.now - _AROUND, seen.now + _AROUND) for d in seen.demand
    )


def _ordinary(seen: Observation, least: float, headroom: float) -> bool:
    """Whether the fleet is no larger than an ordinary day would have it now."""
    needs = []
    for demand in seen.demand:
        usual = demand.usual(seen.now - _AROUND, seen.now + _AROUND)
        needs.append(demand.peak(_AROUND) if np.isnan(usual) else usual)
    ordinary = whole(largest(needs) * (1 + headroom) * ORDINARY)
    return bool(seen.fleet.current <= np.maximum(least, ordinary))
