"""What a forecaster has to reach on recorded demand, and whether it has."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.table import Table
from rich.text import Text

from ebbtide.cli.backtest.runs import Backtest, Run
from ebbtide.forecast.columnwise import geometric_mean
from ebbtide.forecast.evaluation.accuracy import Accuracy, Summary, summary

CLASSES: Mapping[str, tuple[str, ...]] = {
    "live": ("gdq", "reddit"),
    "web": ("ms_", "crane"),
    "spiky": ("worldcup", "nab"),
}
"""Kinds of demand, by what the names of their series begin with."""
MOST: Mapping[str, Mapping[int, float]] = {
    "WAPE": {1: 0.90, 3: 0.85, 10: 0.82, 30: 0.73, 60: 0.61, 120: 0.53},
    "pinball 0.9": {1: 0.82, 3: 0.82, 10: 0.80, 30: 0.75, 60: 0.65, 120: 0.58},
    "pinball 0.99": {1: 0.72, 3: 0.77, 10: 0.78, 30: 0.74, 60: 0.67, 120: 0.60},
}
"""The most error against persistence, by minutes ahead."""
COVERAGE = ((0.890, 0.915), (0.985, 0.995))
"""What q0.9 and q0.99 cover, mean at each step."""
COVERAGE_OF_CLASS = ((0.87, 0.93), (0.975, 1.0))
RAMP_STEPS = (30, 60)
RAMPS = (0.60, 0.92)
"""What q0.9 and q0.99 cover at least on ramps."""
WORST = 1.05
BELOW_LIBRARIES = {"WAPE": 0.80, "pinball 0.9": 0.85, "pinball 0.99": 0.85}
WORST_CELL = 1.03
_LEVEL = {"pinball 0.9": 1, "pinball 0.99": 2}
ALL = ("",)


class Criterion(NamedTuple):
    """One thing that was asked for, and what came of it."""

    name: str
    asked: str
    found: str
    reached: bool


class Judged(NamedTuple):
    """One model as it was run, beside persistence on the same origins."""

    found: Backtest
    run: Run

    def pairs(self, step: int, kind: Sequence[str] = ALL) -> Sequence[tuple[Accuracy, Accuracy]]:
        """Its accuracy and that of persistence, for each series of a kind."""
        return [
            (mine.accuracies[step], plain.accuracies[step])
            for mine, plain in zip(self.run.told, self.found.yardstick.told, strict=True)
            if step in mine.accuracies and mine.course.series.name.startswith(tuple(kind))
        ]

    def summary(self, step: int, kind: Sequence[str] = ALL) -> Summary | None:
        """The same as one; None where there is no such series."""
        pairs = self.pairs(step, kind)
        return summary([a for a, _ in pairs], [b for _, b in pairs]) if pairs else None

    def ratio(self, measure: str, step: int, kind: Sequence[str] = ALL) -> float:
        """An error against that of persistence."""
        one = self.summary(step, kind)
        if one is None:
            return math.nan
        return one.wape if measure == "WAPE" else one.pinball[_LEVEL[measure]]

    def over_all(self, measure: str) -> float:
        """The same over all steps."""
        ratios = [self.ratio(measure, step) for step in self.found.steps()]
        return float(geometric_mean(np.array(ratios)))


def alone(judged: Judged) -> Iterator[Criterion]:
    """What is asked for on recorded demand beside persistence."""
    yield from _errors(judged)
    yield from _covered(judged)
    yield from _ramps(judged)
    yield _worst(judged)


def beside(judged: Judged, libraries: Sequence[Judged]) -> Iterator[Criterion]:
    """And beside libraries, from the same origins."""
    yield from _below(judged, libraries)
    yield _worst_cell(judged, libraries)


def _errors(judged: Judged) -> Iterator[Criterion]:
    for measure, limits in MOST.items():
        steps = [step for step in limits if step in judged.found.steps()]
        found = [judged.ratio(measure, step) for step in steps]
        asked = [limits[step] for step in steps]
        yield Criterion(
            f"{measure} at {_joined(steps, 'd')} min over persistence",
            f"<= {_joined(asked)}",
            _joined(found),
            all(a <= b for a, b in zip(found, asked, strict=True)),
        )


def _covered(judged: Judged) -> Iterator[Criterion]:
    steps = [step for step in MOST["WAPE"] if step in judged.found.steps()]
    for level, name in ((1, "q0.9"), (2, "q0.99")):
        for where, kinds, limits in (
            ("mean at each step", {"": ALL}, COVERAGE),
            ("each class and step", CLASSES, COVERAGE_OF_CLASS),
        ):
            low, high = limits[level - 1]
            told = [judged.summary(step, kind) for kind in kinds.values() for step in steps]
            found = [one.coverage[level] for one in told if one is not None]
            yield Criterion(
                f"coverage of {name}, {where}",
                f"{low:g} to {high:g}",
                f"{min(found):.3f} to {max(found):.3f}",
                low <= min(found) and max(found) <= high,
            )


def _ramps(judged: Judged) -> Iterator[Criterion]:
    for step, (level, least) in itertools.product(RAMP_STEPS, enumerate(RAMPS, start=1)):
        one = judged.summary(step)
        if one is not None and one.ramps:
            covered = one.ramp_coverage[level]
            name = f"ramps {step} min ahead ({one.ramps}) covered by q{(0.9, 0.99)[level - 1]}"
            yield Criterion(name, f">= {least:.2f}", f"{covered:.3f}", covered >= least)


def _worst(judged: Judged) -> Criterion:
    ratios = [
        (mine.accuracies[step].wape / plain.accuracies[step].wape, told.series.name, step)
        for mine, plain in zip(judged.run.told, judged.found.yardstick.told, strict=True)
        for step in mine.accuracies
        if plain.accuracies[step].wape > 0
        for told in (mine.course,)
    ]
    ratio, name, step = max(ratios)
    told = f"{ratio:.3f} ({name}, {step} min)"
    return Criterion("worst series and step", f"<= {WORST}", told, ratio <= WORST)


def _below(judged: Judged, libraries: Sequence[Judged]) -> Iterator[Criterion]:
    for measure, most in BELOW_LIBRARIES.items():
        mine = judged.over_all(measure)
        least, name = min((one.over_all(measure), one.run.model) for one in libraries)
        told = f"{mine / least:.3f} ({mine:.3f} to {name}'s {least:.3f})"
        yield Criterion(
            f"{measure} over the best library, all steps",
            f"<= {most:g}",
            told,
            mine <= most * least,
        )


def _worst_cell(judged: Judged, libraries: Sequence[Judged]) -> Criterion:
    cells = []
    for (kind, begins), step in itertools.product(CLASSES.items(), judged.found.steps()):
        mine = judged.ratio("WAPE", step, begins)
        rivals = [(one.ratio("WAPE", step, begins), one.run.model) for one in libraries]
        known = [(ratio, name) for ratio, name in rivals if not math.isnan(ratio)]
        if not math.isnan(mine) and known:
            least, name = min(known)
            cells.append((mine / least, f"{kind}, {step} min, {name}"))
    ratio, where = max(cells)
    name = "WAPE over the best library of the cell, worst class and step"
    return Criterion(name, f"<= {WORST_CELL}", f"{ratio:.3f} ({where})", ratio <= WORST_CELL)


def table(found: Sequence[Criterion]) -> Table:
    """What was asked, what was found, and whether that is enough."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("CRITERION", "ASKED", "FOUND", ""):
        made.add_column(head)
    for one in found:
        told = Text("reached", "green") if one.reached else Text("not reached", "bold red")
        made.add_row(one.name, one.asked, one.found, told)
    return made


def _joined(values: Sequence[float], form: str = ".3f") -> str:
    return " / ".join(format(value, form) for value in values)
