"""What an objective costs: `objective` at every level over recorded demand, beside rivals.

    python -m tests.bench.capacity [--lead 180] [--only gdq] [--later DAYS] [--decisions DIR]

The settings are those of the prior until there is evidence, then chosen each midnight by the replay
of the days before it, and put in force by the rule that the loop has for `tuning: Apply`. The
objective is swept, and what came out is read off at each level along the lower envelope, for us as
for the rivals, who choose their target in hindsight. Cost is over the clairvoyant bound.
EBBTIDE_TRACES names the folder of the traces; rows go to build/bench/capacity.json, which keeps
those of other series and lead times.
"""

import argparse
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ebbtide.planning.tuning.objective import CANDIDATES
from tests.bench.capacity.house import rivals
from tests.bench.capacity.series import CLASSES, LEVELS, TICK, Series, asked_of, at_level, of_file
from tests.bench.capacity.walk import Walk, days_of, swept

OUT = pathlib.Path("build/bench/capacity.json")
OBJECTIVES = tuple(float(f"{10.0**-power:.2g}") for power in np.arange(1.5, 6.01, 0.0625))
TARGETS: Mapping[str, Sequence[float]] = {
    "live viewers": (1.025, 1.080, 1.130),
    "requests": (1.105, 1.560, 2.080),
    "World Cup": (1.140, 2.420, 6.500),
    "Twitter": (2.600, 9.500, 12.0),
}
TARGETS_OF = "180"
"""The lead time of the targets; of recordings as they are."""


def measured(series: Series, decisions: pathlib.Path | None) -> dict[str, Any]:
    """One series: what every objective came to."""
    asked = asked_of(series, CANDIDATES)
    days = days_of(series, asked)
    walks = swept(days, OBJECTIVES)
    if decisions:
        for one in walks:
            if one.objective in LEVELS:
                write(decisions / f"{series.name}-{one.objective:g}.csv", series, one)
    each = [series.outcome(asked[:, i].astype(np.float64)) for i in range(len(CANDIDATES))]
    return {
        "days": series.need.size * TICK / 86400,
        "objectives": [_row(one) for one in walks],
        "cost": [at_level([(one.unserved, one.cost) for one in walks], v) for v in LEVELS],
        "inHindsight": [at_level(each, v) for v in LEVELS],
        "changesADay": max(one.changes for one in walks if one.objective in LEVELS),
    }


def beaten(series: Series) -> dict[str, Any]:
    """What every rival came to on the same series."""
    found = rivals(series)
    return {name: [at_level(points, v) for v in LEVELS] for name, points in found.items()}


def _row(one: Walk) -> dict[str, float]:
    return {
        "objective": one.objective,
        "unserved": one.unserved,
        "cost": one.cost,
        "changesADay": one.changes,
        "byPrior": one.by_prior,
        "tuned": one.tuned,
    }


def write(path: pathlib.Path, series: Series, one: Walk) -> None:
    """Write decisions for a referee: each change, and the last tick."""
    changed = np.flatnonzero(np.diff(one.asked, prepend=-1.0))
    rows = [*changed.tolist(), one.asked.size - 1]
    at = [f"{np.datetime64(int(series.world.now[i]), 's')}Z,{one.asked[i]:.0f}" for i in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["timestamp,desired", *at]) + "\n")


def mean(costs: Sequence[float | None]) -> float | None:
    """The geometric mean; None where a series does not get there."""
    known = [cost for cost in costs if cost is not None]
    return float(np.exp(np.mean(np.log(known)))) if len(known) == len(costs) else None


def table(rows: Mapping[str, Any], game: str) -> None:
    """Print classes, and the promise series by series."""
    print(f"\ncost over the clairvoyant bound, lead time in seconds: {game}")
    print(f"{'':>14} {'unserved':>9} {'target':>7} {'ebbtide':>8} {'hindsight':>9}  best rival")
    for kind, start in CLASSES.items():
        mine = [row for name, row in rows.items() if name.startswith(start)]
        for i, level in enumerate(LEVELS if mine else ()):
            names = mine[0]["rivals"]
            known = {name: mean([row["rivals"][name][i] for row in mine]) for name in names}
            best = min(((cost, name) for name, cost in known.items() if cost), default=None)
            target = f"{TARGETS[kind][i]:.3f}" if game == TARGETS_OF else ""
            ours, after = (mean([row[key][i] for row in mine]) for key in ("cost", "inHindsight"))
            print(
                f"{kind:>14} {level:>9.0e} {target:>7} {_number(ours):>8} {_number(after):>9}"
                f"  {f'{best[0]:.3f} {best[1]}' if best else '-'}"
            )
    print("\nobjective at a level, tuning: Apply; changes of replicas a day, days by the prior")
    head = f"{'promised':>9} {'came out':>9} {'of it':>6} {'cost':>7} {'changes':>7}"
    print(f"{head} {'tuned':>5} {'prior':>6}  series")
    for name, row in rows.items():
        for one in row["objectives"]:
            if one["objective"] in LEVELS:
                print(
                    f"{one['objective']:>9.0e} {one['unserved']:>9.1e} "
                    f"{one['unserved'] / one['objective']:>6.2f} {one['cost']:>7.3f} "
                    f"{one['changesADay']:>7.0f} {one['tuned']:>5} {one['byPrior']:>6.0%}  {name}"
                )


def _number(cost: float | None) -> str:
    return "-" if cost is None else f"{cost:.3f}"


def main() -> None:
    """Measure, print a table, keep the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lead", type=float, action="append")
    parser.add_argument("--only", default="", help="names of series that hold this word")
    parser.add_argument(
        "--later", type=int, default=0, metavar="DAYS", help="begin so late, and wrap around"
    )
    parser.add_argument("--decisions", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--without-rivals", action="store_true", help="keep what is known of them")
    parser.add_argument("--table", action="store_true", help="print what is there, measure nothing")
    args = parser.parse_args()
    folder = pathlib.Path(os.environ.get("EBBTIDE_TRACES") or "nowhere")
    if not folder.is_dir() and not args.table:
        parser.error("EBBTIDE_TRACES names no folder of recorded demand")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, Any]] = json.loads(OUT.read_text()) if OUT.exists() else {}
    starts = tuple(CLASSES.values())
    for lead in args.lead or [180.0]:
        game = f"{lead:.0f}, {args.later} days later" if args.later else f"{lead:.0f}"
        own = rows.setdefault(game, {})
        for path in () if args.table else sorted(folder.glob("*.csv")):
            if path.stem.startswith(starts) and args.only in path.stem:
                print(path.stem, flush=True)
                series = of_file(path, lead, args.later)
                before = own.get(path.stem, {}).get("rivals", {})
                there = before if args.without_rivals else beaten(series)
                own[path.stem] = measured(series, args.decisions) | {"rivals": there}
                OUT.write_text(json.dumps(rows, indent=1) + "\n")
        table(own, game)


if __name__ == "__main__":
    main()
