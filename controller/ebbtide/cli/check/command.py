"""`ebbtide check`: what the API server would refuse, and what its own past speaks against."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.text import Text

from ebbtide.api.reading.manifests import Problem, load
from ebbtide.api.reading.manifests import check as problems_in
from ebbtide.cli.check.files_alone import remarks_alone
from ebbtide.cli.check.files_together import remarks_together
from ebbtide.cli.check.histories import histories
from ebbtide.cli.check.remarks import Remark, remarks_on
from ebbtide.cli.durations import seconds
from ebbtide.cli.files import read
from ebbtide.cli.models import installed
from ebbtide.cli.screen import screen
from ebbtide.cli.simulation.demand import CsvFile, PrometheusUrl
from ebbtide.errors import InvalidInput
from ebbtide.planning.linting.findings import Severity
from ebbtide_policies.quantities import many

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

_OK = ("ok", "bold green")
_WELL = "its past has nothing to say against it"


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="YAML; - is standard input.")],
    csv: CsvFile = None,
    prometheus: PrometheusUrl = None,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="With --prometheus: how much of the past to look at. Default: 28d; 366d has last "
            "year's peak in it.",
        ),
    ] = None,
    ready: Annotated[
        str | None,
        typer.Option(
            metavar="PROMQL",
            help="Replicas that were Ready, for perReplica. Default: as kube-state-metrics counts.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is found as JSON.")] = False,
) -> None:
    """Find what the API server would refuse: line, field and why.

    What files say of one another is held together: two policies of one target, an EventProfile that
    is not there, words that are about no policy. So is an objective for which too little of the
    past is read.

    With a past (--prometheus or --csv) each policy is held against its own: a max below the
    highest need, a min that was never needed, a soak longer than the ebb, a query that returns
    nothing or two series, a perReplica that nobody has seen. Exit code 1 if there is an error.

    Without one nothing is asked over the network.
    """
    texts = {name: read(name) for name in files}
    _refused(texts, as_json=as_json)
    if prometheus is None and (history or ready):
        raise InvalidInput("--history and --ready go with --prometheus URL")
    manifests = load(texts, installed())
    remarks = [*remarks_together(manifests), *remarks_alone(manifests)]
    well = many(len(texts), "file")
    if csv or prometheus:
        span = seconds("--history", history or "28d", 3600)
        past = histories(manifests, csv, prometheus, span, ready)
        remarks, well = [*remarks, *remarks_on(manifests, past)], _WELL
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in remarks], indent=1))
    else:
        _print(remarks, well)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(one.finding.severity in bad for one in remarks):
        raise typer.Exit(1)


def _refused(texts: Mapping[str, str], *, as_json: bool) -> None:
    """Tell what is wrong with the files themselves, and end there."""
    problems, console = problems_in(texts, installed()), screen()
    if problems and as_json:
        typer.echo(json.dumps([_plain(one) for one in problems], indent=1))
        raise typer.Exit(1)
    for found in problems:
        console.print(str(found), soft_wrap=True)
    if problems:
        bad, all_files = len({p.path for p in problems}), many(len(texts), "file")
        told = f" in {bad} of {all_files}" if len(texts) > 1 else ""
        console.print(Text(many(len(problems), "problem"), "bold red").append(told, "default"))
        raise typer.Exit(1)


def _plain(found: Problem) -> Mapping[str, object]:
    """A problem as a remark has it; it is of no policy that could be understood."""
    return {
        "file": found.path,
        "line": found.line,
        "policy": None,
        "field": found.field,
        "severity": Severity.ERROR.value,
        "found": found.why,
        "todo": None,
    }


def _print(remarks: Sequence[Remark], well: str) -> None:
    console = screen()
    for one in remarks:
        severity = one.finding.severity
        line = Text.assemble(f"{one.where}: ", (severity.value, _STYLES[severity]))
        console.print(line.append(f": {one.finding.found}"), soft_wrap=True)
        console.print(Text(f"    → {one.finding.todo}", "dim"), soft_wrap=True)
    counts = {kind: sum(one.finding.severity is kind for one in remarks) for kind in Severity}
    told = ", ".join(many(count, kind.value) for kind, count in counts.items() if count)
    worst = next((kind for kind, count in counts.items() if count), None)
    console.print(Text(told, _STYLES[worst]) if worst else Text.assemble(_OK, f": {well}"))
