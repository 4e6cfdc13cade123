"""The picture of the front: an SVG that reads on light and on dark pages."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tests.bench.descent.front import Point
from tests.bench.descent.labels import Box, Label, Place, Room
from tests.bench.svg import opened, text

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 92, 150, 56, 60
MARGIN = 12
PLAIN_HPA, FINE_HPA = "#d1495b", "#d98a1b"
OTHERS = "#7a8794"


class Plane:
    """From replica-hours and replica-minutes to a place in the picture; both on log scales."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._x = _range([max(p.idle, 1.0) for p in points])
        self._y = _range([max(p.short, 1.0) for p in points])

    def at(self, idle: float, short: float) -> tuple[float, float]:
        """The place of a point."""
        across = _share(idle, self._x) * (WIDTH - LEFT - RIGHT)
        up = _share(short, self._y) * (HEIGHT - TOP - BOTTOM)
        return LEFT + across, HEIGHT - BOTTOM - up

    @property
    def grid(self) -> tuple[Sequence[float], Sequence[float]]:
        """The values at which lines are drawn."""
        return _ticks(self._x), _ticks(self._y)


def draw(
    lines: Mapping[str, tuple[str, Sequence[Point]]], points: Sequence[Point], title: str
) -> str:
    """The picture: lines by their name, each with a colour; and points that stand alone."""
    ordered = {name: sorted(line, key=lambda one: one.idle) for name, (_, line) in lines.items()}
    plane = Plane([*points, *(point for line in ordered.values() for point in line)])
    named: dict[Place, list[str]] = {}
    for point in points:
        named.setdefault(plane.at(point.idle, point.short), []).append(point.scaler)
    room = Room(Box(LEFT, TOP, WIDTH - MARGIN, HEIGHT - BOTTOM))
    for line in (*ordered.values(), *([point] for point in points)):
        room.line(_places(plane, line))
    parts = [
        *opened(WIDTH, HEIGHT, title, LEFT),
        *_grid(plane),
    ]
    for name, line in reversed(ordered.items()):
        parts += _line(plane, line, lines[name][0])
    parts += _dots(named)
    for name, line in ordered.items():
        end = plane.at(line[-1].idle, line[-1].short)
        parts += _label(room.label(end, name), "halo small", lines[name][0])
    for place, scalers in named.items():
        parts += _label(room.label(place, ", ".join(scalers)), "quiet halo small")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _grid(plane: Plane) -> Sequence[str]:
    parts = []
    for value in plane.grid[0]:
        x, _ = plane.at(value, 1e-9)
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        )
        parts.append(text(x, HEIGHT - BOTTOM + 18, f"{value:,.0f}", "quiet small", "middle"))
    for value in plane.grid[1]:
        _, y = plane.at(1e-9, value)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(text(LEFT - 8, y + 4, f"{value:,.0f}", "quiet small", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(text(middle, HEIGHT - 16, "idle, replica-hours", "quiet", "middle"))
    y = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="quiet" text-anchor="middle" transform="translate(18 {y:.0f}) rotate(-90)">'
        "shortfall, replica-minutes</text>"
    )
    return parts


def _line(plane: Plane, points: Sequence[Point], colour: str) -> Sequence[str]:
    places = _places(plane, points)
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{point.scaler}: '
        f"{point.idle:,.0f} idle, {point.short:,.0f} short</title></circle>"
        for point, (x, y) in zip(points, places, strict=True)
    ]
    return [f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2.5"/>', *dots]


def _places(plane: Plane, points: Sequence[Point]) -> Sequence[Place]:
    return [plane.at(point.idle, point.short) for point in points]


def _dots(named: Mapping[Place, Sequence[str]]) -> Iterator[str]:
    """Points that stand alone."""
    for x, y in named:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{OTHERS}"/>'


def _label(label: Label, kind: str, colour: str = "") -> Iterator[str]:
    if label.thread:
        (x, y), (to_x, to_y) = label.thread
        way = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
        yield f'<line class="thread" {way}/>'
    fill = f' fill="{colour}"' if colour else ""
    x, y = label.at
    yield f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{fill}>{label.words}</text>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    return float(np.log10(min(values) * 0.85)), float(np.log10(max(values) * 1.15))


def _share(value: float, over: tuple[float, float]) -> float:
    low, high = over
    return float(np.clip((np.log10(max(value, 1e-12)) - low) / (high - low), 0.0, 1.0))


def _ticks(over: tuple[float, float]) -> Sequence[float]:
    low, high = over
    every = [base * 10.0**power for power in range(7) for base in (1, 2, 5)]
    return [value for value in every if low <= np.log10(value) <= high]
