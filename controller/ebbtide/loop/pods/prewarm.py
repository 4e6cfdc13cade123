"""A prewarm as people watch it: is the fleet going to be ready in time, and what keeps it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ebbtide.api.timestamps import stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.reporting.conditions import Condition
from ebbtide_policies.event_calendar import CalendarSettings, need_of, prewarm_starts
from ebbtide_policies.lanes import UNKNOWN, number, whole
from ebbtide_policies.observation import Event
from ebbtide_policies.snapshot import Snapshot

_OVERDUE = 1.5
"""Lead times after which a replica that only seems to boot is stuck."""
_STUCK = {"Quota", "FailedCreate", "Unschedulable", "Image"}
"""What does not pass by waiting alone."""


class Prewarm(NamedTuple):
    """The next event, and how far the fleet is from it."""

    event: str
    ready_by: float
    desired: float
    """Replicas that it needs; NaN: nobody knows."""
    ready: int
    pending: Mapping[str, int]
    expected: float
    """When all will be ready; NaN once they are, or where the need is not known."""

    @property
    def late(self) -> bool:
        """Whether it will not be ready in time."""
        return bool(self.expected > self.ready_by)

    def as_json(self) -> Json:
        """The section of the status; minutes are exact enough for people."""
        said: Json = {
            "event": self.event,
            "readyBy": stamp(self.ready_by),
            "ready": self.ready,
            "pending": dict(self.pending),
        }
        if np.isfinite(self.desired):
            said["desired"] = int(self.desired)
        if np.isfinite(self.expected):
            said["expectedReady"] = stamp(np.ceil(self.expected / 60) * 60)
        return said


def next_event(seen: Snapshot, settings: CalendarSettings) -> Event | None:
    """The event that is being prepared; of several the first that has to be ready."""
    ahead = [
        event
        for event in seen.events
        if seen.now < event.start
        and prewarm_starts(event, seen, settings.headroom, settings.margin) <= seen.now
    ]
    return min(ahead, key=lambda event: event.ready_by, default=None)


def prewarm(
    seen: Snapshot, event: Event, settings: CalendarSettings, kept: Mapping[str, int]
) -> Prewarm:
    """How a prewarm stands; `kept` are the replicas that are not Ready, by what keeps them."""
    need = whole(need_of(event, seen, settings.margin) * (1 + settings.headroom))
    desired = number(np.maximum(need, seen.prewarm_least))
    current, ready = number(seen.fleet.current), number(seen.fleet.ready)
    unasked = {"NotAsked": int(desired - current)} if desired > current else {}
    waits = dict(kept) | unasked if ready < desired else {}
    expected = _expected(seen, desired, waits) if ready < desired else UNKNOWN
    return Prewarm(event.name, event.ready_by, desired, int(ready), waits, expected)


def _expected(seen: Snapshot, desired: float, waits: Mapping[str, int]) -> float:
    """When the last replica will be ready: of what is stuck, no sooner than if it came loose now.

    What was asked for is on its way since the last rise; what is long overdue is stuck as well.
    """
    lead, current = number(seen.climb_time), number(seen.fleet.current)
    if desired > current:
        return seen.now + number(seen.scale_up.seconds_between(current, desired)) + lead
    rise = seen.last_step
    asked = number(rise.at) if rise is not None and rise.after > rise.before else seen.now
    if _STUCK & set(waits) or seen.now > asked + _OVERDUE * lead:
        return seen.now + lead
    return max(seen.now, asked + lead)


def prewarm_late(found: Prewarm | None, why: str) -> Condition:
    """The condition that pages; `why`: what the API server says of pods that do not come."""
    if found is None:
        return Condition("PrewarmLate", False, "NoPrewarm", "no event is being prepared")
    told = _told(found) + (f" ({why})" if why and found.late else "")
    return Condition("PrewarmLate", found.late, "PrewarmLate" if found.late else "OnTrack", told)


def _told(found: Prewarm) -> str:
    by = stamp(found.ready_by)[:16].replace("T", " ")
    if not np.isfinite(found.desired):
        return f"{found.event}: nobody knows how many replicas it needs by {by} UTC"
    said = f"{found.event}: {found.ready} of {found.desired:.0f} replicas are ready, due {by} UTC"
    waits = ", ".join(f"{count} {reason}" for reason, count in found.pending.items())
    at = stamp(found.expected)[:16].replace("T", " ") if np.isfinite(found.expected) else ""
    return said + (f"; missing: {waits}; expected {at} UTC" if waits else "")
