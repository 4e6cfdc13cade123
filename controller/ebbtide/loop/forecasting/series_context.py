"""What people have said of the demand to come, as a forecaster wants to know it."""

from collections.abc import Iterable, Mapping

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.forecast.clock import clock_of
from ebbtide.forecast.contract import UNSAID, Announcement, SeriesContext
from ebbtide.loop.ports.metrics import Span


def context_of(
    said: Iterable[ExpectedEvent],
    days: tuple[str, Mapping[int, str]],
    span: Span,
    *,
    first: bool,
    time_zone: str | None,
) -> SeriesContext:
    """What is known of one signal beside its past: its days, and the events of a span of time.

    `days` are those of a kind of their own, and their time zone; by its clock demand comes again,
    unless the policy names another `time_zone`. A demand in numbers is that of the first signal; of
    the others it says nothing.
    """
    events = [
        Announcement(
            start=event.start,
            end=event.end,
            times=UNSAID if event.times is None else event.times,
            level=UNSAID if event.demand is None else event.demand,
            shape=event.shape or (1.0,),
            peak=event.peak if event.peak is not None and first else UNSAID,
        )
        for event in said
        if event.start <= span.end and event.end >= span.start and (first or event.demand is None)
    ]
    return SeriesContext(
        events=tuple(events), time_zone=days[0], days=days[1], clock=clock_of(time_zone or days[0])
    )
