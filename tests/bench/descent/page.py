"""docs/descent.md and its picture: the figures are written by the bench, the words by people."""

import pathlib
from collections.abc import Sequence

from tests.bench.descent.criteria import (
    BAD_DAYS,
    Board,
    Paced,
    Verdict,
    board,
    drop,
    idle,
    merits,
    short,
)
from tests.bench.descent.criteria import OURS as SHIPPED
from tests.bench.descent.front import FINE, HPA, Point, edge
from tests.bench.descent.picture import FINE_HPA, PLAIN_HPA, draw
from tests.bench.descent.scores import Row
from tests.bench.marked_page import filled, table
from tests.bench.svg import OURS

PAGE, PICTURE = pathlib.Path("docs/descent.md"), pathlib.Path("docs/descent.svg")


def write(rows: Sequence[Row], paced: Paced, many: Sequence[Row], found: Sequence[Verdict]) -> None:
    """Write the picture, and the figures into their places on the page."""
    scalers = list(dict.fromkeys(str(one["scaler"]) for one in rows))
    blocks = {
        "falls": _falls(board(rows), paced, scalers),
        "criteria": _criteria(found),
        "family": _family(many),
    }
    PAGE.write_text(filled(PAGE.read_text(), blocks))
    points = [Point.of(one) for one in many]
    shipped = [p for p in points if p.scaler in SHIPPED]
    ours = edge([p for p in points if p.scaler.startswith("ebbtide-") and p not in shipped])
    hpa = [p for p in points if p.scaler.startswith(HPA) and not p.scaler.endswith(FINE)]
    fine = [p for p in points if p.scaler.startswith(HPA) and p.scaler.endswith(FINE)]
    rest = [p for p in points if p not in (*hpa, *fine) and not p.scaler.startswith("ebbtide")]
    lines = {
        "Ebbtide": (OURS, ours),
        "HPA, tolerance 1 %": (FINE_HPA, fine),
        "HPA, tolerance 10 %": (PLAIN_HPA, hpa),
    }
    title = "A family of falls: idle against shortfall"
    PICTURE.write_text(draw(lines, [*shipped, *rest], title))


def _falls(rows: Board, paced: Paced, scalers: Sequence[str]) -> str:
    heads = [
        "",
        "cliff: idle h",
        "gone in 60 s",
        "dip: short",
        *(d.replace("-", " ") for d in BAD_DAYS),
        "all of it",
    ]
    cells = [
        [
            f"**{scaler}**" if scaler.startswith("ebbtide") else scaler,
            f"{idle(rows, 'cliff', scaler):,.0f}",
            f"{drop(rows, 'cliff', scaler):,.0f}",
            f"{short(rows, 'dip', scaler):,.0f}",
            *(f"{drop(rows, d, scaler):,.0f} / {short(rows, d, scaler):,.0f}" for d in BAD_DAYS),
            "yes" if all(merits(rows, paced, scaler).values()) else "no",
        ]
        for scaler in scalers
    ]
    return table(heads, cells, "l" + "r" * (len(heads) - 2) + "c")


def _criteria(found: Sequence[Verdict]) -> str:
    rows = [["reached" if v.reached else "**not reached**", v.says, v.found] for v in found]
    return table(["", "asked", "found"], rows)


def _family(many: Sequence[Row]) -> str:
    shown = [one for one in many if not str(one["scaler"]).startswith(HPA)]
    rows = [
        [
            point.scaler,
            f"{point.idle:,.0f}",
            f"{point.short:,.0f}",
            f"{float(one['disrupted_sessions'] or 0.0):,.0f}",
        ]
        for point, one in sorted(
            ((Point.of(one), one) for one in shown), key=lambda each: each[0].idle
        )
    ]
    heads = ["", "idle, replica-hours", "short, replica-minutes", "sessions cut off"]
    return table(heads, rows, "lrrr")
