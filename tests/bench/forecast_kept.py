"""Forecasts that were made before, kept in files: a run that was cut short goes on where it was.

There is one file for each model and series. It is named by everything that its forecasts depend
on: what is known of the series, the origins and steps, the code of the model, and the versions of
the libraries behind it.
"""

import hashlib
import importlib.metadata
import pathlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

import ebbtide.forecast
from ebbtide.cli.backtest.runs import YARDSTICK, Backtest, Cost, Run, Told, backtest
from ebbtide.cli.models import HOUSE, Make
from ebbtide.forecast.contract import Floats
from ebbtide.forecast.evaluation.accuracy import accuracies
from ebbtide.forecast.evaluation.backtest import Course

FOLDER = pathlib.Path("build/bench/forecasts")
LIBRARIES = ("statsforecast", "lightgbm", "numpy", "scipy")


class Kept(NamedTuple):
    """What a model said about a series, and what that cost."""

    quantiles: Floats
    """(origins, steps, levels)."""
    seconds: float
    memory: float


def compared(
    courses: Sequence[Course],
    makers: Mapping[str, Make],
    advance: Callable[[str, Course], None],
    folder: pathlib.Path = FOLDER,
) -> Backtest:
    """Some models and the yardstick over all courses; `advance` hears of each that is done."""
    everyone = dict(makers) if YARDSTICK in makers else {**makers, YARDSTICK: HOUSE[YARDSTICK]}
    runs = []
    for model, make in everyone.items():
        run, code = Run(model, cost=Cost(memory=0.0)), _code(model)
        for course in courses:
            path = folder / f"{model}-{course.series.name}-{_digest(course, code)}.npz"
            _take(run, course, _kept(path, model, make, course))
            advance(model, course)
        runs.append(run)
    yardstick = next(run for run in runs if run.model == YARDSTICK)
    return Backtest(courses=courses, runs=runs, yardstick=yardstick)


def _take(run: Run, course: Course, kept: Kept) -> None:
    """Put what a model said of one series to what it said of the others."""
    told = accuracies(kept.quantiles, course)
    run.told.append(Told(course, kept.quantiles, np.zeros((0, 0, 0), np.float32), told))
    run.cost.seconds += kept.seconds
    run.cost.memory = max(run.cost.memory, kept.memory)
    run.cost.forecasts += course.origins.size


def _kept(path: pathlib.Path, model: str, make: Make, course: Course) -> Kept:
    """What is in the file, or what is put into it now."""
    kept = _read(path)
    if kept is None:
        kept = _made(model, make, course)
        _write(path, kept)
    return kept


def _made(model: str, make: Make, course: Course) -> Kept:
    makers = {model: make, YARDSTICK: HOUSE[YARDSTICK]}
    run = backtest([course], makers, fans=False, advance=lambda *_: None).runs[0]
    return Kept(run.told[0].quantiles, run.cost.seconds, run.cost.memory)


def _read(path: pathlib.Path) -> Kept | None:
    try:
        with path.open("rb") as file, np.load(file) as kept:
            return Kept(kept["quantiles"], float(kept["seconds"]), float(kept["memory"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _write(path: pathlib.Path, kept: Kept) -> None:
    """Whole or not at all: a run may be ended at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, quantiles=kept.quantiles, seconds=kept.seconds, memory=kept.memory)
    part.replace(path)


def _digest(course: Course, code: bytes) -> str:
    series = course.series
    asked = (series.start, series.grid, tuple(course.steps), course.limit)
    whole = hashlib.sha256(code + repr(asked).encode())
    whole.update(series.values.tobytes())
    whole.update(course.origins.tobytes())
    return whole.hexdigest()[:16]


def _code(model: str) -> bytes:
    """What a model is made of: its package, and for a plug-in the libraries behind it."""
    if model in HOUSE:
        return code_of(pathlib.Path(ebbtide.forecast.__path__[0]))
    (point,) = importlib.metadata.entry_points(group="ebbtide.forecasters", name=model)
    package = __import__(point.module.partition(".")[0])
    versions = [f"{name} {_version(name)}" for name in LIBRARIES]
    return code_of(pathlib.Path(package.__path__[0])) + repr(versions).encode()


def code_of(package: pathlib.Path) -> bytes:
    """All code of a package, with that of the packages in it."""
    return b"".join(path.read_bytes() for path in sorted(package.rglob("*.py")))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "-"
