"""What announced events will need of a workload, by the rules of the calendar."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import HOUR, MINUTE
from ebbtide_policies.event_calendar import CalendarSettings, need_of, peak_of, prewarm_starts
from ebbtide_policies.event_shape import highest
from ebbtide_policies.lanes import UNKNOWN, Lanes, number, whole
from ebbtide_policies.observation import Event
from ebbtide_policies.snapshot import Snapshot

_DAY = 1440


class Coming(NamedTuple):
    """An event that lies ahead, and the replicas that its peak needs."""

    event: str
    begins: float
    """Epoch seconds from which the fleet has to grow to be ready in time."""
    ready_by: float
    replicas: float
    """With the calendar's headroom; NaN where nobody knows what is usual at that hour."""


def ordinary(series: DemandSeries) -> Lanes:
    """Demand by the minute of the (UTC) day: the median of the days that are known."""
    first = int(series.start // MINUTE) % _DAY
    days = -(-(first + series.minutes.size) // _DAY)
    table = np.full(days * _DAY, UNKNOWN)
    table[first : first + series.minutes.size] = series.minutes
    by_day = table.reshape(days, _DAY)
    known = ~np.isnan(by_day).all(axis=0)
    usual = np.full(_DAY, UNKNOWN)
    usual[known] = np.nanmedian(by_day[:, known], axis=0)
    return usual


def coming(events: Iterable[Event], seen: Snapshot, settings: CalendarSettings) -> Iterator[Coming]:
    """Reckon each event that has not ended at `seen.now`, with the fleet that is there now."""
    for event in events:
        if event.end <= seen.now:
            continue
        need = _highest_need(event, seen)
        ahead = replace(seen, now=event.start)
        begins = prewarm_starts(event, ahead, settings.headroom, settings.margin)
        yield Coming(
            event.name,
            float(begins),
            event.ready_by,
            float(whole(need * (1 + settings.headroom))),
        )


def _highest_need(event: Event, seen: Snapshot) -> float:
    """Replicas at target load that what is left of an event takes at its highest."""
    begin = max(seen.now, event.start)
    if event.shape:
        passed = (begin - event.start) / (event.end - event.start)
        return float(peak_of(event, seen) * highest(event.shape, passed, 1.0))
    hours = np.arange(begin, event.end, HOUR).tolist()
    needs = [number(need_of(event, replace(seen, now=at))) for at in hours]
    return float(np.nanmax(needs)) if not np.isnan(needs).all() else UNKNOWN
