"""Forecasters beside each other on recorded demand: errors as ratios, and what they cost.

    EBBTIDE_TRACES=FOLDER python -m tests.bench.forecast [--origins 24] [--models Tide,AutoETS]

All models are run on the same origins. Without --models these are those of the house, and AutoETS,
MSTL and LightGBM where the package in plugins/ebbtide-forecasters and its libraries are installed.
Then each is timed on synthetic fleets of 1 and more workloads: the first forecast, from seven days
of minutes, and those of the minutes that follow. Rows go to build/bench/forecast.json.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ebbtide.cli.backtest_inputs import Asked, courses, from_files
from ebbtide.cli.backtest_page import as_json, tables
from ebbtide.cli.backtest_runs import YARDSTICK, Backtest, backtest
from ebbtide.cli.models import HOUSE, Make, makers
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.forecast.contract import DAY, Floats, History

OUT = pathlib.Path("build/bench/forecast.json")
RIVALS = ("AutoETS", "MSTL", "LightGBM")
FLEETS = (1, 100, 1000, 5000)
HORIZON = 120
HISTORY_DAYS = 7
TICKS = 5
PATIENCE = 30.0
"""Seconds that a forecast may take, by what it took for the fleet before: else it is left out."""
WARM_UP = 240.0
"""Seconds that the first forecast may take: else it is made from a day of history."""
SLOW = 2.0
"""Seconds of a forecast from which on one is enough to know."""
NOW = 1_794_398_400.0


def available(names: str | None) -> Mapping[str, Make]:
    """The models to compare; a rival that is not installed is said to be missing."""
    known = makers()
    if names:
        chosen = [name.strip() for name in names.split(",")]
        missing = [name for name in chosen if name not in known]
        if missing:
            sys.exit(f"there is no {', '.join(missing)}; known are {', '.join(known)}")
        return {name: known[name] for name in chosen}
    return {
        name: known[name] for name in (*HOUSE, *RIVALS) if name in known and _works(known[name])
    }


def _works(make: Make) -> bool:
    try:
        make()
    except InvalidInput as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def accuracy(
    folder: pathlib.Path, models: Mapping[str, Make], origins: int, history: float
) -> Backtest:
    """All models on the same windows of all traces."""
    asked = Asked(origins=origins, named=None, steps=(), history=history)
    found, notes = courses(from_files([folder]), asked)
    for note in notes:
        print(note, file=sys.stderr)
    total, done = sum(course.origins.size for course in found) * (len(models) + 1), 0

    def advance(model: str, series: str) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done:,} of {total:,}  {model:<12} {series:<40.40}", end="", file=sys.stderr)

    everyone = dict(models) if YARDSTICK in models else {**models, YARDSTICK: HOUSE[YARDSTICK]}
    result = backtest(found, everyone, fans=False, advance=advance)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return result


def fleet(size: int, minutes: int) -> Floats:
    """Demand with a day's season and a noise that lasts, one column a workload."""
    rng = np.random.default_rng(size)
    at = np.arange(minutes)[:, None]
    phase = rng.uniform(0, 2 * np.pi, size)
    level = 10 ** rng.uniform(1, 5, size)
    noise = np.cumsum(rng.normal(0, 0.002, (minutes, size)), axis=0)
    return np.asarray(level * (1.5 + np.sin(2 * np.pi * at / DAY + phase)) * np.exp(noise))


def speed(model: str, make: Make, fleets: Sequence[int]) -> list[dict[str, object]]:
    """Seconds of the first forecast and of the next minutes', while patience lasts."""
    rows: list[dict[str, object]] = []
    first = tick = 0.0  # of one workload, by the last fleet
    for size in fleets:
        if tick * size > PATIENCE:
            print(f"{model:<12} {size:>6,}  left out: about {tick * size:,.0f} s a forecast")
            rows.append({"model": model, "workloads": size, "estimated": tick * size})
            continue
        days = HISTORY_DAYS if first * size <= WARM_UP else 1
        begun, ticks = _timed(make, fleet(size, days * DAY + TICKS))
        tick = statistics.median(ticks) / size
        first = begun / size / days * HISTORY_DAYS
        rows.append(
            {"model": model, "workloads": size, "days": days, "first": begun, "ticks": ticks}
        )
        print(
            f"{model:<12} {size:>6,}  from {days} d  first {begun:>7.2f} s  "
            f"tick {1000 * tick * size:>9,.1f} ms",
            flush=True,
        )
    return rows


def _timed(make: Make, minutes: Floats) -> tuple[float, list[float]]:
    """Seconds of the first forecast, and of those of the minutes that follow."""
    model, rows = make(), len(minutes) - TICKS

    def forecast(tick: int) -> Callable[[], object]:
        known = History(NOW + 60 * tick, minutes[tick : rows + tick])
        return lambda: model.forecast(known, HORIZON)

    first, ticks = _seconds(forecast(0)), [_seconds(forecast(1))]
    more = range(2, TICKS + 1) if ticks[0] < SLOW else ()
    return first, ticks + [_seconds(forecast(tick)) for tick in more]


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def main() -> None:
    """Print the tables, and write their rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--origins", type=int, default=24, help="forecasts a series")
    parser.add_argument("--models", help="with commas between")
    parser.add_argument("--fleets", default=",".join(map(str, FLEETS)), help="workloads to time")
    parser.add_argument("--history", type=float, default=28.0, help="days that a model is handed")
    asked = parser.parse_args()
    traces = os.environ.get("EBBTIDE_TRACES")
    models = available(asked.models)
    rows: dict[str, object] = {}
    if traces:
        found = accuracy(pathlib.Path(traces), models, asked.origins, asked.history * 86400)
        told = [run for run in found.runs if run.model in models]
        screen().print(tables(found, told))
        rows["accuracy"] = as_json(found, told)
        _write(rows)
    else:
        print("no accuracy: EBBTIDE_TRACES names no folder of recorded demand", file=sys.stderr)
    print(f"\nforecasts of {HORIZON} minutes ahead, by workloads")
    fleets = [int(size) for size in asked.fleets.split(",") if size]
    rows["speed"] = [row for name, make in models.items() for row in speed(name, make, fleets)]
    _write(rows)


def _write(rows: Mapping[str, object]) -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
