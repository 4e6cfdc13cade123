"""Recorded demand as the game of capacity is played on it, and what was paid and left unserved.

Ticks are 15 s, a minute can be read after 30 s, the peak needs 300 replicas, and a replica is ready
one lead time after it was asked for and gone at once when it is let go.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ebbtide.api.capacity_policy.objective import Settings
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.planning.demand.recording import read_recording
from ebbtide.planning.demand.series import DemandSeries, by_minute
from ebbtide.planning.scoring.clairvoyant import least_replicas
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide.planning.sweeping.lanes import Policies
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.sweep import World, replicas_asked
from ebbtide.planning.tuning.objective import spare
from ebbtide_policies.lanes import Lanes

TICK, DELAY, PEAK = 15.0, 30.0, 300.0
DAY = int(86400 / TICK)
AT_ONCE = 24
LEVELS = (1e-3, 1e-4, 1e-5)
CLASSES: Mapping[str, str] = {
    "live viewers": "gdq_",
    "requests": "ms_mongodb",
    "World Cup": "worldcup",
    "Twitter": "nab_twitter",
}
"""The beginning of the names of the traces of each class."""


@dataclass(frozen=True)
class Series:
    """One trace, and the world that all scalers meet it in."""

    name: str
    world: World
    need: Lanes
    """The truth at every tick, in replicas at target load."""
    seen: Lanes
    """The same as a rival reads it."""

    @property
    def boot(self) -> int:
        """Ticks until a replica is ready."""
        return self.world.boot

    @cached_property
    def bound(self) -> float:
        """Replica-ticks that nobody can do without who leaves nothing unserved."""
        return float(least_replicas(self.need, self.boot).sum())

    def outcome(self, asked: Lanes) -> tuple[float, float]:
        """The unserved share and the cost over the clairvoyant bound."""
        short = np.maximum(0.0, self.need - ready_replicas(asked, self.boot))
        return float(short.sum() / self.need.sum()), float(asked.sum() / self.bound)


def of_file(path: Path, lead: float, later: int = 0) -> Series:
    """Read a trace, or the same as if the recording had begun some whole days later.

    The days before come after the last one then. What was fitted to a recording as it is does
    worse on that.

    No forecast is made: on live viewers, three minutes ahead, its highest quantiles kept an
    objective at a higher cost than the present and its surges do.
    """
    recorded = _begun(by_minute(read_recording(path.read_text())), later)
    now = np.arange(recorded.start, recorded.end + 1, TICK)
    per_replica = float(np.nanmax(recorded.minutes)) / PEAK
    need = recorded.at(now) / per_replica
    demand = SeenDemand(
        recorded=Recorded(recorded.start, recorded.minutes),
        now=now,
        delay=DELAY,
        per_replica=per_replica,
        looks=recorded.between(now - DELAY),
    )
    seen = demand.present()
    return Series(
        name=path.stem,
        world=World(
            workload=f"bench/{path.stem}",
            now=now,
            demands={"demand": demand},
            lead_time=lead,
            boot=math.ceil(lead / TICK),
            replicas=1.0,
        ),
        need=need,
        seen=np.where(np.isnan(seen), seen[~np.isnan(seen)][0], seen),  # at first nobody can tell
    )


def _begun(recorded: DemandSeries, later: int) -> DemandSeries:
    """The same whole days in a circle, from another one on."""
    if not later:
        return recorded
    whole_days = recorded.minutes[: recorded.minutes.size // 1440 * 1440]
    return replace(recorded, minutes=np.roll(whole_days, -1440 * later))


def policies(settings: Settings, lead: float) -> Policies:
    """All policies with these settings, as a CapacityPolicy would have them."""
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "bench"},
        "demand": {"query": "demand"},
        "capacity": {"perReplica": 1, "leadTime": f"{lead:.0f}s"},
        "replicas": {"min": 1, "max": 1_000_000},
        "policies": settings,
    }
    return compose(parse_policy(spec), {})


def asked_of(series: Series, variants: Sequence[Settings]) -> Lanes:
    """Replicas that every variant asks for, (ticks, variants); each begins with its own headroom.

    So do the rivals: a fleet that is too small at the first tick tells nothing of a scaler.
    """
    parts = []
    for begin in range(0, len(variants), AT_ONCE):
        part = variants[begin : begin + AT_ONCE]
        more = np.array([spare(one) for one in part])
        first = np.ceil(series.need[0] * (1 + more) - 1e-9)
        world = replace(series.world, replicas=np.maximum(first, 1.0))
        crews = [policies(one, world.lead_time) for one in part]
        parts.append(replicas_asked(world, crews).astype(np.float32))
    return np.concatenate(parts, axis=1)


def at_level(points: Sequence[tuple[float, float]], level: float) -> float | None:
    """Cost at an unserved share: along the lower envelope, linear in the logarithm; or None."""
    edge: list[tuple[float, float]] = []
    for unserved, cost in sorted(points):
        if not edge or cost < edge[-1][1]:
            edge.append((math.log10(max(unserved, 1e-9)), cost))
    place = math.log10(level)
    at, costs = zip(*edge, strict=True)
    return None if at[0] > place else float(np.interp(place, at, costs))
