"""Runs forecasters over the past, and measures what that costs."""

import math
import pathlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.timestamps import TO_THE_SECOND, clock
from ebbtide.cli.models import Make
from ebbtide.errors import EbbtideError
from ebbtide.forecast.contract import Floats
from ebbtide.forecast.evaluation.accuracy import Accuracy, Summary, accuracies, summary
from ebbtide.forecast.evaluation.backtest import Course, scored, walk

YARDSTICK = "Persistence"
_STATUS = pathlib.Path("/proc/self/status")


@dataclass(slots=True)
class Cost:
    """What forecasts cost."""

    seconds: float = 0.0
    memory: float = math.nan
    """Most memory of the process meanwhile, in bytes; NaN where the system does not tell."""
    forecasts: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What one model said about one series."""

    course: Course
    quantiles: Floats
    """(origins, steps, levels): the quantiles that are scored."""
    fans: NDArray[np.float32]
    """(origins, levels, all steps): everything that was foreseen; empty unless it was wanted."""
    accuracies: Mapping[int, Accuracy]
    """By minutes ahead."""


@dataclass(frozen=True, slots=True)
class Run:
    """One model over all series."""

    model: str
    told: list[Told] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """All models over all series, and the yardstick, which may not be among those asked for."""

    courses: Sequence[Course]
    runs: Sequence[Run]
    yardstick: Run

    def steps(self) -> Sequence[int]:
        """Minutes ahead at which anything was scored."""
        return sorted({step for told in self.yardstick.told for step in told.accuracies})

    def summary(self, run: Run, step: int) -> Summary:
        """One model so many minutes ahead, beside the yardstick."""
        pairs = [
            (mine.accuracies[step], other.accuracies[step])
            for mine, other in zip(run.told, self.yardstick.told, strict=True)
            if step in mine.accuracies
        ]
        return summary([mine for mine, _ in pairs], [other for _, other in pairs])


def backtest(
    courses: Sequence[Course],
    makers: Mapping[str, Make],
    *,
    fans: bool,
    advance: Callable[[str, str], None],
) -> Backtest:
    """Run every maker's forecasters over all courses; `advance` hears of each forecast."""
    runs = []
    for model, make in makers.items():
        run = Run(model)
        with _measured(run.cost):
            for course in courses:
                run.told.append(_tell(model, make, course, fans, advance))
        run.cost.forecasts = sum(course.origins.size for course in courses)
        runs.append(run)
    yardstick = next(run for run in runs if run.model == YARDSTICK)
    return Backtest(courses=courses, runs=runs, yardstick=yardstick)


def _tell(
    model: str, make: Make, course: Course, fans: bool, advance: Callable[[str, str], None]
) -> Told:
    quantiles, everything = [], []
    for forecast in walk(make, course):
        quantiles.append(scored(forecast, course))
        if fans:
            everything.append(forecast.values[:, :, 0].astype(np.float32))
        if np.isnan(quantiles[-1]).any():
            at = clock(forecast.origin, TO_THE_SECOND)
            raise EbbtideError(f"{model} has no forecast for {course.series.name} at {at}")
        advance(model, course.series.name)
    made = np.stack(quantiles)
    return Told(
        course,
        made,
        np.stack(everything) if fans else np.zeros((0, 0, 0), np.float32),
        accuracies(made, course),
    )


@contextmanager
def _measured(cost: Cost) -> Iterator[None]:
    """Measure time and the most memory of what is done inside."""
    told = _forget_the_peak()
    begun = time.perf_counter()
    yield
    cost.seconds = time.perf_counter() - begun
    cost.memory = _memory("VmHWM") if told else math.nan


def _forget_the_peak() -> bool:
    """Begin the kernel's record of the most memory in use anew; whether that is possible."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _memory(what: str) -> float:
    """Bytes that Linux counts for this process; NaN elsewhere."""
    try:
        found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text())
    except OSError:
        return math.nan
    return int(found[1]) * 1024.0 if found else math.nan
