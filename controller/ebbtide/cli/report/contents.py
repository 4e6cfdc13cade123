"""The contents of a report of many workloads: each in a row, the worst shortfall first."""

from collections.abc import Sequence
from html import escape

import numpy as np

from ebbtide.cli.chart import Frame as Drawing
from ebbtide.cli.figures import NONE_SIGN, amount, money, share
from ebbtide.cli.report.columns import Columns
from ebbtide.cli.report.planned import Planned, span
from ebbtide.cli.report.translations import Words
from ebbtide.planning.scoring.score import Score

FEW = 3
"""Workloads that are found without contents."""
ANCHOR = ":contents"
"""What the contents are named by; no workload has a colon in its name."""
_HEADS = ("course", "worst", "unserved", "peak", "replica_hours", "money", "bound")
_SUMMED = "plan"
_OF = {_SUMMED: "workload", "compare": "policy"}
"""What a row is, by the title of the report."""
_WIDTH, _HEIGHT, _EDGE, _COLUMNS = 150, 30, 2, 75


def contents(planned: Sequence[Planned], said: Words, title: str) -> str:
    """The section of all workloads; nothing, where there are few.

    With the `title` of a comparison they are policies, of which nothing is summed up.
    """
    if len(planned) <= FEW:
        return ""
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in (_OF[title], *_HEADS))
    rows = "".join(_row(one) for one in sorted(planned, key=_worst))
    name = escape(said[f"contents_{title}"])
    answer = f'<p class="answer">{escape(_answer(planned, said))}</p>' if title == _SUMMED else ""
    return (
        f'<nav id="{ANCHOR}" aria-label="{name}"><h2>{name}</h2>{answer}'
        f'<div class="card scroll"><table class="contents"><tr>{heads}</tr>{rows}</table></div>'
        "</nav>"
    )


def way_back(planned: Sequence[Planned], said: Words, title: str) -> str:
    """A link to the contents, where there are any."""
    if len(planned) <= FEW:
        return ""
    return f'<a class="back" href="#{ANCHOR}">↑ {escape(said[f"contents_{title}"])}</a>'


def _mine(one: Planned) -> Score:
    return next(iter(one.scores.values()))


def _worst(one: Planned) -> tuple[float, float]:
    mine = _mine(one)
    return -mine.worst_shortfall, -mine.shortfall


def _answer(planned: Sequence[Planned], said: Words) -> str:
    """How many workloads, when, at what cost, and how many of them fall short."""
    scores = [_mine(one) for one in planned]
    cost = sum(one.cost for one in scores)
    return said["answer_of_all"].format(
        count=len(planned),
        span=span(planned[0], said),
        hours=amount(sum(one.replica_hours for one in scores)),
        cost=said["cost"].format(money(cost)) if cost else "",
        short=sum(one.shortfall > 0 for one in scores),
    )


def _row(one: Planned) -> str:
    mine, bound = _mine(one), [*one.scores.values()][-1].replica_hours
    short = ' class="lacks"' if mine.shortfall > 0 else ""
    figures = (
        f"{max(frame.desired for frame in one.frames):,}",
        amount(mine.replica_hours),
        money(mine.cost),
        f"{mine.replica_hours / bound:.3f}" if bound else NONE_SIGN,
    )
    cells = "".join(f"<td>{escape(figure)}</td>" for figure in figures)
    lacks = "".join(
        f"<td{short}>{escape(figure)}</td>"
        for figure in (amount(mine.worst_shortfall), share(mine.unserved))
    )
    link = f'<a href="#{escape(one.anchor)}">{escape(one.workload)}</a>'
    return f"<tr><th>{link}</th><td>{_spark(one)}</td>{lacks}{cells}</tr>"


def _spark(one: Planned) -> str:
    """The course in a few pixels; the drawing of the section has its figures."""
    columns = Columns(one.frames, _COLUMNS)
    last = max(one.frames[-1].now, one.frames[0].now + 60)
    drawing = Drawing(
        low=(one.frames[0].now, 0.0),
        high=(last, float(np.nanmax([columns.demand, columns.desired])) or 1.0),
        left=_EDGE,
        right=_EDGE,
        top=_EDGE,
        bottom=_EDGE,
        width=_WIDTH,
        height=_HEIGHT,
    )
    desired = columns.steps(columns.desired)
    return (
        f'<svg class="chart spark" aria-hidden="true" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        + drawing.area(desired, [(at, 0.0) for at, _ in desired], "idle")
        + drawing.line(columns.line(columns.demand), "demand")
        + drawing.line(desired, "desired")
        + "</svg>"
    )
