"""The picture of docs/forecast.md: errors against minutes ahead, a line for each model."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from tests.bench.svg import OURS, opened, text

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 130, 56, 56
LOWEST, HIGHEST = 0.45, 1.65
"""Errors over those of persistence that are drawn. A line that is beyond at half of its steps and
more is left out."""
DOT = 3.5
LETTERS = 15.0
"""The height of a line of letters."""
COLOURS = ("#d1495b", "#d98a1b", "#3d6fb6", "#8a5aa8", "#5f8a3a", "#a0522d")
PLAIN = "#7a8794"

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
        *opened(WIDTH, HEIGHT, title, LEFT),
        f'<clipPath id="inside"><rect y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/></clipPath>',
        *_grid(steps),
    ]
    for name in (*others, ours):
        parts += _line(name, inside[name], steps, colours[name])
    ends = {name: _at(max(line), line[max(line)], steps)[1] for name, line in inside.items()}
    for name, y in _apart(ends).items():
        x = WIDTH - RIGHT + 10
        parts.append(f'<text x="{x}" y="{y + 4:.1f}" fill="{colours[name]}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _at(step: int, error: float, steps: Sequence[int]) -> tuple[float, float]:
    first, last = np.log(steps[0]), np.log(steps[-1])
    across = (np.log(step) - first) / (last - first) * (WIDTH - LEFT - RIGHT)
    up = (error - LOWEST) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)
    return float(LEFT + across), float(HEIGHT - BOTTOM - up)


def _grid(steps: Sequence[int]) -> Iterator[str]:
    for step in steps:
        x, _ = _at(step, LOWEST, steps)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield text(x, HEIGHT - BOTTOM + 18, str(step), "quiet small", "middle")
    for error in (0.5, 0.75, 1.0, 1.25, 1.5):
        _, y = _at(steps[0], error, steps)
        kind = "even" if error == 1 else "grid"
        yield f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield text(LEFT - 8, y + 4, f"{error:g}", "quiet small", "end")
    words = "minutes ahead; 1 is persistence, below is better"
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, words, "quiet", "middle")


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
