"""Forecasters beside each other on recorded demand: errors as ratios, and what they cost.

    EBBTIDE_TRACES=FOLDER python -m tests.bench.forecast [--origins 96] [--models Tide,AutoETS]

All models are run on the same origins, few enough for slow libraries, and Tide beside persistence
on many more. The criteria that a forecaster for capacity has to meet are printed as reached or not.
Events are forecast with and without their announcement. Then each
model is timed on synthetic fleets. `make bench-forecast` sets up the libraries of
requirements/bench.txt and keeps to one core; rows go to build/bench/forecast.json.

With --docs the figures go to docs/forecast.md and its picture too.

What a model foresaw of a series is kept in build/bench/forecasts, until its code or its library
changes: a run that was ended goes on where it was, and `--series` and `--models` make it in parts.
"""

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rich.console import RenderableType

from ebbtide.cli.backtest.inputs import Asked, courses, from_files
from ebbtide.cli.backtest.page import as_json, tables
from ebbtide.cli.backtest.runs import YARDSTICK, Backtest
from ebbtide.cli.models import HOUSE, Make, makers
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.forecast.evaluation.backtest import Course
from ebbtide.forecast.tide.forecaster import Tide
from tests.bench import forecast_events, forecast_kept, forecast_page, forecast_speed
from tests.bench.forecast_criteria import Judged, alone, beside, table
from tests.bench.forecast_page import SUBJECT

OUT = pathlib.Path("build/bench/forecast.json")
LIBRARIES = ("AutoETS", "AutoTheta", "MSTL", "LightGBM")
"""What people would use instead, where it is installed."""
FLEETS = "1,100,1000,5000"
DAY = 86400.0


class Where(NamedTuple):
    """Recorded demand: a folder, and how the names of the series begin that are chosen of it."""

    folder: pathlib.Path
    begins: str


def available(names: str | None) -> Mapping[str, Make]:
    """The models to compare; a library that is not installed is said to be missing."""
    known = makers()
    if names:
        chosen = [name.strip() for name in names.split(",")]
        missing = [name for name in chosen if name not in known]
        if missing:
            sys.exit(f"there is no {', '.join(missing)}; known are {', '.join(known)}")
        return {name: known[name] for name in chosen}
    for name in set(LIBRARIES) - set(known):
        print(f"left out: {name} is not installed", file=sys.stderr)
    listed = [name for name in (*HOUSE, *LIBRARIES) if name in known]
    return {name: known[name] for name in listed if _works(known[name])}


def _works(make: Make) -> bool:
    try:
        make()
    except InvalidInput as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def accuracy(found: Sequence[Course], models: Mapping[str, Make]) -> Backtest:
    """Some models, and persistence, on the same windows of all traces."""
    total, done = len(found) * len({*models, YARDSTICK}), 0

    def advance(model: str, course: Course) -> None:
        nonlocal done
        done += 1
        print(f"{done:>4,} of {total:,}  {model:<12} {course.series.name}", file=sys.stderr)

    return forecast_kept.compared(found, models, advance)


def traces(where: Where, asked: Asked) -> Sequence[Course]:
    """What is asked about the series that were chosen."""
    wanted = [one for one in from_files([where.folder]) if one.name.startswith(where.begins)]
    found, notes = courses(wanted, asked)
    for note in notes:
        print(note, file=sys.stderr)
    return found


class Found(NamedTuple):
    """What was measured: rows for a file, and figures for the page."""

    rows: Mapping[str, object] = MappingProxyType({})
    blocks: Mapping[str, str] = MappingProxyType({})
    lines: Mapping[str, Mapping[int, float]] = MappingProxyType({})

    def beside(self, other: "Found") -> "Found":
        """Both together."""
        rows, blocks = {**self.rows, **other.rows}, {**self.blocks, **other.blocks}
        return Found(rows, blocks, self.lines or other.lines)


def errors(where: Where, models: Mapping[str, Make], asked: Asked, own_origins: int) -> Found:
    """Print what every model reaches on recorded demand, and whether the subject does enough."""
    found = accuracy(traces(where, asked), models)
    told = [run for run in found.runs if run.model in models]
    _print(tables(found, told), "")
    rows: dict[str, object] = {"accuracy": as_json(found, told)}
    judged = {run.model: Judged(found, run) for run in told}
    if SUBJECT not in judged:
        return Found(rows)
    own = accuracy(traces(where, asked._replace(origins=own_origins)), {SUBJECT: models[SUBJECT]})
    (run,) = (run for run in own.runs if run.model == SUBJECT)
    made = list(alone(Judged(own, run)))
    _print(f"what {SUBJECT} has to reach, from {own_origins} origins", "", table(made), "")
    libraries = [judged[name] for name in LIBRARIES if name in judged]
    if libraries:
        against = list(beside(judged[SUBJECT], libraries))
        _print(f"beside libraries, from {asked.origins} origins", "", table(against), "")
        made += against
    everyone = list(judged.values())
    blocks = {
        "models": forecast_page.models(everyone),
        "criteria": forecast_page.criteria(made),
    }
    rows["criteria"] = [one._asdict() for one in made]
    return Found(rows, blocks, forecast_page.errors_by_step(everyone))


def events(folder: pathlib.Path, make: Make) -> Found:
    """Print the errors around events, with and without what is known of them."""
    told = list(forecast_events.announced(folder, make))
    means = list(forecast_events.means(told))
    if told:
        shown = forecast_events.table([*told, *means])
        _print(f"{SUBJECT} in the first hour of an event", "", shown, "")
    without: Make = lambda: Tide(ebbs=False)  # noqa: E731
    rivals = {YARDSTICK: HOUSE[YARDSTICK], f"{SUBJECT} without it": without}
    ebbed = list(forecast_events.ebbs(folder, {SUBJECT: make} | rivals))
    if ebbed:
        _print("while an event ebbs away", "", forecast_events.table(ebbed), "")
    single = [one for one in told if not forecast_events.part(one)]
    return Found(
        {"events": [one._asdict() for one in (*told, *means, *ebbed)]},
        {"events": forecast_page.events([*single, *means, *ebbed])},
    )


def speed(models: Mapping[str, Make], fleets: Sequence[int], days: int) -> Found:
    """Print what forecasts cost, and whether the subject is quick enough."""
    found = []
    for one in forecast_speed.speeds(list(models), fleets, days):
        print(forecast_speed.line(one), file=sys.stderr)
        found.append(one)
    _print(
        f"{forecast_speed.HORIZON} steps ahead, from {days} days; ~ is reckoned: from one series,"
        " or from the warm-up of some",
        "",
        forecast_speed.table(found, "AutoETS"),
        "",
    )
    rows: dict[str, object] = {"speed": [one._asdict() for one in found]}
    if SUBJECT in models:
        made = forecast_speed.judged(found, SUBJECT)
        _print(table(made), "")
        rows["speedCriteria"] = [one._asdict() for one in made]
    return Found(rows, {"cost": forecast_page.cost(found)})


def main() -> None:
    """Print the tables, and write their rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--origins", type=int, default=96, help="forecasts a series")
    parser.add_argument(
        "--own-origins", type=int, default=400, help=f"those of {SUBJECT} beside persistence"
    )
    parser.add_argument("--models", help="with commas between")
    parser.add_argument("--series", default="", help="only those whose names begin so")
    parser.add_argument("--fleets", default=FLEETS, help="workloads to time; empty: none")
    parser.add_argument("--history", type=int, default=28, help="days that a model is handed")
    parser.add_argument("--docs", action="store_true", help=f"write {forecast_page.PAGE}")
    asked = parser.parse_args()
    models, found = available(asked.models), Found()
    folder = os.environ.get("EBBTIDE_TRACES")
    if folder:
        where = Where(pathlib.Path(folder), asked.series)
        about = Asked(asked.origins, None, (), asked.history * DAY)
        found = errors(where, models, about, asked.own_origins)
        _write(found.rows)
        if SUBJECT in models and not asked.series:
            found = found.beside(events(where.folder, models[SUBJECT]))
            _write(found.rows)
    else:
        print("no accuracy: EBBTIDE_TRACES names no folder of recorded demand", file=sys.stderr)
    fleets = [int(size) for size in asked.fleets.split(",") if size]
    if fleets:
        found = found.beside(speed(models, fleets, asked.history))
        _write(found.rows)
    if asked.docs:
        forecast_page.write(found.blocks, found.lines)


def _print(*parts: RenderableType) -> None:
    console = screen()
    for part in parts:
        console.print(part)


def _write(rows: Mapping[str, object]) -> None:
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
