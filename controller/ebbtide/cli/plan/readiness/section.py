"""Readiness as the first section of a report, in its language."""

from collections.abc import Iterable, Iterator
from html import escape

from ebbtide.cli.plan.readiness.cells import Cells, range_cells, told_in, workload_cells
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.cli.plan.readiness.sentences import headline, missing, together, waiting
from ebbtide.cli.report.parts import listed, row
from ebbtide.cli.report.translations import Words
from ebbtide_policies.message import Message

_WORKLOAD = ("workload", "now", "peak", "when", "at_most", "carries", "first_wall")
_RANGE = ("times", "peak", "replica_hours", "money", "unserved", "missing")


def section(ready: Readiness, said: Words) -> str:
    """All of it: the answer first, then what is missing, the workloads, and the range."""
    walls = listed(said["walls"], map(said.told, _walls(ready)))
    ranges = _table(_RANGE, range_cells(ready), said) if len(ready.ranges) > 1 else ""
    left_out = listed(said["left_out"], map(said.told, ready.state.remarks))
    return (
        f"<section><h2>{escape(ready.state.namespace)}</h2>"
        f'<p class="answer">{escape(said.told(headline(ready)))}</p>{walls}'
        f"<p>{escape(said.told(together(ready)))}</p>"
        f"{_table(_WORKLOAD, workload_cells(ready), said)}{ranges}{left_out}</section>"
    )


def _walls(ready: Readiness) -> Iterator[Message]:
    """What is missing, with what to do about it; and the pods that wait for nodes."""
    for told in missing(ready):
        yield Message("{}: {} → {}", told)
    yield from waiting(ready)


def _table(names: Iterable[str], rows: Iterable[Cells], said: Words) -> str:
    heads = "".join(f"<th>{escape(said[name])}</th>" for name in names)
    told = (told_in(said, one) for one in rows)
    body = "".join(row(first, list(map(escape, rest))) for first, *rest in told)
    return f'<div class="card scroll"><table class="walls"><tr>{heads}</tr>{body}</table></div>'
