"""`ebbtide timeline`: what happened across the fleet, in the order in which it did."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.reading.parse import parse_override
from ebbtide.api.timestamps import clock, epoch
from ebbtide.cli.cluster.access import Access
from ebbtide.cli.cluster.explain import STYLES
from ebbtide.cli.cluster.past import Happening, before_all, from_metrics
from ebbtide.cli.durations import seconds
from ebbtide.cli.options import grouped
from ebbtide.cli.screen import screen
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.cluster import Resource

if TYPE_CHECKING:
    from ebbtide.adapters.kubernetes.events import Occurrence

_RESCALED = {"SuccessfulRescale", "DryRunRescale"}
"""Events that tell of steps; the status tells more exactly of the latest."""


@grouped
def timeline(
    since: Annotated[str, typer.Option(metavar="DURATION", help="How far back.")] = "30m",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", metavar="NAME", help="Only this one. Default: all.")
    ] = "",
    workload: Annotated[
        str | None, typer.Option(metavar="NAMESPACE/POLICY", help="Only this one.")
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Read Ebbtide's own metrics there, for a longer past."),
    ] = None,
    *,
    access: Access,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what happened across the fleet, oldest first.

    Steps, phases, breaches, rollbacks, lost sessions, conditions that turned: from the statuses of
    the policies and from their Kubernetes events, which the API server keeps for about an hour.
    With --prometheus what came before is told to the minute.
    """
    now = time.time()
    begin, cluster = now - seconds("--since", since, 1), access.reach()
    policies = [p for p in cluster.list_policies() if namespace in ("", p.namespace)]
    if workload and not prometheus and workload not in {policy.key for policy in policies}:
        raise InvalidInput(f"{workload}: there is no such CapacityPolicy")
    events = cluster.list_events(namespace)
    known = happenings(policies, events)
    past = from_metrics(prometheus, begin, now) if prometheus else ()
    here = [one for one in past if namespace in ("", one.workload.partition("/")[0])]
    older = before_all(here, known, min((event.at for event in events), default=now))
    found = [
        one for one in (*older, *known) if one.at >= begin and workload in (None, one.workload)
    ]
    found.sort(key=lambda one: (one.at, one.workload))
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], indent=1))
        return
    words = [o for o in cluster.list_overrides() if namespace in ("", o.namespace)]
    screen().print(page(found, list(in_force(words, time.time())), since))


def happenings(policies: Sequence[Resource], events: Iterable["Occurrence"]) -> Sequence[Happening]:
    """Everything that is on record, oldest first; a step that is told of twice is there once."""
    steps = [step for policy in policies for step in _steps(policy)]
    oldest: dict[str, float] = {}
    for step in steps:
        oldest[step.workload] = min(step.at, oldest.get(step.workload, step.at))
    told = [
        Happening(event.at, event.workload, event.reason, event.note, event.warning)
        for event in events
        if event.reason not in _RESCALED
        or event.at < oldest.get(event.workload, float("inf")) - 1.0
    ]
    return sorted([*steps, *told], key=lambda one: (one.at, one.workload))


def _steps(policy: Resource) -> Iterator[Happening]:
    for made in policy.status.get("decisions", ()):
        reason, message = made.get("reason", ""), made.get("message", "")
        yield Happening(
            at=epoch(made["at"]),
            workload=policy.key,
            what=f"{made['from']:,} -> {made['to']:,}",
            why=f"{reason}: {message}" if message else reason,
            phase=made.get("phase", ""),
        )


def in_force(overrides: Iterable[Resource], now: float) -> Iterator[str]:
    """What people have said that holds now, one sentence each."""
    for found in overrides:
        try:
            said = parse_override(found.spec)
        except InvalidInput:
            continue
        if now < said.ends_at():
            until = clock(said.ends_at(), "%Y-%m-%d %H:%M")
            yield f"{found.key} holds until {until} UTC: {said.why}"


def page(found: Sequence[Happening], words: Sequence[str], since: str) -> RenderableType:
    """The happenings as a table, and below them what people have said."""
    said = [Text(f"! {word}", "yellow") for word in words]
    if not found:
        return Group(Text(f"nothing happened in the last {since}"), *said)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("UTC", no_wrap=True, style="dim")
    table.add_column("WORKLOAD", no_wrap=True)
    table.add_column("PHASE", no_wrap=True)
    table.add_column("WHAT", no_wrap=True)
    table.add_column("WHY", overflow="fold")
    for one in found:
        table.add_row(
            clock(one.at, "%d %H:%M:%S"),
            one.workload,
            Text(one.phase, STYLES.get(one.phase, "")),
            Text(one.what, "bold yellow" if one.warning else "bold"),
            one.why,
        )
    return Group(table, *([Text("")] if said else []), *said)
