"""What calendars announce to the workloads of a plan, and what of it reaches none of them."""

from collections.abc import Iterator, Sequence

from ebbtide.api.fields.local_time import moment
from ebbtide.api.reading.parse import parse_calendar
from ebbtide.cli.report.chart import Span
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.manifests import announced
from ebbtide.cli.simulation.simulation import POLICY, Simulation


def events_of(simulation: Simulation, key: str) -> Sequence[Span]:
    """What calendars announced to a workload."""
    manifests = simulation.manifests
    mine = next(m for m in manifests if f"{m.namespace}/{m.name}" == key and m.kind == POLICY)
    return [Span(one.name, one.start, one.end) for one in announced(mine, manifests).events]


def shapeless(simulation: Simulation, key: str, recorded: Recorded) -> Iterator[str]:
    """Events of the replayed time whose shape a calendar names, and which is nowhere."""
    manifests = simulation.manifests
    mine = next(m for m in manifests if f"{m.namespace}/{m.name}" == key and m.kind == POLICY)
    for one in announced(mine, manifests).events:
        if one.like and not one.shape and one.start <= recorded.end and one.end > recorded.start:
            yield (
                f"{one.name}: no EventProfile {one.like} is in these files; without it the event "
                "is reckoned as one level"
            )


def unheard(simulation: Simulation, recorded: Recorded) -> Iterator[str]:
    """Events of the replayed time that are about no CapacityPolicy of these files."""
    manifests = simulation.manifests
    policies = [one for one in manifests if one.kind == POLICY]
    heard = {
        (event.name, event.start) for one in policies for event in announced(one, manifests).events
    }
    for one in manifests:
        if one.kind != "EventCalendar" or not one.path:  # one of a cluster is about others as well
            continue
        calendar = parse_calendar(one.spec)
        for name, event in calendar.events.items():
            start, end = (moment(at, calendar.time_zone) for at in (event.start, event.end))
            if start <= recorded.end and end > recorded.start and (name, start) not in heard:
                yield (
                    f"{name} of EventCalendar {one.namespace}/{one.name} is left out: it is about "
                    "no CapacityPolicy of these files; it has to be in the namespace of one, and "
                    "its selector to name labels of that one"
                )
