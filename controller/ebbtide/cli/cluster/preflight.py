"""`ebbtide preflight`: what stands between a workload and Enforce, and what to do about it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.cli.cluster.access import Access, namespaced
from ebbtide.cli.cluster.metrics_sources import Sources
from ebbtide.cli.models import installed
from ebbtide.cli.options import grouped
from ebbtide.cli.screen import screen
from ebbtide.errors import ClusterUnavailable, InvalidInput
from ebbtide.loop.observing.conflicts import Claims
from ebbtide.loop.ports.cluster import Target
from ebbtide.loop.preflight.budgets_and_quotas import budget_checks, quota_checks
from ebbtide.loop.preflight.checks import Check, Verdict, preflight
from ebbtide.loop.preflight.metrics_answers import answer_checks, session_check
from ebbtide.loop.workload import Workload, WorkloadReader

if TYPE_CHECKING:
    from ebbtide.adapters.kubernetes.api_server import ApiServer
    from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
    from ebbtide.adapters.sources import MetricsSource
    from ebbtide.loop.ports.cluster import Survey

Found = Mapping[str, Sequence[Check]]
_SHOWN = {Verdict.WELL: ("✓", "green"), Verdict.LOOK: ("•", "yellow"), Verdict.STOP: ("✗", "red")}


@grouped
def command(
    policies: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAMESPACE/POLICY", help="Policies to look at. Default: all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
    *,
    sources: Sources,
    access: Access,
) -> None:
    """Say what stands between a workload and Enforce.

    What it finds comes with what to do about it. With --config or --prometheus the queries are
    asked as well. It reads and never writes. Exit code 1 if anything would stop a workload.
    """
    sight = Sight(access.reach(), access.connect(), sources.if_any())
    found = {key: list(checks) for key, checks in _looked_at(sight, policies or ())}
    if as_json:
        typer.echo(json.dumps({k: [c._asdict() for c in v] for k, v in found.items()}, indent=2))
    else:
        screen().print(page(found))
    if any(check.verdict is Verdict.STOP for checks in found.values() for check in checks):
        raise typer.Exit(1)


class Sight(NamedTuple):
    """Where this looks."""

    cluster: "KubernetesCluster"
    server: "ApiServer"
    sources: "Mapping[str, MetricsSource]"
    """Empty: queries are not asked."""


def _looked_at(sight: Sight, wanted: Sequence[str]) -> Iterable[tuple[str, Iterable[Check]]]:
    survey = sight.cluster.survey()
    there = {policy.key: policy for policy in survey.policies if not policy.deleting}
    keys = {"/".join(namespaced(one)) for one in wanted} or set(there)
    if not keys:
        raise InvalidInput("there is no CapacityPolicy to look at; `ebbtide check` looks at a file")
    missing = sorted(keys - there.keys())
    if missing:
        raise InvalidInput(f"there is no CapacityPolicy {missing[0]}")
    understood = WorkloadReader(installed()).of(there[key] for key in keys)
    for key, workload in sorted(understood.items()):
        if isinstance(workload, InvalidInput):
            yield key, [Check("spec", Verdict.STOP, str(workload), "see `ebbtide check`")]
        else:
            known, rights = _known(workload, survey), _rights(sight.cluster, workload)
            around = _around(sight, workload, survey.targets[workload.target])
            yield key, [*known, rights, *around, *_answers(sight, workload)]


def _known(workload: Workload, survey: "Survey") -> Iterable[Check]:
    return preflight(workload, survey.targets[workload.target], Claims(survey))


def _around(
    sight: Sight, workload: Workload, target: Target | ClusterUnavailable
) -> Iterable[Check]:
    """Disruption budgets and quotas, as far as whoever runs this may read them."""
    from ebbtide.adapters.kubernetes.budgets_and_quotas import budgets_and_quotas

    if not isinstance(target, Target):
        return
    try:
        budgets, quotas = budgets_and_quotas(sight.server, target)
    except ClusterUnavailable as error:
        todo = "ask somebody who may list pods, poddisruptionbudgets and resourcequotas"
        yield Check("surroundings", Verdict.LOOK, str(error), todo)
        return
    yield from budget_checks(workload, budgets)
    yield from quota_checks(workload, target.replicas, quotas)


def _answers(sight: Sight, workload: Workload) -> Iterable[Check]:
    """What the metrics sources say to every query of the workload, where one is named."""
    from ebbtide.adapters.prometheus.probe import probe

    if not sight.sources:
        todo = "name --prometheus URL, or --config FILE as the operator has it"
        yield Check("query", Verdict.LOOK, "its queries were not asked", todo)
        return
    wanted = dict.fromkeys(want.query for want in workload.wanted)
    yield from answer_checks(workload, probe(sight.sources, wanted))
    if workload.sessions and workload.sessions.query:
        asked = workload.query(workload.sessions.query, workload.source)
        for answer in probe(sight.sources, [asked]):
            yield session_check(answer, workload.sessions.label)


def _rights(cluster: "KubernetesCluster", workload: Workload) -> Check:
    """Whether whoever runs this may scale; the operator's own account may be asked with --as."""
    try:
        allowed, what = cluster.may_scale(workload.target)
    except ClusterUnavailable as error:
        return Check("rights", Verdict.STOP, str(error), "settle this first, then look again")
    if allowed:
        return Check("rights", Verdict.WELL, f"this account may {what}")
    todo = "for the operator: apply the overlay enforce, or docs/install.md for other kinds"
    return Check("rights", Verdict.LOOK, f"this account may not {what}", todo)


def page(found: Found) -> RenderableType:
    """All checks for a terminal, one table a policy."""
    return Group(*(part for key, checks in found.items() for part in (*_one(key, checks), "")))


def _one(key: str, checks: Sequence[Check]) -> Iterable[RenderableType]:
    stops = sum(check.verdict is Verdict.STOP for check in checks)
    said = ("ready for Enforce", "green") if not stops else (f"{stops} to settle first", "red")
    yield Text.assemble((key, "bold"), "  ", said)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for check in checks:
        sign, style = _SHOWN[check.verdict]
        line = Text(check.found)
        if check.next:
            line.append(f"\n→ {check.next}", style="dim")
        table.add_row(Text(sign, style), check.name, line)
    yield table
