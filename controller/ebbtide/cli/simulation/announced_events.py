"""What calendars announce to the workloads of a plan, and what of it reaches none of them."""

from collections.abc import Iterator, Sequence

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.kinds import CAPACITY_POLICY, EVENT_CALENDAR
from ebbtide.api.reading.parse import parse_calendar
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.frames import Frame
from ebbtide.cli.simulation.manifests import announced
from ebbtide.cli.simulation.simulation import Simulation
from ebbtide_policies.message import Message


def events_of(simulation: Simulation, key: str) -> Sequence[ExpectedEvent]:
    """What calendars announced to a workload."""
    manifests = simulation.manifests
    mine = next(m for m in manifests if m.key == key and m.kind == CAPACITY_POLICY.name)
    return announced(mine, manifests).events


def shapeless(simulation: Simulation, key: str, recorded: Recorded) -> Iterator[Message]:
    """Events of the replayed time whose shape a calendar names, and which is nowhere."""
    for one in events_of(simulation, key):
        if one.like and not one.shape and _replayed(recorded, one.start, one.end):
            yield Message(
                "{}: no EventProfile {} is in these files; without it the event is reckoned as one "
                "level",
                (one.name, one.like),
            )


def unreckoned(frames: Sequence[Frame]) -> Iterator[Message]:
    """Events of which nobody knew what they need when they were due."""
    for name in dict.fromkeys(name for frame in frames for name in frame.unreckoned):
        yield Message(
            "{}: it is announced as a multiple of the usual, and nobody knows yet what is usual at "
            "its hours: nothing is let go for it, and only the forecast reckons with it; write "
            "demand in place of times, or plan with more history",
            (name,),
        )


def unheard(simulation: Simulation, recorded: Recorded) -> Iterator[Message]:
    """Events of the replayed time that are about no CapacityPolicy of these files."""
    manifests = simulation.manifests
    policies = [one for one in manifests if one.kind == CAPACITY_POLICY.name]
    for one in manifests:
        if one.kind != EVENT_CALENDAR.name or not one.path:  # a cluster's: of others too
            continue
        calendar = parse_calendar(one.spec)
        heard = {event.name for policy in policies for event in announced(policy, [one]).events}
        for name, event in calendar.events.items():
            start, end = event.span(calendar.time_zone)
            if _replayed(recorded, start, end) and name not in heard:
                yield Message(
                    "{} of EventCalendar {}/{} is left out: it is about no CapacityPolicy of these "
                    "files; it has to be in the namespace of one, and its selector to name labels "
                    "of that one",
                    (name, one.namespace, one.name),
                )


def _replayed(recorded: Recorded, start: float, end: float) -> bool:
    """Whether any of an event lies in the replayed time."""
    return start <= recorded.end and end > recorded.start
