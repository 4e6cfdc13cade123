"""Announced events on a drawing: where each begins and ends, and names that stay legible."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from rich.cells import cell_len

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.cli.chart import Frame as Drawing

_CELL, _ROW, _BESIDE = 7.0, 13.0, 5.0
"""Pixels: a letter of a name, a row of names, from a line to the name beside it."""


class Span(NamedTuple):
    """An event that was announced."""

    name: str
    start: float
    end: float


def spans_of(events: Iterable[ExpectedEvent]) -> Sequence[Span]:
    """The same of some events."""
    return [Span(one.name, one.start, one.end) for one in events]


def marked(drawing: Drawing, events: Iterable[Span]) -> Iterator[str]:
    """Where announced events begin and end, with their names."""
    (first, _), (last, _) = drawing.low, drawing.high
    taken: list[float] = []
    for event in sorted(events, key=lambda one: one.start):
        if event.start < last and event.end > first:
            edges = (at for at in (event.start, event.end) if first <= at <= last)
            yield "".join(drawing.upright(at, "event") for at in edges)
            yield _named(drawing, event, taken)


def _named(drawing: Drawing, event: Span, taken: list[float]) -> str:
    """The name in the first row that has room for it; `taken` is where the names of each end."""
    x, y = drawing.place((max(event.start, drawing.low[0]), drawing.high[1]))
    width = _CELL * cell_len(event.name)
    leftwards = x + _BESIDE + width > drawing.width - drawing.right
    begin = x - _BESIDE - width if leftwards else x + _BESIDE
    row = next((i for i, end in enumerate(taken) if end <= begin), len(taken))
    taken[row : row + 1] = [begin + width + _BESIDE]
    kind, at = ("tick end", x - _BESIDE) if leftwards else ("tick", begin)
    down = y + 12 + _ROW * row
    return f'<text class="{kind}" x="{at:.1f}" y="{down:.1f}">{escape(event.name)}</text>'
