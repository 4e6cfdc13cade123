"""The guidance of people, as it concerns one workload: events to come, and overrides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from ebbtide.api.capacity_override import CapacityOverrideSpec
from ebbtide.api.events.event_calendar import EventCalendarSpec, ExpectedEvent, KindsOfDays
from ebbtide.api.events.event_profile import EventProfileSpec
from ebbtide.loop.observing.unclear_guidance import Unclear
from ebbtide.loop.workload import Workload
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event, Override


@dataclass(frozen=True, slots=True)
class Guidance:
    """What people have written beside the policies, with the namespace each stands in."""

    calendars: Sequence[tuple[str, EventCalendarSpec]] = ()
    overrides: Sequence[tuple[str, str, CapacityOverrideSpec]] = ()
    everywhere: str = ""
    """The operator's own namespace, whose guidance holds for all."""
    profiles: Mapping[tuple[str, str], EventProfileSpec] = field(default_factory=dict)
    """The shapes of earlier events, by namespace and name."""
    unclear: Sequence[Unclear] = ()
    """What can't be understood of all this."""

    def events_for(self, workload: Workload) -> Iterable[ExpectedEvent]:
        """The calendar events that concern a workload, with the shapes of those they are like."""
        for namespace, calendar in self.calendars:
            if self._concern(namespace, workload):
                for found in calendar.events_for(workload.resource.labels):
                    yield _shaped(found, self._profile(namespace, found.like))

    def days_for(self, workload: Workload) -> tuple[str, Mapping[int, str]]:
        """The days of a kind of their own that concern a workload, and the time zone they are of.

        Where calendars of several time zones name such days, those of the first zone count.
        """
        named = [
            calendar
            for namespace, calendar in self.calendars
            if calendar.kinds_of_days and self._concern(namespace, workload)
        ]
        zone = named[0].time_zone if named else "UTC"
        said = [each.kinds_of_days for each in named if each.time_zone == zone]
        return zone, _by_ordinal(tuple(said))

    def events(self, workload: Workload, per_replica: float) -> Iterable[Event]:
        """The same in replicas; a demand is that of the first signal (`per_replica` of it each)."""
        return (event_of(found, per_replica) for found in self.events_for(workload))

    def overrides_for(self, workload: Workload, now: float) -> Iterable[Override]:
        """The overrides that concern a workload and have not ended.

        What can't be understood is one as well: it may say that nothing is to go.
        """
        for doubtful in self.unclear:
            labels = workload.resource.labels
            if self._concern(doubtful.namespace, workload) and doubtful.concerns(labels):
                yield from doubtful.words(now)
        for namespace, name, word in self.overrides:
            concerned = self._concern(namespace, workload) and word.matches(
                workload.resource.labels
            )
            if concerned and now < word.ends_at():
                yield _override(f"{namespace}/{name}", word)

    def _concern(self, namespace: str, workload: Workload) -> bool:
        """Whether what is said in a namespace can concern a workload."""
        return namespace in (workload.resource.namespace, self.everywhere)

    def _profile(self, namespace: str, name: str) -> EventProfileSpec | None:
        """The profile that a calendar means: one beside it, or one of the operator's."""
        beside = self.profiles.get((namespace, name))
        return beside or self.profiles.get((self.everywhere, name))


@lru_cache(maxsize=64)
def _by_ordinal(calendars: tuple[KindsOfDays, ...]) -> Mapping[int, str]:
    """Days by their ordinal; the same object for all workloads that the same was said of."""
    kinds: dict[int, str] = {}
    for said in calendars:
        kinds |= said.by_ordinal()
    return MappingProxyType(kinds)


def _shaped(found: ExpectedEvent, profile: EventProfileSpec | None) -> ExpectedEvent:
    """An event with its shape; a multiple of an earlier event becomes one of the usual."""
    if profile is None:
        return found
    if found.times is None:
        return found._replace(shape=profile.shape)
    times, peak = found.times * profile.growth, found.times * profile.peak
    return found._replace(times=times, shape=profile.shape, peak=peak)


def event_of(found: ExpectedEvent, per_replica: float) -> Event:
    """An event of a calendar in replicas, of which each carries so much demand."""
    return Event(
        name=found.name,
        start=found.start,
        end=found.end,
        ready_by=found.ready_by,
        times=UNKNOWN if found.times is None else found.times,
        replicas=UNKNOWN if found.demand is None else found.demand / per_replica,
        shape=found.shape,
        missing="" if found.shape else found.like,
    )


def _override(name: str, word: CapacityOverrideSpec) -> Override:
    return Override(
        name=name,
        why=word.why,
        until=word.ends_at(),
        freeze=word.freeze,
        floor=UNKNOWN if word.floor is None else float(word.floor),
        ceiling=UNKNOWN if word.ceiling is None else float(word.ceiling),
        phase=word.phase,
    )
