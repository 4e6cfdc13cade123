"""Ebbtide beside the HPA over many synthetic promotions: idle capacity at no more shortfall.

    python -m tests.bench.demo [--seeds 20]

For each seed the HPA has a tolerance of 1 %, goes down by Percent 10 per 60 s after a window of
300 s, and has the target that comes closest to Ebbtide's shortfall without being better: a
ratio below 1 says that Ebbtide is better in both. Rows go to build/bench/demo.json.
"""

import argparse
import json
import pathlib
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files

import numpy as np

from ebbtide.api.reading.manifests import load
from ebbtide.cli.demo.command import SESSION, TICK
from ebbtide.cli.demo.page import calendar_of
from ebbtide.cli.simulation.comparison import compared
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.planning.demand.promotion import promotion_week
from ebbtide.planning.simulated_fleet.plant_settings import PlantSettings

OUT = pathlib.Path("build/bench/demo.json")
KEY = "live/stream-edge"


def row(seed: int) -> dict[str, float | str]:
    """Run one promotion."""
    week = promotion_week(seed)
    policy = files("ebbtide.cli.demo").joinpath("promotion.yaml").read_text()
    manifests = load({"promotion.yaml": policy, "calendar": calendar_of(week.events, "live")})
    simulation = Simulation(
        manifests,
        lambda *_: week,
        Conditions(tick=TICK, plant=PlantSettings(session=SESSION), seed=seed),
    )
    frames = [f for tick in simulation.run(week.live_from, week.end) for f in tick]
    told = compared(simulation, KEY, frames)
    (_, mine), (name, hpa), (_, static), *_ = told.items()
    return {
        "seed": seed,
        "hpa": name,
        "idle_ebbtide": mine.idle,
        "idle_hpa": hpa.idle,
        "idle_static": static.idle,
        "shortfall_ebbtide": mine.shortfall,
        "shortfall_hpa": hpa.shortfall,
        "changes_ebbtide": mine.events,
        "changes_hpa": hpa.events,
        "disrupted_ebbtide": mine.disruptions,
        "disrupted_hpa": hpa.disruptions,
        "ratio": mine.idle / hpa.idle,
    }


def main() -> None:
    """Print a table of all seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    heads = ("seed", "idle", "HPA", "ratio", "short", "HPA", "changes", "HPA", "cut off", "HPA")
    print(("{:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10}").format(*heads))
    rows = []
    with ProcessPoolExecutor(2) as pool:
        for found in pool.map(row, range(seeds)):
            rows.append(found)
            print(
                "{seed:>6} {idle_ebbtide:>8,.0f} {idle_hpa:>8,.0f} {ratio:>6.2f} "
                "{shortfall_ebbtide:>8,.0f} {shortfall_hpa:>8,.0f} {changes_ebbtide:>8,} "
                "{changes_hpa:>8,} {disrupted_ebbtide:>10,} {disrupted_hpa:>10,}".format_map(found),
                flush=True,
            )
    ratios = np.array([float(r["ratio"]) for r in rows])
    cut, theirs = (sum(int(r[f"disrupted_{who}"]) for r in rows) for who in ("ebbtide", "hpa"))
    fair = sum(r["shortfall_ebbtide"] <= r["shortfall_hpa"] for r in rows)  # type: ignore[operator]
    print(
        f"idle beside the HPA: median {np.median(ratios):.2f}, best {ratios.min():.2f}, "
        f"worst {ratios.max():.2f}; at no more shortfall in {fair} of {len(rows)}; "
        f"live sessions cut off: {cut / max(theirs, 1):.2f} of the HPA's"
    )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
