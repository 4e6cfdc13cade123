"""docs/forecast.md and its picture: the figures are written by the bench, the words by people."""

import math
import pathlib
from collections.abc import Mapping, Sequence

from tests.bench.forecast_criteria import Criterion, Judged
from tests.bench.forecast_events import Told
from tests.bench.forecast_picture import draw
from tests.bench.forecast_speed import MEGABYTE, Speed
from tests.bench.marked_page import filled, table

PAGE, PICTURE = pathlib.Path("docs/forecast.md"), pathlib.Path("docs/forecast.svg")
LEFT_OUT = ("NaiveWeek",)
"""Models that stand below another of their kind."""
SUBJECT = "Tide"
FARTHEST = 120
"""Minutes ahead that all figures are for."""


def write(blocks: Mapping[str, str], lines: Mapping[str, Mapping[int, float]]) -> None:
    """Write the figures into their places on the page, and the picture."""
    PAGE.write_text(filled(PAGE.read_text(), blocks))
    if lines:
        PICTURE.write_text(draw(lines, "Errors of the median against persistence"))


def errors_by_step(judged: Sequence[Judged]) -> Mapping[str, Mapping[int, float]]:
    """WAPE over that of persistence, by model and minutes ahead."""
    return {
        one.run.model: {step: one.ratio("WAPE", step) for step in _steps(one)}
        for one in judged
        if one.run.model not in LEFT_OUT
    }


def models(judged: Sequence[Judged]) -> str:
    """All models on the same origins: errors by step, widths over all, and ramps."""
    steps = _steps(judged[0])
    rows = [
        [
            f"**{name}**" if name == SUBJECT else name,
            *(f"{one.ratio('WAPE', step):.2f}" for step in steps),
            *(f"{one.over_all(measure):.2f}" for measure in ("pinball 0.9", "pinball 0.99")),
            *(_ramps(one, step) for step in (30, 60)),
        ]
        for one in judged
        if (name := one.run.model) not in LEFT_OUT
    ]
    heads = ["", *(f"{step} min" for step in steps), "q0.9", "q0.99", "ramps, 30 min", "60 min"]
    return table(heads, rows, "l" + "r" * (len(heads) - 1))


def criteria(found: Sequence[Criterion]) -> str:
    """What is asked of the default forecaster, and what came of it."""
    rows = [
        ["reached" if one.reached else "**not reached**", one.name, one.asked, one.found]
        for one in found
    ]
    return table(["", "", "asked", "found"], rows)


def events(found: Sequence[Told]) -> str:
    """Errors in the first hour of events, and while one ebbs away."""
    rows = [
        [
            one.name,
            one.measure,
            ", ".join(f"{error:.1%} {name}" for name, error in one.errors.items()),
        ]
        for one in found
    ]
    return table(["", "over", "error"], rows)


def cost(found: Sequence[Speed]) -> str:
    """What forecasts cost by model and workloads, measured rather than reckoned."""
    rows = [
        [
            f"**{one.model}**" if one.model == SUBJECT else one.model,
            f"{one.workloads:,}",
            f"{one.warm_up:,.1f} s",
            f"{1000 * one.tick:,.1f} ms",
            "-" if math.isnan(one.state) else f"{one.state / 1024:,.0f} KB",
            f"{one.memory / MEGABYTE:,.0f} MB",
        ]
        for one in found
        if not one.reckoned
    ]
    return table(["", "workloads", "warm-up", "tick", "state each", "memory"], rows, "lrrrrr")


def _steps(judged: Judged) -> Sequence[int]:
    """Minutes ahead that several series are forecast, up to the farthest."""
    return [
        step for step in judged.found.steps() if len(judged.pairs(step)) > 1 and step <= FARTHEST
    ]


def _ramps(judged: Judged, step: int) -> str:
    one = judged.summary(step)
    return "-" if one is None or not one.ramps else f"{one.ramp_coverage[2]:.0%}"
