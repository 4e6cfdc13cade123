"""The rows as people read them: who holds what on the way down, and what it costs."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tests.bench.descent.criteria import (
    BAD_DAYS,
    TUNED,
    UNANNOUNCED,
    Board,
    Paced,
    Verdict,
    drop,
    idle,
    merits,
    short,
)
from tests.bench.descent.front import Point
from tests.bench.descent.scores import Row

GOOD, BAD = "green", "red"


def falls(rows: Board, paced: Paced, scalers: Sequence[str]) -> Table:
    """The named scenarios side by side."""
    table = _table("scaler", *("cliff: idle h", "in 60 s", "dip: short"))
    for day in BAD_DAYS:
        table.add_column(day.replace("-", " ") + ":\nin 60 s / short", justify="right")
    table.add_column("all", justify="right")
    for scaler in scalers:
        table.add_row(
            Text(scaler, "bold" if scaler.startswith("ebbtide") else ""),
            _hours(idle(rows, "cliff", scaler)),
            _went(rows, paced, ("cliff", scaler)),
            _missing(short(rows, "dip", scaler)),
            *(_both(rows, paced, (day, scaler)) for day in BAD_DAYS),
            _mark(all(merits(rows, paced, scaler).values())),
        )
    return table


def recorded(rows: Board, names: Sequence[str], scalers: Sequence[str]) -> Table:
    """The recorded falls: idle hours and shortfall."""
    table = _table("scaler", *(f"{name}\nidle h / short" for name in names))
    for scaler in scalers:
        cells = [
            f"{idle(rows, name, scaler):,.0f} / {short(rows, name, scaler):,.0f}" for name in names
        ]
        table.add_row(Text(scaler, "bold" if scaler.startswith("ebbtide") else ""), *cells)
    return table


def family(rows: Sequence[Row]) -> Table:
    """The family in sums, from the cheapest on."""
    table = _table("scaler", "idle h", "short", "in 60 s", "median s to target", "sessions cut off")
    for one in sorted(rows, key=lambda one: Point.of(one).idle):
        point, seconds = Point.of(one), one["seconds_to_target"]
        table.add_row(
            Text(point.scaler, "bold" if point.scaler.startswith("ebbtide") else ""),
            f"{point.idle:,.0f}",
            f"{point.short:,.0f}",
            f"{one['largest_drop_60s']:,.0f}",
            "-" if seconds is None else f"{seconds:,.0f}",
            f"{float(one['disrupted_sessions'] or 0.0):,.0f}",
        )
    return table


def judged(found: Sequence[Verdict]) -> Table:
    """The criteria, each reached or not."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("", "criterion", "found"):
        table.add_column(head)
    for verdict in found:
        word = Text("reached", GOOD) if verdict.reached else Text("not reached", BAD)
        table.add_row(word, verdict.says, verdict.found)
    return table


def _table(first: str, *rest: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for head in rest:
        table.add_column(head, justify="right")
    return table


def _hours(hours: float) -> Text:
    return Text(f"{hours:,.0f}", GOOD if hours <= UNANNOUNCED * TUNED else BAD)


def _missing(minutes: float) -> Text:
    return Text(f"{minutes:,.0f}", BAD if minutes > 0 else GOOD)


def _went(rows: Board, paced: Paced, where: tuple[str, str]) -> Text:
    return Text(f"{drop(rows, *where):,.0f}", GOOD if paced[where] else BAD)


def _both(rows: Board, paced: Paced, where: tuple[str, str]) -> Text:
    return Text.assemble(_went(rows, paced, where), " / ", _missing(short(rows, *where)))


def _mark(good: bool) -> Text:
    return Text("yes", GOOD) if good else Text("no", BAD)
