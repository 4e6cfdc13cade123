"""`calendar`: capacity for an announced event, ready before it starts."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.demand import HOUR
from ebbtide_policies.event_shape import highest
from ebbtide_policies.lanes import (
    NOTHING,
    Flag,
    Number,
    as_number,
    before,
    every,
    reached,
    some,
    where,
    whole,
)
from ebbtide_policies.observation import Demand, Event, Observation, Phase, largest
from ebbtide_policies.phase_lanes import is_in
from ebbtide_policies.quantities import Duration, Share


class CalendarSettings(PolicySettings):
    """How the expectation of an event becomes a floor."""

    headroom: Share = Field(0.1, description="Spare share on top of the expected demand.")
    margin: Duration = Field(
        120.0, description="Time to spare between the last replica's start and readyBy."
    )


_MARGIN = 120.0
_LINGER = 600.0
"""Once a prewarm goes on it has begun as much earlier, so that it survives a change of mind."""


def expected(event: Event, demand: Demand, now: Number) -> Number:
    """Replicas that an event needs of one signal from now on, or from its start, for an hour.

    It is a multiple of the usual at that hour; NaN when that is unknown.
    """
    begin = np.maximum(now, event.start)
    return event.times * demand.usual(begin, np.minimum(event.end, begin + HOUR))


def need_of(event: Event, seen: Observation, margin: Number = _MARGIN) -> Number:
    """Replicas at target load that an event is expected to need, the largest signal deciding.

    With the shape of an earlier event it is what that asks for until capacity could follow: from
    now on, or from its start, up to the time of the climb to all that is still to come.
    """
    if event.shape:
        return _by_shape(event, seen, margin)
    by_signal = largest(expected(event, demand, as_number(seen.now)) for demand in seen.demand)
    return _said(event, by_signal)


def peak_of(event: Event, seen: Observation) -> Number:
    """Replicas at target load at the peak of an event that has a shape; NaN when it is unknown."""
    usual = largest(demand.usual(event.start, event.end) for demand in seen.demand)
    return _said(event, event.times * usual)


def _said(event: Event, by_times: Number) -> Number:
    """The replicas that are said as such, lane by lane; else those by a multiple of the usual."""
    if not some(np.isnan(event.replicas)):
        return event.replicas
    return where(np.isnan(event.replicas), by_times, event.replicas)


def _by_shape(event: Event, seen: Observation, margin: Number) -> Number:
    """The climb is reckoned from what the event needs at this moment, whatever there is.

    So it does not shorten while the fleet grows, and the floor never takes a rise back.
    """
    peak, lasts = peak_of(event, seen), event.end - event.start
    place = np.maximum(0.0, seen.now - event.start) / lasts
    level = peak * highest(event.shape, place, place)
    climb = seen.climb(level, peak * highest(event.shape, place, 1.0))
    return peak * highest(event.shape, place, place + (climb + margin) / lasts)


def announced_end(seen: Observation) -> Number:
    """The latest end of an event that has passed; minus infinity without one.

    What ends within an event that goes on is a part of it, and no end.
    """
    goes_on_since: Number = np.inf
    for each in seen.events:
        since = where(each.goes_on(seen.now), each.start, np.inf)
        goes_on_since = np.minimum(goes_on_since, since)
    ends = (each.end for each in seen.events)
    over = ((end, reached(seen.now, end) & reached(goes_on_since, end)) for end in ends)
    return largest([-np.inf, *(where(passed, end, -np.inf) for end, passed in over)])


def prewarm_starts(
    event: Event, seen: Observation, headroom: Number = 0.1, margin: Number = _MARGIN
) -> Number:
    """The moment from which the fleet has to grow to be ready in full at `ready_by`.

    It is reckoned from current replicas; but once a prewarm goes on, as if from one replica, and
    a while earlier. So a fleet that is on its way up never finds that there is still time, nor does
    a smaller need or a shorter lead time stop it. Where no phase tells that it goes on, as in a
    war, it is reckoned from what the fleet would be without it.
    """
    floor = whole(need_of(event, seen, margin) * (1 + headroom))
    target = np.maximum(where(np.isnan(floor), seen.fleet.current, floor), seen.prewarm_least)
    prewarming, hidden = is_in(seen.phase, Phase.PREWARM), _hides_a_prewarm(seen)
    without = _without_what_comes(seen, headroom, margin) if some(hidden) else seen.fleet.current
    start = where(hidden, without, seen.fleet.current)
    start = where(prewarming, np.minimum(1.0, target), start)
    earlier = where(prewarming, margin + _LINGER, margin)
    return event.ready_by - _climb_to_event(seen, start, target) - earlier


def _hides_a_prewarm(seen: Observation) -> Flag:
    """Whether the phase stays as it is where a prewarm begins: in a war, or by a person's word."""
    hidden: Flag = is_in(seen.phase, Phase.WAR)
    for word in seen.overrides:
        if word.phase is not None:
            hidden = hidden | word.holds(seen.now)
    return hidden


def _without_what_comes(seen: Observation, headroom: Number, margin: Number) -> Number:
    """What the fleet is held at by demand and by the events that go on, and not by those to come.

    It does not grow on the way up to these: a climb that got shorter by more than the time that has
    passed would look as if there was still time, and what had been begun was let go again.
    """
    held = largest(demand.present() for demand in seen.demand)
    for event in seen.events:
        going_on = event.goes_on(seen.now)
        if some(going_on):
            floor = need_of(event, seen, margin) * (1 + headroom)
            held = np.fmax(held, where(going_on, floor, NOTHING))
    return np.fmin(held, seen.fleet.current)


def _climb_to_event(seen: Observation, start: Number, target: Number) -> Number:
    """Seconds until the fleet is there, at the pace of the prewarm that will be in force by then.

    The next event ends no war: on the way to it the pace is that of the war.
    """
    here = seen.climb(start, target)
    if seen.prewarm_scale_up is None:
        return here
    there = seen.climb_time + seen.prewarm_scale_up.seconds_between(start, target)
    return where(is_in(seen.phase, Phase.WAR), here, there)


class Calendar(Policy[CalendarSettings]):
    """A floor from the start of the prewarm to the end of an event.

    The prewarm starts early enough for the last replica to be ready at `readyBy`: one lead time,
    the time that the pace of scaling up takes, and a margin before it. An event that can't be
    reckoned (its usual is unknown) holds capacity.
    """

    name = "calendar"
    Settings = CalendarSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor for each event that is being prepared or going on."""
        for event in seen.events:
            ahead = before(seen.now, event.end)
            if some(ahead):
                yield self._floor(seen, event, ahead)

    def _floor(self, seen: Observation, event: Event, ahead: Flag) -> Bound:
        need = need_of(event, seen, self.settings.margin)
        floor = whole(need * (1 + self.settings.headroom))
        starts = prewarm_starts(event, seen, self.settings.headroom, self.settings.margin)
        return Bound(
            Kind.FLOOR,
            where(ahead & reached(seen.now, starts), floor, NOTHING),
            self.name,
            "EventPrewarm" if every(before(seen.now, event.start)) else "EventFloor",
            "{} is expected to need {:.1f} replicas",
            (event.name, need),
        )
