"""Readiness as a page for a terminal: the walls, what is missing before them, what a peak costs."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.plan.readiness.cells import range_cells, workload_cells
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.cli.plan.readiness.sentences import headline, missing, together, waiting


def page(ready: Readiness) -> RenderableType:
    """All of it: the answer first, then the workloads, what is missing, and the range."""
    state = ready.state
    parts: list[RenderableType] = [_headline(ready), "", _workloads(ready), ""]
    parts += [*_missing(ready), ""] if ready.lacks else []
    parts += [Text(f"• {told}", "yellow") for told in waiting(ready)]
    parts.append(Text(str(together(ready))))
    if len(ready.ranges) > 1:
        parts += ["", _ranges(ready)]
    parts += [Text(f"! {remark}", "yellow") for remark in state.remarks]
    return Group(*parts, "")


def _headline(ready: Readiness) -> Text:
    said = str(headline(ready)), "red" if ready.lacks else "green"
    return Text.assemble((ready.state.namespace, "bold"), "  ", said)


def _workloads(ready: Readiness) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("WORKLOAD", no_wrap=True)
    for name in ("NOW", "PEAK"):
        table.add_column(name, justify="right")
    table.add_column("WHEN")
    for name in ("AT MOST", "CARRIES"):
        table.add_column(name, justify="right")
    table.add_column("FIRST WALL", style="dim")
    for cells, peak in zip(workload_cells(ready), ready.peaks.values(), strict=True):
        row, most = list(map(str, cells)), ready.most.get(peak.workload)
        fits = most is None or peak.replicas <= most.replicas
        table.add_row(*row[:2], Text(row[2], "" if fits else "red"), *row[3:])
    return table


def _missing(ready: Readiness) -> Iterator[Text]:
    """What is missing, each with what to do about it, and by when."""
    for place, what, todo in missing(ready):
        yield Text.assemble(("✗ ", "red"), (str(place), "bold"), f"  {what}")
        yield Text(f"  → {todo}", "dim")


def _ranges(ready: Readiness) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("TIMES", "PEAK", "REPLICA-HOURS", "COST", "UNSERVED"):
        table.add_column(name, justify="right")
    table.add_column("MISSING")
    for cells, one in zip(range_cells(ready), ready.ranges, strict=True):
        row = list(map(str, cells))
        table.add_row(*row[:-1], Text(row[-1], "red" if one.lacks else "green"))
    return table
