"""The picture of docs/forecast.md: errors against minutes ahead, a line for each model."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 130, 56, 56
LOWEST, HIGHEST = 0.45, 1.65
"""Errors over those of persistence that are drawn. A line that is beyond at half of its steps and
more is left out."""
DOT = 3.5
LETTERS = 15.0
"""The height of a line of letters."""
OURS = "#0a8f6a"
COLOURS = ("#d1495b", "#d98a1b", "#3d6fb6", "#8a5aa8", "#5f8a3a", "#a0522d")
PLAIN = "#7a8794"
STYLE = """
  .page { fill: #ffffff } .ink { fill: #1d2733 } .quiet { fill: #5b6773 }
  .grid { stroke: #dfe4e8; stroke-width: 1 } .even { stroke: #7a8794; stroke-dasharray: 4 3 }
  text { font: 13px system-ui, sans-serif }
  .title { font-size: 17px; font-weight: 600 } .small { font-size: 11.5px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #12181f } .ink { fill: #e6edf3 } .quiet { fill: #9aa7b3 }
    .grid { stroke: #2b343d }
  }
"""

Line = Mapping[int, float]


def draw(lines: Mapping[str, Line], title: str) -> str:
    """The lines of models; the first is ours, and on top."""
    inside = {n: line for n, line in lines.items() if np.median([*line.values()]) < HIGHEST}
    inside.pop("Persistence", None)  # it is one by definition
    steps = sorted({step for line in inside.values() for step in line})
    ours, *others = inside
    colours = {ours: OURS} | {
        name: COLOURS[i] if i < len(COLOURS) else PLAIN for i, name in enumerate(others)
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<clipPath id="inside"><rect y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/></clipPath>',
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text class="ink title" x="{LEFT}" y="30">{escape(title)}</text>',
        *_grid(steps),
    ]
    for name in (*others, ours):
        parts += _line(name, inside[name], steps, colours[name])
    ends = {name: _at(max(line), line[max(line)], steps)[1] for name, line in inside.items()}
    for name, y in _apart(ends).items():
        parts.append(_text(WIDTH - RIGHT + 10, y + 4, escape(name), f'fill="{colours[name]}"'))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _at(step: int, error: float, steps: Sequence[int]) -> tuple[float, float]:
    first, last = np.log(steps[0]), np.log(steps[-1])
    across = (np.log(step) - first) / (last - first) * (WIDTH - LEFT - RIGHT)
    up = (error - LOWEST) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)
    return float(LEFT + across), float(HEIGHT - BOTTOM - up)


def _grid(steps: Sequence[int]) -> Iterator[str]:
    quiet = 'class="quiet small"'
    for step in steps:
        x, _ = _at(step, LOWEST, steps)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield _text(x, HEIGHT - BOTTOM + 18, str(step), quiet, "middle")
    for error in (0.5, 0.75, 1.0, 1.25, 1.5):
        _, y = _at(steps[0], error, steps)
        kind = "even" if error == 1 else "grid"
        yield f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(LEFT - 8, y + 4, f"{error:g}", quiet, "end")
    words = "minutes ahead; 1 is persistence, below is better"
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, words, 'class="quiet"', "middle")


def _line(name: str, line: Line, steps: Sequence[int], colour: str) -> Iterator[str]:
    places = [_at(step, error, steps) for step, error in line.items()]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    width = 3 if colour == OURS else 1.8
    stroke = f'stroke="{colour}" stroke-width="{width}"'
    yield f'<polyline clip-path="url(#inside)" points="{way}" fill="none" {stroke}/>'
    for (x, y), (step, error) in zip(places, line.items(), strict=True):
        said = f"<title>{escape(name)}, {step} min: {error:.2f}</title>"
        if error < HIGHEST:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT}" fill="{colour}">{said}</circle>'


def _apart(ends: Mapping[str, float]) -> Mapping[str, float]:
    """Where the names of lines go: beside their ends, but none over another."""
    found: dict[str, float] = {}
    lowest = float("-inf")
    for name, y in sorted(ends.items(), key=lambda end: end[1]):
        lowest = found[name] = max(y, lowest + LETTERS)
    return found


def _text(x: float, y: float, words: str, more: str, anchor: str = "start") -> str:
    return f'<text {more} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
