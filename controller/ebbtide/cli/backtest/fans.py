"""The fans of a backtest: for each series, what was foreseen at its worst and a typical hour."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ebbtide.cli.backtest.runs import Run, Told
from ebbtide.cli.chart import Frame, Point, short, ticks
from ebbtide.cli.figures import NONE_SIGN, figure
from ebbtide.forecast.contract import LEVELS, MINUTE, Floats
from ebbtide_policies.quantities import many

POINTS = 60
"""Points of a line at most; a fan is smooth."""
COLOURS = 10
_HIGH = LEVELS.index(0.99)


def drawn(asked: Sequence[Run], featured: Run) -> Iterator[str]:
    """A card a series, in the order that they were given."""
    for i, told in enumerate(featured.told):
        error = _errors(told)
        if np.isnan(error).all():
            continue
        worst = int(np.nanargmax(error))
        order = np.argsort(error)  # NaN sorts last
        typical = int(order[np.count_nonzero(~np.isnan(error)) // 2])
        figures = "".join(
            _figure(name, [run.told[i] for run in asked], asked.index(featured), at, error[at])
            for name, at in (("Worst", worst), ("Typical", typical))
        )
        yield (
            f'<section class="card series"><header><h3>{escape(told.course.series.name)}</h3>'
            f"<span>{_described(told)}</span></header>"
            f'<div class="grid">{figures}</div>{_by_step(asked, i)}</section>'
        )


def _errors(told: Told) -> Floats:
    """The error at each origin, over all steps, as a share of what came; NaN where not known."""
    truth = told.course.truth()
    missed, came = np.abs(told.quantiles[:, :, 0] - truth).sum(axis=1), np.abs(truth).sum(axis=1)
    usual = np.nanmean(np.abs(told.course.series.values))
    share: Floats = missed / np.maximum(came, max(0.05 * usual * truth.shape[1], 1e-9))
    return share


def _described(told: Told) -> str:
    course = told.course
    grid = course.series.grid / MINUTE
    every = "minute" if grid == 1 else f"{grid:g} minutes"
    origins = many(course.origins.size, "origin")
    return f"{course.series.values.size:,} values, one every {every}; {origins}"


def _figure(name: str, told: Sequence[Told], featured: int, at: int, error: float) -> str:
    course = told[0].course
    series, row = course.series, int(course.origins[at])
    ahead = told[0].fans.shape[2]
    before = max(0, row - 2 * ahead)
    seen = series.values[before : row + ahead + 1]
    hours = (np.arange(before, before + seen.size) - row) * series.grid / 3600
    line = list(zip(hours.tolist(), seen.tolist(), strict=True))
    top = 1.08 * float(np.nanmax([np.nanmax(seen), told[featured].fans[at, _HIGH].max()]))
    bottom = _bottom(float(np.nanmin(seen)), top)
    frame = Frame(low=(float(hours[0]), bottom), high=(ahead * series.grid / 3600, top or 1.0))
    origin = series.moment(row)
    axes = frame.across(ticks(bottom, frame.high[1]), short)
    axes += frame.below(_clock_ticks(frame), lambda hour: _clock(origin + 3600 * hour))
    fans = "".join(_fan(frame, i, one, at, i == featured) for i, one in enumerate(told))
    chart = frame.drawn(
        f"{series.name}, {name}", axes, fans, frame.upright(0, "origin"), frame.line(line, "truth")
    )
    moment = datetime.fromtimestamp(origin, UTC).strftime("%a %d %b %Y, %H:%M")
    return (
        f"<figure>{chart}<figcaption><b>{name}</b>, {moment}: the median was off by {error:.1%}"
        "</figcaption></figure>"
    )


def _bottom(low: float, top: float) -> float:
    """Zero, unless the demand is so far above it that nothing could be seen."""
    return 0.0 if low < top / 2 else low - 0.25 * (top - low)


def _fan(frame: Frame, i: int, told: Told, at: int, on: bool) -> str:
    """What one model foresaw: the median, and a shade from each quantile to the next."""
    values, series = told.fans[at], told.course.series
    now = float(series.values[int(told.course.origins[at])])
    picked = np.unique(np.linspace(0, values.shape[1] - 1, POINTS).astype(int))
    hours = (picked + 1) * series.grid / 3600
    lines = [_joined(now, hours, level[picked]) for level in values]
    shades = "".join(
        frame.area(upper, lower, f"band b{k}") for k, (lower, upper) in enumerate(pairwise(lines))
    )
    shown = " on" if on else ""
    return (
        f'<g class="fan m{i % COLOURS}{shown}" data-model="m{i}">{shades}'
        f"{frame.line(lines[0], 'median')}</g>"
    )


def _joined(now: float, hours: Floats, level: NDArray[np.float32]) -> Sequence[Point]:
    """A quantile as a line that begins at the present."""
    ahead = zip(hours.tolist(), level.astype(float).tolist(), strict=True)
    return [*([] if math.isnan(now) else [(0.0, now)]), *ahead]


def _clock_ticks(frame: Frame) -> Sequence[float]:
    """Hours from the origin that are named below a drawing."""
    return [low for low in ticks(frame.low[0], frame.high[0], 6) if low < 0.97 * frame.high[0]]


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M")


def _by_step(asked: Sequence[Run], i: int) -> str:
    """The errors on this series alone."""
    steps = list(asked[0].told[i].accuracies)
    heads = "".join(f"<th>{step}</th>" for step in steps)
    rows = "".join(
        f'<tr><th class="key m{k % COLOURS}">{escape(run.model)}</th>'
        + "".join(f"<td>{_share(run.told[i].accuracies[step].wape)}</td>" for step in steps)
        + "</tr>"
        for k, run in enumerate(asked)
    )
    table = f"<table><tr><th>WAPE, by minutes ahead</th>{heads}</tr>{rows}</table>"
    return (
        f'<details><summary>Errors on this series</summary><div class="scroll">{table}</div>'
        "</details>"
    )


def _share(wape: float) -> str:
    return figure(wape, ".2%", NONE_SIGN)
