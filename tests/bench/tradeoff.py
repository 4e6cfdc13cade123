"""A picture of what sparing sessions costs: SVG, written by hand."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 56, 58
INK, GREY, BLUE = "#24292f", "#8c959f", "#0969da"


class Curve(NamedTuple):
    """(name of the point, more replica-hours as a share, sessions cut off as a share)."""

    points: Sequence[tuple[str, float, float]]


def tradeoff(curve: Curve) -> str:
    """Draw the curve with the corner that is asked for: a quarter more, a tenth cut off."""
    wide = max(0.4, *(x for _, x, _ in curve.points)) * 1.05
    high = max(0.2, *(y for _, _, y in curve.points)) * 1.1
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img" '
        'aria-label="Sessions cut off against replica-hours, by deadline">'
    )
    subtitle = "An edge: 50 sessions a pod, 20 minutes each; demand falls by nine tenths in an hour"
    return "\n".join(
        [
            head,
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            _text(LEFT, 24, "What a session costs that is not cut off", size=15, weight=600),
            _text(LEFT, 42, subtitle, fill=GREY),
            *_axes(wide, high),
            *_corner(wide, high),
            *_line(curve, wide, high),
            "</svg>\n",
        ]
    )  # fmt: skip


def _at(x: float, y: float, wide: float, high: float) -> tuple[float, float]:
    across = LEFT + x / wide * (WIDTH - LEFT - RIGHT)
    return round(across, 1), round(HEIGHT - BOTTOM - y / high * (HEIGHT - TOP - BOTTOM), 1)


def _axes(wide: float, high: float) -> Iterator[str]:
    for share in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        if share <= wide:
            x, y = _at(share, 0, wide, high)
            yield f'<path d="M{x} {y}V{TOP}" stroke="#eaeef2"/>'
            yield _text(x, y + 18, f"+{share:.0%}", anchor="middle", fill=GREY)
        if share <= high:
            x, y = _at(0, share, wide, high)
            yield f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="#eaeef2"/>'
            yield _text(x - 8, y + 4, f"{share:.0%}", anchor="end", fill=GREY)
    yield _text(
        (LEFT + WIDTH) / 2,
        HEIGHT - 16,
        "more replica-hours than without; the points are deadlines",
        anchor="middle",
    )
    x, y = 18, (TOP + HEIGHT - BOTTOM) / 2
    turned = f' transform="rotate(-90 {x} {y})"'
    yield _text(x, y, "sessions cut off, of those without", anchor="middle", more=turned)


def _corner(wide: float, high: float) -> Iterator[str]:
    (left, bottom), (right, top) = _at(0, 0, wide, high), _at(0.25, 0.1, wide, high)
    box = f'x="{left}" y="{top}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    yield f'<rect {box} fill="{BLUE}" fill-opacity="0.07"/>'


def _line(curve: Curve, wide: float, high: float) -> Iterator[str]:
    spots = [_at(x, y, wide, high) for _, x, y in curve.points]
    path = " ".join(f"{x},{y}" for x, y in spots)
    yield f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
    for (x, y), (name, *_) in zip(spots, curve.points, strict=True):
        yield f'<circle cx="{x}" cy="{y}" r="4" fill="{BLUE}"/>'
        yield _text(x + 8, y - 7, name, fill=INK)


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, **more: object
) -> str:
    size, weight = more.get("size", 12), more.get("weight", 400)
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}"'
    return (
        f'<text {place} font-size="{size}" font-weight="{weight}"{more.get("more", "")}>'
        f"{words}</text>"
    )
