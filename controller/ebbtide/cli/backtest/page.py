"""A backtest for a terminal and as JSON: how good each model was, so many minutes ahead."""

import math
from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.backtest.runs import Backtest, Cost, Run
from ebbtide.cli.figures import NONE_SIGN, figure
from ebbtide.cli.output import known
from ebbtide.forecast.evaluation.accuracy import Accuracy, Summary
from ebbtide.forecast.evaluation.pinball import SCORED
from ebbtide_policies.quantities import many

_HEADS = ("WAPE", "BIAS", "PIN0.9", "PIN0.99", "COV0.9", "COV0.99", "RAMPS")
_CAPTION = (
    "wape, pin (pinball loss): ratio to persistence, geometric mean over the\n"
    "series, below 1 is better; bias: of the demand, above 0 the median is too\n"
    "high; cov: share of what came that is not above the quantile; ramps: cov0.99\n"
    "where demand rose by more than 30 %"
)


def tables(found: Backtest, asked: Sequence[Run]) -> RenderableType:
    """One block for each step ahead, then what each model cost."""
    count = sum(course.origins.size for course in found.courses)
    series = len(found.courses)
    name = f"{series} series" if series > 1 else found.courses[0].series.name
    head = Text.assemble((name, "bold"), f", {many(count, 'origin')}")
    return Group(head, "", _accuracy(found, asked), "", Text(_CAPTION, "dim"), "", _costs(asked))


def _accuracy(found: Backtest, asked: Sequence[Run]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("AHEAD", justify="right")
    table.add_column("MODEL", no_wrap=True)
    for name in _HEADS:
        table.add_column(name, justify="right")
    for step in found.steps():
        told = {run.model: found.summary(run, step) for run in asked}
        best = [_least([pick(one) for one in told.values()]) for pick in _RATIOS]
        for i, (model, one) in enumerate(told.items()):
            ahead = f"{step} min" if i == 0 else ""
            table.add_row(ahead, model, *_cells(one, best))
        if len(told) > 1 and step != found.steps()[-1]:
            table.add_row()
    return table


_RATIOS: tuple[Callable[[Summary], float], ...] = (
    lambda one: one.wape,
    lambda one: one.pinball[1],
    lambda one: one.pinball[2],
)


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _cells(one: Summary, best: Sequence[float]) -> Iterator[Text]:
    ratios = [
        Text(figure(pick(one), ".3f", NONE_SIGN), "bold green" if pick(one) == least else "")
        for pick, least in zip(_RATIOS, best, strict=True)
    ]
    yield ratios[0]
    yield Text(figure(one.bias, "+.1%", NONE_SIGN), "dim")
    yield from ratios[1:]
    yield from (Text(figure(share, ".3f", NONE_SIGN)) for share in one.coverage[1:])
    covered = one.ramp_coverage[2]
    yield Text(figure(covered, ".2f", NONE_SIGN), "" if one.ramps else "dim")


def _costs(asked: Sequence[Run]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("MODEL", no_wrap=True)
    for name in ("FORECASTS", "TIME", "EACH", "PEAK MEMORY"):
        table.add_column(name, justify="right")
    for run in asked:
        table.add_row(run.model, *_spent(run.cost))
    return table


def _spent(cost: Cost) -> Iterator[str]:
    yield f"{cost.forecasts:,}"
    yield f"{cost.seconds:,.1f} s"
    yield f"{1000 * cost.seconds / max(1, cost.forecasts):,.1f} ms"
    yield f"{figure(cost.memory / 1e6)} MB"


def as_json(found: Backtest, asked: Sequence[Run]) -> dict[str, object]:
    """Everything that was measured; null where a number is not known."""
    return {
        "quantiles": list(SCORED),
        "series": [
            {
                "name": course.series.name,
                "grid": course.series.grid,
                "rows": course.series.values.size,
                "origins": course.origins.size,
                "steps": list(course.steps),
            }
            for course in found.courses
        ],
        "models": [
            {
                "model": run.model,
                "seconds": round(run.cost.seconds, 3),
                "forecasts": run.cost.forecasts,
                "peakMemory": known(run.cost.memory),
                "all": [_summary(step, found.summary(run, step)) for step in found.steps()],
                "bySeries": [
                    {"series": told.course.series.name, "step": step} | _measures(one)
                    for told in run.told
                    for step, one in told.accuracies.items()
                ],
            }
            for run in asked
        ],
    }


def _summary(step: int, one: Summary) -> dict[str, object]:
    return {
        "step": step,
        "series": one.series,
        "wapeRatio": known(one.wape),
        "bias": known(one.bias),
        "pinballRatio": [known(ratio) for ratio in one.pinball],
        "coverage": [known(share) for share in one.coverage],
        "ramps": one.ramps,
        "rampCoverage": [known(share) for share in one.ramp_coverage],
    }


def _measures(one: Accuracy) -> dict[str, object]:
    return {
        "n": one.n,
        "wape": known(one.wape),
        "bias": known(one.bias),
        "pinball": [known(loss) for loss in one.pinball],
        "coverage": [known(share) for share in one.coverage],
        "ramps": one.ramps,
        "rampsCovered": list(one.ramps_covered),
    }
