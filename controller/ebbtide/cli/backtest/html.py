"""A backtest as a page of its own: how good each model was, and its forecasts over the truth."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from ebbtide.cli.backtest.fans import drawn
from ebbtide.cli.backtest.runs import YARDSTICK, Backtest, Cost, Run
from ebbtide.cli.chart import Frame
from ebbtide.cli.figures import NONE_SIGN, figure
from ebbtide.forecast.evaluation.accuracy import Summary
from ebbtide_policies.quantities import many

COLOURS = 10
_DEEPEST = 1000.0
"""How many times the lowest point of a scale the highest is: what is below lies on its edge."""
_MARKS = tuple(digit * 10.0**power for power in range(-4, 6) for digit in (1, 2, 5))
Pick = Callable[[Summary], float]
_RATIOS: dict[str, Pick] = {
    "WAPE of the median": lambda one: one.wape,
    "Pinball loss at 0.9": lambda one: one.pinball[1],
    "Pinball loss at 0.99": lambda one: one.pinball[2],
}
_DRAWN = ("WAPE of the median", "Pinball loss at 0.99")
_COVERS: dict[str, tuple[float, Pick]] = {
    "Coverage of q0.9": (0.9, lambda one: one.coverage[1]),
    "Coverage of q0.99": (0.99, lambda one: one.coverage[2]),
    "Coverage of q0.99 on ramps": (0.99, lambda one: one.ramp_coverage[2]),
}


def report(found: Backtest, asked: Sequence[Run]) -> str:
    """The whole page; it names nothing outside of itself."""
    template = Template(files("ebbtide.cli.backtest").joinpath("page.html").read_text("utf-8"))
    featured = next((run for run in asked if run.model != YARDSTICK), asked[0])
    return template.substitute(
        about=escape(_about(found)),
        overview="".join(_overview(found, asked, name) for name in _DRAWN if found.steps()),
        legend="".join(
            f'<span class="m{i % COLOURS}">{escape(run.model)}</span>'
            for i, run in enumerate(asked)
        ),
        numbers="".join(_numbers(found, asked)),
        featured=escape(featured.model),
        switch="".join(_switch(asked, featured)),
        fans="".join(drawn(asked, featured)),
    )


def _about(found: Backtest) -> str:
    courses = found.courses
    origins = many(sum(course.origins.size for course in courses), "origin")
    first = min(course.series.moment(int(course.origins[0])) for course in courses)
    last = max(course.series.moment(int(course.origins[-1])) for course in courses)
    days = {round(c.limit * c.series.grid / 86400) for c in courses}
    return (
        f"{len(courses)} series, {origins} from {_day(first)} to {_day(last)}; each model "
        f"was handed at most {max(days)} days of history, none of it later than the origin."
    )


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y").lstrip("0")


def _overview(found: Backtest, asked: Sequence[Run], name: str) -> str:
    """One measure of all models over the minutes ahead."""
    steps, pick = found.steps(), _RATIOS[name]
    curves = [[(step, pick(found.summary(run, step))) for step in steps] for run in asked]
    told = [y for curve in curves for _, y in curve if not math.isnan(y)]
    high = max((*told, 1.5)) * 1.15
    low = max(min((*told, 0.5)) / 1.15, high / _DEEPEST)
    frame = Frame(low=(steps[0], low), high=(max(steps[-1], steps[0] + 1), high), log=True)
    marks = [mark for mark in _MARKS if low <= mark <= high]
    axes = frame.across(marks, "{:g}".format) + frame.below(steps, "{:g}".format)
    lines = "".join(
        f'<g class="m{i % COLOURS}">{frame.line([(x, max(y, low)) for x, y in curve], "curve")}'
        + "".join(
            frame.dot((x, max(y, low)), "dot", f"{run.model}, {x} min: {y:.3f}")
            for x, y in curve
            if not math.isnan(y)
        )
        + "</g>"
        for i, (run, curve) in enumerate(zip(asked, curves, strict=True))
    )
    even = frame.line([(steps[0], 1.0), (steps[-1], 1.0)], "one")
    title = f"<h3>{escape(name)}, ratio to persistence</h3>"
    return f'<figure class="card">{title}{frame.drawn(name, axes, even, lines)}</figure>'


def _numbers(found: Backtest, asked: Sequence[Run]) -> Iterator[str]:
    """A table a measure: models down, minutes ahead across; the last says what it cost."""
    for name, pick in _RATIOS.items():
        yield _table(found, asked, name, pick, lambda v, best: (_ratio_tone(v), v == best))
    for name, (aim, pick) in _COVERS.items():
        tone = _cover_tone(aim)
        yield _table(found, asked, name, pick, lambda v, _, tone=tone: (tone(v), False))
    yield _cost(asked)


def _table(
    found: Backtest,
    asked: Sequence[Run],
    name: str,
    pick: Pick,
    look: Callable[..., tuple[str, bool]],
) -> str:
    steps = found.steps()
    rows = [[pick(found.summary(run, step)) for step in steps] for run in asked]
    least = [min(column) for column in zip(*rows, strict=True)]
    heads = "".join(f"<th>{step}</th>" for step in steps)
    body = "".join(
        _row(i, run.model, [_cell(v, *look(v, least[j])) for j, v in enumerate(row)])
        for i, (run, row) in enumerate(zip(asked, rows, strict=True))
    )
    return (
        f'<div class="card scroll"><h3>{escape(name)}</h3><table><tr><th>minutes ahead</th>{heads}'
        f"</tr>{body}</table></div>"
    )


def _row(i: int, model: str, cells: Sequence[str]) -> str:
    return f'<tr><th class="key m{i % COLOURS}">{escape(model)}</th>{"".join(cells)}</tr>'


def _cell(value: float, style: str, best: bool) -> str:
    if math.isnan(value):
        return f"<td>{NONE_SIGN}</td>"
    marked = ' class="best"' if best else ""
    return f'<td{marked} style="background:{style}">{value:.3f}</td>'


def _ratio_tone(ratio: float) -> str:
    strength = 0.0 if math.isnan(ratio) else min(1.0, abs(math.log(max(ratio, 1e-9))))
    return f"rgb(var(--{'good' if ratio < 1 else 'bad'})/{0.5 * strength:.2f})"


def _cover_tone(aim: float) -> Callable[[float], str]:
    """How far below its aim a coverage is, as a colour."""

    def tone(share: float) -> str:
        missing = 0.0 if math.isnan(share) else (1 - share) / (1 - aim)
        strength = min(1.0, abs(math.log2(max(missing, 0.25))) / 4)
        return f"rgb(var(--{'bad' if missing > 1 else 'good'})/{0.5 * strength:.2f})"

    return tone


def _cost(asked: Sequence[Run]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in ("forecasts", "seconds", "ms each", "peak MB"))
    body = "".join(
        _row(i, run.model, [f"<td>{cell}</td>" for cell in _spent(run.cost)])
        for i, run in enumerate(asked)
    )
    table = f"<table><tr><th></th>{heads}</tr>{body}</table>"
    return f'<div class="card scroll"><h3>Cost</h3>{table}</div>'


def _spent(cost: Cost) -> Iterator[str]:
    yield f"{cost.forecasts:,}"
    yield f"{cost.seconds:,.1f}"
    yield f"{1000 * cost.seconds / max(1, cost.forecasts):,.1f}"
    yield figure(cost.memory / 1e6)


def _switch(asked: Sequence[Run], featured: Run) -> Iterator[str]:
    for i, run in enumerate(asked):
        pressed = "true" if run is featured else "false"
        yield (
            f'<button class="m{i % COLOURS}" data-model="m{i}" aria-pressed="{pressed}">'
            f"{escape(run.model)}</button>"
        )
