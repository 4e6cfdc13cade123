"""The course of a plan as a drawing: phases behind, demand and its forecast, the staircase."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby

import numpy as np

from ebbtide.cli.chart import Frame as Drawing
from ebbtide.cli.chart import short, ticks
from ebbtide.cli.report.changes import changes, name_of, on_page, size
from ebbtide.cli.report.columns import Columns
from ebbtide.cli.report.spans import Span, marked
from ebbtide.cli.simulation.frames import Frame
from ebbtide_policies.demand import DAY

WIDTH, HEIGHT = 1160, 380
MOST_POINTS = 1400
"""Columns of a drawing: more moments than these could not be told apart."""
_HOURS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168)
_MOST_MARKS = 12
_APART = 6
"""Pixels from one step that can be pointed at to the next."""


def course(
    frames: Sequence[Frame],
    words: Mapping[str, str],
    events: Sequence[Span] = (),
    anchor: str = "",
) -> str:
    """The drawing of one workload, as SVG text.

    With an `anchor` a step of the staircase leads to the change of that name and number.
    """
    columns = Columns(frames, MOST_POINTS)
    highest = float(np.nanmax([columns.demand, columns.desired, columns.foreseen]))
    drawing = Drawing(
        low=(frames[0].now, 0.0),
        high=(max(frames[-1].now, frames[0].now + 60), highest * 1.06),
        width=WIDTH,
        height=HEIGHT,
    )
    axes = drawing.across(ticks(0, highest * 1.06, 6), short)
    days = drawing.below(*_marks(frames[0].now, frames[-1].now, words))
    parts = (
        *_phases(drawing, frames),
        *_lines(drawing, columns),
        *marked(drawing, events),
        *(_steps(drawing, frames, anchor) if anchor else ()),
    )
    return drawing.drawn(words["course"], axes + days, *parts)


def _steps(drawing: Drawing, frames: Sequence[Frame], anchor: str) -> Iterator[str]:
    """A dot on the staircase for the largest change of every few pixels, with a link to it."""
    found: dict[int, tuple[int, Frame]] = {}
    numbered = changes(frames)
    for i in on_page(numbered):
        frame = numbered[i]
        x, _ = drawing.place((frame.now, 0.0))
        there = found.get(int(x // _APART))
        if there is None or size(frame) > size(there[1]):
            found[int(x // _APART)] = i, frame
    for i, frame in found.values():
        told = f"{frame.current:,} → {frame.desired:,} {frame.reason}"
        dot = drawing.dot((frame.now, frame.desired), "step", told)
        yield f'<a href="#{escape(name_of(anchor, i))}" tabindex="-1">{dot}</a>'


def _lines(drawing: Drawing, columns: Columns) -> Iterator[str]:
    unknown = np.isnan(columns.demand)
    demand = np.where(unknown, columns.ready, columns.demand)  # neither idle nor short there
    ready, line = columns.held(columns.ready), columns.passing(demand)
    edge = columns.corners(ready)
    yield drawing.area(edge, columns.corners(np.minimum(line, ready)), "idle")
    yield drawing.area(columns.corners(np.maximum(line, ready)), edge, "short")
    seen = np.where(np.isnan(columns.foreseen), columns.demand, columns.foreseen)
    above = np.where(unknown, demand, np.fmax(seen, columns.demand))
    yield drawing.area(columns.line(above), columns.line(demand), "foreseen")
    yield drawing.line(columns.line(columns.demand), "demand")
    yield drawing.line(columns.steps(columns.desired), "desired")


def _phases(drawing: Drawing, frames: Sequence[Frame]) -> Iterator[str]:
    """A shade behind every stretch that is not peace."""
    top = drawing.high[1]
    runs = [(phase, list(run)) for phase, run in groupby(frames, lambda frame: frame.phase.value)]
    for i, (phase, run) in enumerate(runs):
        end = runs[i + 1][1][0].now if i + 1 < len(runs) else run[-1].now
        if phase != "Peace":
            upper, lower = ([(run[0].now, y), (end, y)] for y in (top, 0.0))
            yield drawing.area(upper, lower, f"phase {phase.lower()}")


def _marks(
    start: float, end: float, words: Mapping[str, str]
) -> tuple[Sequence[float], Callable[[float], str]]:
    """The moments below the drawing, and how they are shown."""
    fits = [h * 3600.0 for h in _HOURS if (end - start) / (h * 3600.0) <= _MOST_MARKS]
    every = fits[0] if fits else (end - start) / _MOST_MARKS
    first = -(-start // every) * every
    moments = np.arange(first, end, every).tolist() or [start]
    form = words["day" if every >= DAY else "moment"]
    return moments, lambda at: form.format(datetime.fromtimestamp(at, UTC))
