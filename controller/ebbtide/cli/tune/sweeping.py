"""From a policy and a recording to the world that a sweep of variants takes place in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy import CapacityPolicySpec
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_calendar, parse_override, parse_policy, parse_profile
from ebbtide.cli.models import plugins
from ebbtide.cli.plan.demand import Recorded
from ebbtide.cli.plan.foresight import Announced, foreseen
from ebbtide.cli.plan.manifests import workload_of
from ebbtide.errors import InvalidInput
from ebbtide.loop.observing.guidance import Guidance, event_of
from ebbtide.planning.seen_demand import Recorded as Recording
from ebbtide.planning.seen_demand import SeenDemand
from ebbtide.planning.sweep import World
from ebbtide.planning.tuning import Truth
from ebbtide_policies.lanes import Lanes

_SPOKEN = ("EventCalendar", "CapacityOverride", "EventProfile")
_AT_FIRST = 1.1
"""The fleet at the first tick, as a multiple of the demand."""


class Timing(NamedTuple):
    """How often is decided, and how late one knows; in seconds."""

    tick: float
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One workload over one recording, ready to be swept."""

    manifest: Manifest
    world: World
    truth: Truth


def ground(
    manifest: Manifest,
    recorded: Recorded,
    timing: Timing,
    told: Callable[[int, int], None] | None = None,
    beside: Sequence[Manifest] = (),
) -> Ground:
    """Forecast all of a recording once, for as many variants as there will be.

    `beside` are the calendars, profiles and overrides that the workload heeds.

    Raises:
        InvalidInput: what one replica carries is behind a query.

    """
    spec = parse_policy(manifest.spec)
    now = np.arange(recorded.start, recorded.end + timing.tick, timing.tick)
    demands: dict[str, SeenDemand] = {}
    needs, said = [], announced(manifest, beside)
    for name, signal in spec.signals().items():
        if signal.per_replica is None:
            raise InvalidInput(f"{manifest.name}: perReplicaQuery has no answer; write perReplica")
        series = recorded.answer(manifest, signal.query)
        recording = Recording(series.start, series.minutes)
        demands[name] = SeenDemand(
            recorded=recording,
            now=now,
            delay=timing.delay,
            per_replica=signal.per_replica,
            looks=series.between(now - timing.delay),
            forecasts=foreseen(
                recording,
                spec.forecast,
                recorded.start,
                told,
                said._replace(first=not demands),
            ),
        )
        needs.append(series.at(now) / signal.per_replica)
    need, boot = np.asarray(np.max(needs, axis=0)), int(np.ceil(spec.lead_time / timing.tick))
    world = World(
        workload=f"{manifest.namespace}/{manifest.name}",
        now=now,
        demands=demands,
        lead_time=spec.lead_time,
        boot=boot,
        replicas=_at_first(spec, need),
        events=[event_of(one, next(iter(demands.values())).per_replica) for one in said.events],
        overrides=[
            *_guidance(beside).overrides_for(workload_of(manifest, plugins()), recorded.start)
        ],
    )
    return Ground(manifest=manifest, world=world, truth=Truth(need, timing.tick, boot))


def _at_first(spec: CapacityPolicySpec, need: Lanes) -> float:
    return float(np.clip(np.ceil(need[0] * _AT_FIRST), spec.replicas.min, spec.replicas.max))


def announced(manifest: Manifest, beside: Sequence[Manifest]) -> Announced:
    """What the calendars among some manifests announce to a workload."""
    workload, guidance = workload_of(manifest, plugins()), _guidance(beside)
    return Announced(tuple(guidance.events_for(workload)), guidance.days_for(workload))


def _guidance(beside: Sequence[Manifest]) -> Guidance:
    """What the manifests beside a policy say."""
    of = {kind: [one for one in beside if one.kind == kind] for kind in _SPOKEN}
    return Guidance(
        calendars=[(m.namespace, parse_calendar(m.spec)) for m in of["EventCalendar"]],
        overrides=[(m.namespace, m.name, parse_override(m.spec)) for m in of["CapacityOverride"]],
        profiles={(m.namespace, m.name): parse_profile(m.spec) for m in of["EventProfile"]},
    )
