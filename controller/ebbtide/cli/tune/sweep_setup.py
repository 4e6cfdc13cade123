"""From a policy and a recording to the world that a sweep of variants takes place in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.demand import Recorded
from ebbtide.cli.simulation.foresight import REACH, Ticks, foreseen
from ebbtide.cli.simulation.manifests import announced, guidance_of, workload_of
from ebbtide.errors import InvalidInput
from ebbtide.loop.observing.guidance import event_of
from ebbtide.planning.demand.answering import as_far_as_known, as_read
from ebbtide.planning.sweeping.seen_demand import Recorded as Recording
from ebbtide.planning.sweeping.seen_demand import SeenDemand
from ebbtide.planning.sweeping.sweep import World
from ebbtide.planning.tuning.judgement import Truth
from ebbtide_policies.lanes import Lanes

_AT_FIRST = 1.1
"""The fleet at the first tick, as a multiple of the demand."""


class Timing(NamedTuple):
    """How often is decided, how late one knows, and how far ahead is looked; in seconds."""

    tick: float
    delay: float
    reach: float = REACH


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSetup:
    """One workload over one recording, ready to be swept."""

    manifest: Manifest
    world: World
    truth: Truth


def sweep_setup(
    manifest: Manifest,
    recorded: Recorded,
    timing: Timing,
    told: Callable[[int, int], None] | None = None,
    beside: Sequence[Manifest] = (),
) -> SweepSetup:
    """Forecast all of a recording once, for as many variants as there will be.

    `beside` are the calendars, profiles and overrides that the workload heeds.

    Raises:
        InvalidInput: what one replica carries is behind a query.

    """
    spec, said = parse_policy(manifest.spec), announced(manifest, beside)
    now = np.arange(recorded.start, recorded.end + timing.tick, timing.tick)
    ticks = Ticks(now, timing.delay, timing.reach)
    demands: dict[str, SeenDemand] = {}
    needs = []
    for name, signal in spec.signals().items():
        if signal.per_replica is None:
            raise InvalidInput(f"{manifest.name}: perReplicaQuery has no answer; write perReplica")
        series = recorded.answer(manifest, signal)
        recording = Recording(series.start, as_read(series, signal).minutes)
        heard = said._replace(first=not demands)
        forecasts = foreseen(recording, spec.forecast, ticks, told, heard)
        demands[name] = SeenDemand(
            recorded=recording,
            now=now,
            delay=timing.delay,
            per_replica=signal.per_replica,
            looks=series.between(now - timing.delay),
            alive=None if signal.alive is None else series.alive,
            alive_at_least=0.0 if signal.alive is None else signal.alive.at_least,
            forecasts=forecasts,
        )
        needs.append(as_far_as_known(series, signal).at(now) / signal.per_replica)
    need = np.asarray(np.max(needs, axis=0))
    truth = Truth(need, timing.tick, boot=int(np.ceil(spec.lead_time / timing.tick)))
    first, words = next(iter(demands.values())), guidance_of(beside)
    world = World(
        workload=manifest.key,
        now=now,
        demands=demands,
        lead_time=spec.lead_time,
        boot=truth.boot,
        replicas=_at_first(spec, need),
        events=[event_of(one, first.per_replica) for one in said.events],
        overrides=[*words.overrides_for(workload_of(manifest, plugins()), recorded.start)],
    )
    return SweepSetup(manifest=manifest, world=world, truth=truth)


def _at_first(spec: CapacityPolicySpec, need: Lanes) -> float:
    return float(np.clip(np.ceil(need[0] * _AT_FIRST), spec.replicas.min, spec.replicas.max))
