"""How fast a planner replays: many variants of a policy, beside one decision at a time.

    python -m tests.bench.replay [--days 30]

The demand is generated and its forecasts are given, as a planner makes them once for all variants.
The peer is the same code with one variant after the other and time not cut, over one day; every
figure is processor time of one core. Rows go to build/bench/replay.json.
"""

import argparse
import itertools
import json
import pathlib
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.forecast.contract import LEVELS
from ebbtide.planning.sweeping.lanes import Policies
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.seen_forecasts import Forecasts
from ebbtide.planning.sweeping.sweep import (
    Cut,
    Swept,
    World,
    replicas_asked,
    replicas_asked_of_each,
)

OUT = pathlib.Path("build/bench/replay.json")
MINUTE, DAY, START = 60.0, 1440, 1_700_000_040.0
SPREADS = np.array([0.0, 0.02, 0.05, 0.08, 0.12, 0.2])
LIMIT = 5.0
"""Seconds that 30 days of minutes with 200 variants may take."""


def world(days: int, seed: int) -> World:
    """A workload with a daily season and noise, and forecasts that widen with the step ahead."""
    at = np.arange(days * DAY)
    noise = np.random.default_rng(seed).normal(0, 4, at.size)
    minutes = 100 * np.maximum(150 + 120 * np.sin(2 * np.pi * at / DAY) + noise, 1)
    wider = 1 + np.sqrt(np.arange(1, 62))[:, None] * SPREADS / 3
    now = np.asarray(START + MINUTE * at, dtype=np.float64)
    made = Forecasts(
        levels=LEVELS,
        since=now + 30.0,
        origins=now,
        values=(minutes[:, None, None] * wider).reshape(-1, SPREADS.size),
        first=np.arange(at.size + 1, dtype=np.int64) * len(wider),
        steps=120,
        trusted=np.ones(at.size, dtype=bool),
    )
    seen = SeenDemand(
        recorded=Recorded(START, minutes), now=now, delay=30.0, per_replica=100.0, forecasts=made
    )
    return World(
        workload="live/edge",
        now=now,
        demands={"demand": seen},
        lead_time=180.0,
        boot=3,
        replicas=200.0,
    )


def variants(count: int) -> Sequence[Policies]:
    """Policies that differ in how much they keep to spare."""
    return [compose(parse_policy(_spec(headroom)), {}) for headroom in np.linspace(0, 40, count)]


def _spec(headroom: float) -> dict[str, object]:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
        "demand": {"query": "sum(viewers)"},
        "capacity": {"perReplica": 100, "leadTime": "180s"},
        "replicas": {"min": 2, "max": 500},
        "policies": {
            "presentNeed": {"headroom": f"{headroom:.2f}%"},
            "forecastNeed": {"headroom": f"{headroom / 2:.2f}%"},
        },
    }


def spent(worlds: Sequence[World], crews: Sequence[Policies], cut: Cut | None = None) -> float:
    """Seconds of processor time that the replay of some workloads takes."""
    begun = time.process_time()
    if cut is None:
        replicas_asked_of_each([Swept(one, crews) for one in worlds])
    else:
        for one in worlds:
            replicas_asked(one, crews, cut)
    return time.process_time() - begun


def growth(days: int = 4, count: int = 50) -> Mapping[str, Mapping[str, float]]:
    """What twice the time, and twice the variants, cost beside once."""
    once = _cost(days, count)
    more = {"twice the days": _cost(2 * days, count), "twice the variants": _cost(days, 2 * count)}
    return {what: {of: cost[of] / once[of] for of in once} for what, cost in more.items()}


def _cost(days: int, count: int) -> Mapping[str, float]:
    here, crews = world(days, 0), variants(count)
    seconds = min(spent([world(days, 0)], crews) for _ in range(3))
    tracemalloc.start()
    replicas_asked(here, crews)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"seconds": seconds, "bytes": float(most)}


def main() -> None:
    """Print a table of variants and workloads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    days = parser.parse_args().days
    single = spent([world(1, 0)], variants(1), Cut(1, DAY, 0)) / DAY
    print(f"one decision at a time: {1 / single:,.0f} workload-minutes a second")
    print(
        f"{'variants':>9} {'workloads':>9} {'days':>5} {'seconds':>8} {'M minutes/s':>12} {'x':>6}"
    )
    rows: list[dict[str, Any]] = []
    for count, workloads in itertools.product((1, 10, 200), (1, 10, 100)):
        span = max(1, days // workloads)
        worlds = [world(span, seed) for seed in range(workloads)]
        seconds = spent(worlds, variants(count))
        pace = count * workloads * span * DAY / seconds
        row = {"variants": count, "workloads": workloads, "days": span, "seconds": seconds}
        rows.append(row | {"minutes_a_second": pace, "beside_one_at_a_time": pace * single})
        print(
            f"{count:>9} {workloads:>9} {span:>5} {seconds:>8.2f} {pace / 1e6:>12.3f}"
            f" {pace * single:>6.0f}",
            flush=True,
        )
    for what, more in growth().items():
        print(f"{what}: {more['seconds']:.2f} times the time, {more['bytes']:.2f} the memory")
        rows.append({"growth": what, **more})
    whole = next(r for r in rows if r.get("variants") == 200)
    reached = whole["seconds"] <= LIMIT or days != 30
    print(f"200 variants, {days} days: {'' if reached else 'NOT '}within {LIMIT:g} s")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
