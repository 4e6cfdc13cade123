"""Readiness as a page for a terminal: the walls, what is missing before them, what a peak costs."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.plan.readiness.cells import range_cells, told_in, workload_cells
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.cli.plan.readiness.sentences import headline, missing, together, waiting
from ebbtide.cli.report.translations import Words


def page(ready: Readiness, said: Words) -> RenderableType:
    """All of it: the answer first, then the workloads, what is missing, and the range."""
    state = ready.state
    parts: list[RenderableType] = [_headline(ready, said), "", _workloads(ready, said), ""]
    parts += [*_missing(ready, said), ""] if ready.lacks else []
    parts += [Text(f"• {said.told(one)}", "yellow") for one in waiting(ready)]
    parts.append(Text(said.told(together(ready))))
    if len(ready.ranges) > 1:
        parts += ["", _ranges(ready, said)]
    parts += [Text(f"! {said.told(remark)}", "yellow") for remark in state.remarks]
    return Group(*parts, "")


def _headline(ready: Readiness, said: Words) -> Text:
    told = said.told(headline(ready)), "red" if ready.lacks else "green"
    return Text.assemble((ready.state.namespace, "bold"), "  ", told)


def _workloads(ready: Readiness, said: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(said["head_workload"], no_wrap=True)
    for name in ("head_now", "head_peak"):
        table.add_column(said[name], justify="right")
    table.add_column(said["head_when"])
    for name in ("head_at_most", "head_carries"):
        table.add_column(said[name], justify="right")
    table.add_column(said["head_first_wall"], style="dim")
    for cells, peak in zip(workload_cells(ready), ready.peaks.values(), strict=True):
        row, most = told_in(said, cells), ready.most.get(peak.workload)
        fits = most is None or peak.replicas <= most.replicas
        table.add_row(*row[:2], Text(row[2], "" if fits else "red"), *row[3:])
    return table


def _missing(ready: Readiness, said: Words) -> Iterator[Text]:
    """What is missing, each with what to do about it, and by when."""
    for place, what, todo in (map(said.told, each) for each in missing(ready)):
        yield Text.assemble(("✗ ", "red"), (place, "bold"), f"  {what}")
        yield Text(f"  → {todo}", "dim")


def _ranges(ready: Readiness, said: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("head_times", "head_peak", "head_hours", "head_cost", "head_unserved"):
        table.add_column(said[name], justify="right")
    table.add_column(said["head_missing"])
    for cells, one in zip(range_cells(ready), ready.ranges, strict=True):
        row = told_in(said, cells)
        table.add_row(*row[:-1], Text(row[-1], "red" if one.lacks else "green"))
    return table
