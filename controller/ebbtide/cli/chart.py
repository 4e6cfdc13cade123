"""A few drawings as SVG text: lines and fans over scales. Colours come from the page's classes."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

EDGE = 4
"""Pixels that a dot or a line may reach over the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where on a drawing the numbers lie, in pixels; `low` and `high` are (x, y)."""

    low: Point
    high: Point
    width: float = 560
    height: float = 230
    left: float = 48
    right: float = 12
    top: float = 10
    bottom: float = 26
    log: bool = False
    """Both scales are logarithmic."""

    def place(self, point: Point) -> Point:
        """A point in pixels."""
        x, y = (self._share(i, value) for i, value in enumerate(point))
        across, down = self.width - self.left - self.right, self.height - self.top - self.bottom
        return self.left + x * across, self.height - self.bottom - y * down

    def _share(self, axis: int, value: float) -> float:
        low, high = self.low[axis], self.high[axis]
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-12))
        return (value - low) / ((high - low) or 1.0)

    def path(self, points: Iterable[Point]) -> str:
        """A line through points, broken where one is not known."""
        parts, pen = [], "M"
        for point in points:
            if math.isnan(point[1]):
                pen = "M"
                continue
            x, y = self.place(point)
            parts.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        return "".join(parts)

    def line(self, points: Iterable[Point], kind: str) -> str:
        """A line of a class."""
        return f'<path class="{kind}" d="{self.path(points)}"/>'

    def area(self, upper: Sequence[Point], lower: Sequence[Point], kind: str) -> str:
        """What lies between two lines."""
        return f'<path class="{kind}" d="{self.path([*upper, *reversed(lower)])}Z"/>'

    def dot(self, point: Point, kind: str, told: str) -> str:
        """A dot that says something when it is pointed at."""
        x, y = self.place(point)
        return (
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
            f"<title>{escape(told)}</title></circle>"
        )

    def across(self, values: Iterable[float], show: Callable[[float], str]) -> str:
        """Lines across the drawing, with what they stand for at the left."""
        rows = []
        for value in values:
            _, y = self.place((self.low[0], value))
            rows.append(
                f'<path class="rule" d="M{self.left} {y:.1f}H{self.width - self.right}"/>'
                f'<text class="tick end" x="{self.left - 7}" y="{y + 3.5:.1f}">{show(value)}</text>'
            )
        return "".join(rows)

    def below(self, values: Iterable[float], show: Callable[[float], str]) -> str:
        """What stands below the drawing."""
        rows = []
        for value in values:
            x, _ = self.place((value, self.high[1]))
            rows.append(
                f'<text class="tick mid" x="{x:.1f}" y="{self.height - 7}">{show(value)}</text>'
            )
        return "".join(rows)

    def upright(self, x: float, kind: str) -> str:
        """A line from top to bottom."""
        at, _ = self.place((x, self.high[1]))
        return f'<path class="{kind}" d="M{at:.1f} {self.top}V{self.height - self.bottom}"/>'

    def drawn(self, name: str, *parts: str) -> str:
        """The drawing; what runs over its edges is cut off."""
        x, y = self.left - EDGE, self.top - EDGE
        width = self.width - self.left - self.right + 2 * EDGE
        height = self.height - self.top - self.bottom + 2 * EDGE
        inside = (
            f'<svg x="{x}" y="{y}" width="{width}" height="{height}" '
            f'viewBox="{x} {y} {width} {height}">'
        )
        frame, cut = parts[0], "".join(parts[1:])
        return (
            f'<svg class="chart" role="img" aria-label="{escape(name)}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}">{frame}{inside}{cut}</svg></svg>'
        )


def ticks(low: float, high: float, count: int = 4) -> Sequence[float]:
    """Round numbers between two others."""
    span = (high - low) or 1.0
    rough = 10 ** math.floor(math.log10(span / count))
    step = next(rough * times for times in (1, 2, 5, 10) if span / (rough * times) <= count)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


def short(value: float) -> str:
    """A demand in few letters: 1.2M, 34k, 560, 0.03."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
