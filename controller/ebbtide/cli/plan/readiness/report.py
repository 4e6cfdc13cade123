"""Whether a namespace is ready for a planned peak: what is missing, what it carries at most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.settings_by_phase import most_announced
from ebbtide.cli.plan.plans import Plan
from ebbtide.cli.plan.readiness.namespace_state import NamespaceState
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.manifests import manifest_of
from ebbtide.loop.workload import Workload
from ebbtide.planning.demand.answering import as_read
from ebbtide.planning.readiness.coming import Coming, coming, ordinary
from ebbtide.planning.readiness.site import Site
from ebbtide.planning.readiness.walls import Lack, alone, lacks, on_new_nodes, together
from ebbtide_policies.demand import Signal
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.message import Message
from ebbtide_policies.observation import Fleet
from ebbtide_policies.snapshot import Snapshot


class Peak(NamedTuple):
    """The most replicas that a workload will need, and what needs them."""

    workload: str
    replicas: int
    at: float
    """The moment of the replay, or that by which an event wants them."""
    event: str = ""
    """The announced event; empty: the demand that was replayed."""
    begins: float = UNKNOWN
    """Of an event: from when the fleet has to grow."""


class Range(NamedTuple):
    """One of a range of peaks, and what it costs to be ready for it; all workloads together."""

    times: float
    replicas: int
    replica_hours: float
    cost: float
    unserved: float
    lacks: Sequence[Lack]


class Most(NamedTuple):
    """The most that one workload can have beside the planned peaks of the others."""

    replicas: int
    demand: float
    """What these carry, in units of its first signal; NaN where that is behind a query."""
    lacks: Sequence[Lack]
    """What stops it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What a plan comes to on a cluster."""

    state: NamespaceState
    peaks: Mapping[str, Peak]
    lacks: Sequence[Lack]
    times: float
    """The largest multiple of all planned peaks at once that fits."""
    behind: Sequence[Lack]
    """What stops it there."""
    most: Mapping[str, Most]
    new_nodes: Mapping[str, int]
    """Pods of the planned peak that have to wait until a node is made."""
    ranges: Sequence[Range]


def readiness(
    state: NamespaceState, plain: Recorded, replays: Mapping[float, Sequence[Plan]]
) -> Readiness:
    """Hold the peaks of a replay, and of the events to come, against the walls of a cluster.

    `replays` are by how many times the demand was that of `plain`, which was recorded. The first is
    the plan, the others are the rest of a range of peaks.
    """
    events = {key: _announced(state, plain, one) for key, one in state.workloads.items()}
    state = replace(state, remarks=[*state.remarks, *_unknown(events)])
    peaks = dict(_peaks(state, events, next(iter(replays.values()))))
    here = replace(state, site=_before(peaks, state))
    wanted = {key: peak.replicas for key, peak in peaks.items()}
    times, behind = together(here.site, wanted)
    return Readiness(
        state=state,
        peaks=peaks,
        lacks=lacks(here.site, wanted),
        times=times,
        behind=behind,
        most=dict(_most(here, wanted)),
        new_nodes=on_new_nodes(here.site, wanted),
        ranges=[_range(state, *replay) for replay in replays.items()],
    )


def _before(peaks: Mapping[str, Peak], state: NamespaceState) -> Site:
    """The walls before these peaks: what a policy allows at most may differ for an event."""
    fleets = []
    for fleet in state.site.fleets:
        peak, limits = peaks.get(fleet.workload), state.workloads[fleet.workload].spec.replicas
        announced = peak is not None and bool(peak.event)
        fleets.append(replace(fleet, most=most_announced(limits)) if announced else fleet)
    return replace(state.site, fleets=fleets)


def _peaks(
    state: NamespaceState, events: Mapping[str, Sequence[Coming]], plans: Sequence[Plan]
) -> Iterator[tuple[str, Peak]]:
    for plan in plans:
        key, highest = plan.workload, max(plan.frames, key=lambda frame: frame.need)
        replayed = Peak(key, highest.need, highest.now)
        least = state.workloads[key].prewarm_least
        announced = [
            Peak(key, int(max(one.replicas, least)), one.ready_by, one.event, one.begins)
            for one in events[key]
            if not np.isnan(one.replicas)
        ]
        yield key, max((replayed, *announced), key=lambda peak: peak.replicas)


def _unknown(events: Mapping[str, Sequence[Coming]]) -> Iterator[Message]:
    """The events of which it can't be said whether a cluster is ready for them."""
    for key, coming_to in events.items():
        for one in coming_to:
            if np.isnan(one.replicas):
                yield Message(
                    "{}: {} is left out: nobody knows what is usual at its hours", (key, one.event)
                )


def _announced(state: NamespaceState, plain: Recorded, workload: Workload) -> Sequence[Coming]:
    """The events to come, as the calendar policy reckons them."""
    seen = _seen(state, plain, workload)
    settings = workload.settings(Calendar)
    events = state.guidance.events(workload, float(seen.demand[0].per_replica))
    return list(coming(events, seen, settings))


def _seen(state: NamespaceState, plain: Recorded, workload: Workload) -> Snapshot:
    """A workload now, with what is usual at each minute of its day."""
    target = state.targets.get(workload.key)
    current = target.replicas if target else 1
    demand = []
    for name, spec in workload.signals.items():
        series = as_read(plain.answer(manifest_of(workload.resource), spec), spec)
        demand.append(
            Signal(
                name=name,
                now=state.now,
                per_replica=UNKNOWN if spec.per_replica is None else spec.per_replica,
                newest=series.end,
                minutes=series.minutes,
                ordinary=ordinary(series),
            )
        )
    return Snapshot(
        workload=workload.key,
        now=state.now,
        fleet=Fleet(current=current, ready=current),
        demand=demand,
        lead_time=workload.lead_time,
        longest_lead_time=workload.longest_lead_time,
        scale_up=workload.scale_up,
        prewarm_scale_up=workload.prewarm_scale_up,
        prewarm_least=workload.prewarm_least,
    )


def _most(state: NamespaceState, wanted: Mapping[str, int]) -> Iterator[tuple[str, Most]]:
    for fleet in state.site.fleets:
        most, behind = alone(state.site, wanted, fleet.workload)
        signal = next(iter(state.workloads[fleet.workload].signals.values()))
        each = UNKNOWN if signal.per_replica is None else signal.per_replica
        yield fleet.workload, Most(most, most * each, behind)


def _range(state: NamespaceState, times: float, plans: Sequence[Plan]) -> Range:
    """What it costs to be ready for the demand of one replay."""
    wanted = {plan.workload: max(frame.need for frame in plan.frames) for plan in plans}
    scores = [plan.score for plan in plans]
    return Range(
        times=times,
        replicas=sum(wanted.values()),
        replica_hours=sum(one.replica_hours for one in scores),
        cost=sum(one.cost for one in scores),
        unserved=max((one.unserved for one in scores), default=0.0),
        lacks=lacks(state.site, wanted),
    )
