"""A plan as a page for a terminal: the day in rows, then what it cost and whom it failed."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.explain import STYLES
from ebbtide.cli.simulation import Frame
from ebbtide.planning.score import Score

ROWS = 24
_BAR = 22


def planned(workload: str, frames: Sequence[Frame], mine: Score, static: Score) -> RenderableType:
    """One workload: when how many replicas, and the scores beside a fleet at its peak."""
    first, last = frames[0], frames[-1]
    head = Text.assemble(
        (workload, "bold"),
        f"  {_clock(first.now)} to {_clock(last.now)} UTC  ",
        (f"peak {max(f.desired for f in frames)} replicas", "bold"),
    )
    return Group(
        head, "", _course(frames), "", scores({"ebbtide": mine, "static peak": static}), ""
    )


def _course(frames: Sequence[Frame]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("FROM")
    table.add_column("PHASE")
    for name in ("DEMAND", "DESIRED", "READY"):
        table.add_column(name, justify="right")
    table.add_column("")
    table.add_column("MOSTLY BECAUSE", style="dim")
    most = max(_demand(frames), *(float(f.desired) for f in frames))
    for part in _parts(frames):
        peak = max(part, key=lambda frame: frame.desired)
        phase = Counter(frame.phase.value for frame in part).most_common(1)[0][0]
        table.add_row(
            _clock(part[0].now),
            Text(phase, STYLES.get(phase, "")),
            f"{_demand(part):,.0f}",
            f"{peak.desired:,}",
            f"{max(f.ready for f in part):,}",
            bar(_demand(part), peak.desired, most),
            Counter(frame.reason for frame in part).most_common(1)[0][0],
        )
    return table


def _demand(frames: Sequence[Frame]) -> float:
    """The highest known demand, in replicas."""
    return max((f.demand for f in frames if not math.isnan(f.demand)), default=0.0)


def bar(demand: float, desired: float, most: float, width: int = _BAR) -> Text:
    """Demand as a full bar, the spare capacity above it as a light one."""
    full = round(width * min(demand, most) / max(most, 1e-9))
    spare = max(0, round(width * desired / max(most, 1e-9)) - full)
    return Text.assemble(("█" * full, "blue"), ("░" * spare, "cyan"))


def scores(rows: Mapping[str, Score], *, disruptions: bool = False) -> Table:
    """Scores side by side."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for name in ("HOURS", "COST", "IDLE", "SHORT", "UNSERVED", "CHANGES", "DROP/MIN"):
        table.add_column(name, justify="right")
    if disruptions:
        table.add_column("DISRUPTED", justify="right")
    for name, one in rows.items():
        cut = (f"{one.disruptions:,}",) if disruptions else ()
        table.add_row(Text(name, "bold"), *_cells(one), *cut)
    table.caption = (
        "hours: replica-hours paid for; idle: of them above demand; short: replica-minutes below"
        " it;\nunserved: the same as a share of demand; drop/min: most let go in a minute"
    ) + ("; disrupted: live sessions cut off" if disruptions else "")
    table.caption_justify = "left"
    return table


def _cells(one: Score) -> Iterable[str]:
    yield f"{one.replica_hours:,.0f}"
    yield f"{one.cost:,.2f}" if one.cost else "-"
    yield f"{one.idle:,.0f}"
    yield f"{one.shortfall:,.0f}"
    yield f"{one.unserved:.3%}"
    yield f"{one.events:,}"
    yield f"{one.largest_drop:,.0f}"


def _parts(frames: Sequence[Frame]) -> Iterable[Sequence[Frame]]:
    size = max(1, -(-len(frames) // ROWS))
    return [frames[i : i + size] for i in range(0, len(frames), size)]


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a %d %H:%M")
