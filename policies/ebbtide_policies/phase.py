"""The phase of a workload: a pure function of calendar, demand, fleet and the phase before.

`Prewarm` before an event, `War` during it, `Ebb` from its end until the fleet is what an ordinary
day asks for, `Peace` else. A surge that nobody announced is war too. It begins with the first
minute well above the usual, as care comes first; it ends when a while has passed well below where
it began, so that the phase does not flap. What is not known ends nothing.
"""

import numpy as np

from ebbtide_policies.event_calendar import CalendarSettings, prewarm_starts
from ebbtide_policies.lanes import Number, whole
from ebbtide_policies.observation import Demand, Observation, Phase, largest

SURGE_BEGINS = 2.0
"""A surge: demand is this many times the most that the usual hour around now asks for."""
SURGE_ENDS = 1.4
LULL = 600.0
"""A surge has ended when demand was below that for as long."""
RISE = 0.5
"""After an event a surge is new only where demand rose by this share of the usual."""
ORDINARY = 1.15
"""A fleet within this factor of the ordinary need has ebbed."""
_AROUND = 1800.0
_AFTERMATH = 86400.0
_NEVER = float("-inf")
_BY_CARE = (Phase.PEACE, Phase.EBB, Phase.PREWARM, Phase.WAR)
_CALENDAR = CalendarSettings()


def next_phase(
    seen: Observation,
    calendar: CalendarSettings = _CALENDAR,
    least: float = 1.0,
    headroom: float = 0.0,
) -> Phase:
    """Tell the phase at this tick; `seen.phase` is the one before, in force since `phase_since`.

    `least` is the smallest fleet that the workload may have, `headroom` what its policies keep to
    spare on an ordinary day: without them an ebb that stops there would have no end, and a handful
    of viewers at night would be war. Where people's words differ, the most careful one holds.
    """
    spoken = [word.phase for word in seen.overrides if word.phase]
    if spoken:
        return max(spoken, key=_BY_CARE.index)
    if any(event.start <= seen.now < event.end for event in seen.events):
        return Phase.WAR
    if _prewarming(seen, calendar):
        return Phase.PREWARM
    if _surging(seen, least):
        return Phase.WAR
    ebbed = seen.phase is Phase.PEACE or _ordinary(seen, least, headroom)
    return Phase.PEACE if ebbed else Phase.EBB


def _prewarming(seen: Observation, calendar: CalendarSettings) -> bool:
    headroom, margin = calendar.headroom, calendar.margin
    return any(
        prewarm_starts(event, seen, headroom, margin) <= seen.now < event.start
        for event in seen.events
    )


def _surging(seen: Observation, least: float) -> bool:
    """Whether a surge begins or goes on.

    The war of an event ends with it, however high demand still is; what is left of that demand is
    no new surge either, unless it rises again.
    """
    over = max((event.end for event in seen.events if event.end <= seen.now), default=_NEVER)
    at_war = seen.phase is Phase.WAR and (over == _NEVER or seen.phase_since > over)
    aftermath = seen.now < over + _AFTERMATH
    for demand in seen.demand:
        usual = np.maximum(_usual(demand, seen), least / SURGE_BEGINS)
        goes_on = at_war and not _calm(demand, usual)
        if goes_on or _begins(demand, usual, aftermath):
            return True
    return False


def _calm(demand: Demand, usual: Number) -> bool:
    """Whether a surge has ended; one above a usual that nobody knows has."""
    return bool(np.isnan(usual) or demand.peak(LULL) <= SURGE_ENDS * usual)


def _begins(demand: Demand, usual: Number, aftermath: bool) -> bool:
    rises = not aftermath or demand.slope(_AROUND) * _AROUND > RISE * usual
    return bool(rises and demand.present() > SURGE_BEGINS * usual)


def _usual(demand: Demand, seen: Observation) -> Number:
    return demand.usual(seen.now - _AROUND, seen.now + _AROUND)


def _ordinary(seen: Observation, least: float, headroom: float) -> bool:
    """Whether the fleet is no larger than an ordinary day would have it now."""
    needs = []
    for demand in seen.demand:
        usual = _usual(demand, seen)
        needs.append(demand.peak(_AROUND) if np.isnan(usual) else usual)
    ordinary = whole(largest(needs) * (1 + headroom) * ORDINARY)
    return bool(seen.fleet.current <= np.maximum(least, ordinary))
