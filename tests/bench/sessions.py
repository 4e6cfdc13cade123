"""Live sessions on the way down, with victim choice and without: cut off, and paid.

    python -m tests.bench.sessions [--quick]

The very loop decides on the plant, whose router heeds the drain label. Sessions last 20 minutes on
average. An edge carries 50 a pod, and its demand falls by nine tenths over an hour of an evening of
eight; a transcoder carries one a pod. Beside `sessions` at several deadlines runs the same descent
without it. Rows go to build/bench/sessions.json, the trade-off to docs/sessions.svg.
"""

import argparse
import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.simulated_fleet.plant import PlantSettings
from tests.bench.tradeoff import Curve, tradeoff

OUT = pathlib.Path("build/bench/sessions.json")
PICTURE = pathlib.Path("docs/sessions.svg")
HOUR, MINUTE = 3600.0, 60.0
NOON = 1_794_398_400.0
SESSION = 1200.0
"""Mean length of a session in seconds."""
BEFORE, FALL, AFTER = 2.0, 1.0, 5.0
"""Hours of an evening: at the peak, on the way down, and in the night."""
DEADLINES = ("10m", "20m", "30m", "40m", "50m", "1h", "90m")
QUERY = "sum by (pod) (live_sessions)"


class Kind(NamedTuple):
    """A workload under test."""

    name: str
    per_pod: int
    """Sessions that one pod carries at its target load."""
    pods: int
    """Pods that the peak needs."""


EDGE, TRANSCODER = Kind("edge", 50, 100), Kind("transcoder", 1, 100)


def evening(kind: Kind) -> DemandSeries:
    """Demand that stands, falls by nine tenths, and stands; with a day of peak before."""
    peak = 0.9 * kind.per_pod * kind.pods
    parts = [np.full(int(BEFORE * 60), 1.0), np.linspace(1.0, 0.1, int(FALL * 60))]
    course = np.concatenate([np.ones(600), *parts, np.full(int(AFTER * 60) + 30, 0.1)])
    return DemandSeries(start=NOON - 600 * MINUTE, minutes=course * peak)


def policy(kind: Kind, sessions: Mapping[str, str] | None) -> Manifest:
    """The CapacityPolicy, with or without `sessions`."""
    policies: dict[str, Any] = {"descent": {"maxStep": "5%", "soak": "1m"}}
    if sessions is not None:
        policies["sessions"] = {"query": QUERY, **sessions}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": kind.name},
        "demand": {"query": kind.name},
        "capacity": {"perReplica": kind.per_pod, "leadTime": "60s"},
        "replicas": {"min": 1, "max": 1000},
        "forecast": {"model": "Persistence", "history": "8h"},
        "policies": policies,
    }
    return Manifest(kind="CapacityPolicy", namespace="live", name=kind.name, labels={}, spec=spec)


def run(kind: Kind, sessions: Mapping[str, str] | None, seed: int) -> dict[str, Any]:
    """One evening."""
    plant = PlantSettings(session=SESSION, termination=30.0)
    world = Conditions(tick=15.0, plant=plant, seed=seed)
    series = evening(kind)
    simulation = Simulation([policy(kind, sessions)], lambda *_: series, world)
    end = NOON + (BEFORE + FALL + AFTER) * HOUR
    for _ in simulation.run(NOON, end):
        pass
    bench = simulation.workbenches[f"live/{kind.name}"]
    census = simulation.cluster.census(bench.ref)
    return {
        "workload": kind.name,
        "seed": seed,
        "sessions": dict(sessions) if sessions is not None else None,
        "disrupted_sessions": sum(one.disrupted for one in census),
        "refused_sessions": sum(one.refused for one in census),
        "replica_hours": round(sum(one.paid for one in census) * world.tick / HOUR, 1),
        "most_draining": max(one.draining for one in census),
        "replicas_at_the_end": census[-1].asked,
    }


def rows(quick: bool) -> Iterator[dict[str, Any]]:
    """Every run, with its ratios to the same descent without the policy."""
    seeds = (1,) if quick else (1, 2, 3)
    for kind, deadlines in ((EDGE, DEADLINES), (TRANSCODER, ("Never",))):
        for seed in seeds:
            plain = run(kind, None, seed)
            yield plain | {"disrupted_ratio": 1.0, "hours_ratio": 1.0}
            for deadline in deadlines:
                found = run(kind, {"deadline": deadline}, seed)
                yield found | {
                    "disrupted_ratio": _ratio(found, plain, "disrupted_sessions"),
                    "hours_ratio": _ratio(found, plain, "replica_hours"),
                }


def _ratio(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> float:
    return round(one[key] / other[key], 4) if other[key] else 0.0


def told(row: Mapping[str, Any]) -> str:
    """One line of the table."""
    deadline = (row["sessions"] or {}).get("deadline", "none")
    return (
        f"{row['workload']:>10} {row['seed']:>4} {deadline:>8} {row['disrupted_sessions']:>9,} "
        f"{row['disrupted_ratio']:>7.1%} {row['replica_hours']:>9,.1f} {row['hours_ratio']:>6.2f}"
    )


def curve(found: Sequence[Mapping[str, Any]]) -> Curve:
    """The mean over the seeds at every deadline of the edge."""
    points = []
    for deadline in DEADLINES:
        alike = [
            row
            for row in found
            if row["workload"] == EDGE.name and (row["sessions"] or {}).get("deadline") == deadline
        ]
        cut = float(np.mean([row["disrupted_ratio"] for row in alike]))
        points.append((deadline, float(np.mean([row["hours_ratio"] for row in alike])) - 1, cut))
    return Curve(points)


def main() -> None:
    """Print a table, write the rows, draw the trade-off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed in place of three")
    quick = parser.parse_args().quick
    print(f"{'workload':>10} {'seed':>4} {'deadline':>8} {'cut off':>9} {'':>7} {'hours':>9}")
    found = []
    for row in rows(quick):
        found.append(row)
        print(told(row), flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    PICTURE.write_text(tradeoff(curve(found)))


if __name__ == "__main__":
    main()
