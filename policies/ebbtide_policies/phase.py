"""The phase of a workload: a pure function of calendar, demand, fleet and the phase before.

`Prewarm` before an event, `War` during it, `Ebb` from its end until the fleet is what an ordinary
day asks for, `Peace` else. A surge that nobody announced is war too. It begins with the first
minute well above the usual, as care comes first; it ends when a while has passed well below where
it began, so that the phase does not flap. What is not known ends nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np

from ebbtide_policies.event_calendar import CalendarSettings, announced_end, prewarm_starts
from ebbtide_policies.lanes import (
    Flag,
    Number,
    as_number,
    before,
    every,
    opposite,
    reached,
    some,
    where,
    whole,
)
from ebbtide_policies.observation import Demand, Observation, Override, Phase, largest
from ebbtide_policies.phase_lanes import Phases, is_in, places

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

Rule: TypeAlias = tuple[Callable[[Observation], Flag], Phase]
"""A phase, and what has to hold for it."""


def next_phase(
    seen: Observation,
    calendar: CalendarSettings = _CALENDAR,
    least: Number = 1.0,
    headroom: Number = 0.0,
) -> Phases:
    """Tell the phase at this tick; `seen.phase` is the one before, in force since `phase_since`.

    `least` is the smallest fleet that the workload may have, `headroom` what its policies keep to
    spare on an ordinary day: without them an ebb that stops there would have no end, and a handful
    of viewers at night would be war. Where people's words differ, the most careful one holds.
    """
    rules: tuple[Rule, ...] = (
        *_spoken(seen),
        (_announced, Phase.WAR),
        (lambda at: _prewarming(at, calendar), Phase.PREWARM),
        (lambda at: _surging(at, least), Phase.WAR),
        (lambda at: _peaceful(at, least, headroom), Phase.PEACE),
    )
    return _first_that_holds(rules, seen, otherwise=Phase.EBB)


def _spoken(seen: Observation) -> Iterator[Rule]:
    """People's words, the most careful first."""
    for phase in reversed(_BY_CARE):
        for word in seen.overrides:
            if word.phase is phase:
                yield partial(_holds, word), phase


def _holds(word: Override, seen: Observation) -> Flag:
    return word.holds(seen.now)


def _announced(seen: Observation) -> Flag:
    found: Flag = False
    for event in seen.events:
        found = found | event.goes_on(seen.now)
    return found


def _prewarming(seen: Observation, calendar: CalendarSettings) -> Flag:
    headroom, margin = calendar.headroom, calendar.margin
    found: Flag = False
    for event in seen.events:
        ahead = before(seen.now, event.start)
        if some(ahead):
            starts = prewarm_starts(event, seen, headroom, margin)
            found = found | (ahead & reached(seen.now, starts))
    return found


def _surging(seen: Observation, least: Number) -> Flag:
    """Whether a surge begins or goes on.

    The war of an event ends with it, however high demand still is; what is left of that demand is
    no new surge either, unless it rises again.
    """
    over, since = announced_end(seen), as_number(seen.phase_since)
    at_war = is_in(seen.phase, Phase.WAR) & (np.equal(over, _NEVER) | (since > over))
    aftermath = before(seen.now, over + _AFTERMATH)
    found: Flag = False
    for demand in seen.demand:
        usual = np.maximum(_usual(demand, seen), least / SURGE_BEGINS)
        if some(at_war):
            found = found | (at_war & opposite(_calm(demand, usual)))
        if not every(found):
            found = found | _begins(demand, usual, aftermath)
    return found


def _calm(demand: Demand, usual: Number) -> Flag:
    """Whether a surge has ended; one above a usual that nobody knows has."""
    return np.isnan(usual) | (demand.peak(LULL) <= SURGE_ENDS * usual)


def _begins(demand: Demand, usual: Number, aftermath: Flag) -> Flag:
    high: Flag = np.greater(demand.present(), SURGE_BEGINS * usual)
    if not some(aftermath & high):
        return high
    rises = demand.slope(_AROUND) * _AROUND > RISE * usual
    return high & (rises | opposite(aftermath))


def _usual(demand: Demand, seen: Observation) -> Number:
    return demand.usual(seen.now - _AROUND, seen.now + _AROUND)


def _peaceful(seen: Observation, least: Number, headroom: Number) -> Flag:
    """Whether it was peace, or an ebb is over."""
    was: Flag = is_in(seen.phase, Phase.PEACE)
    return was if every(was) else was | _ordinary(seen, least, headroom)


def _ordinary(seen: Observation, least: Number, headroom: Number) -> Flag:
    """Whether the fleet is no larger than an ordinary day would have it now."""
    needs = []
    for demand in seen.demand:
        usual = _usual(demand, seen)
        unknown = np.isnan(usual)
        needs.append(where(unknown, demand.peak(_AROUND), usual) if some(unknown) else usual)
    ordinary = whole(largest(needs) * (1 + headroom) * ORDINARY)
    return np.less_equal(seen.fleet.current, np.maximum(least, ordinary))


def _first_that_holds(rules: Iterable[Rule], seen: Observation, otherwise: Phase) -> Phases:
    """The phase of the first rule that holds, lane by lane; none is asked that can't matter."""
    left: Flag = True
    found: Phases = otherwise
    for holds, phase in rules:
        now = left & np.asarray(holds(seen))
        if some(now):
            found = phase if every(now) else np.where(np.asarray(now), places(phase), places(found))
        left = left & opposite(now)
        if not some(left):
            break
    return found
