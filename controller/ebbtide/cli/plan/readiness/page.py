"""Readiness as a page for a terminal: the walls, what is missing before them, what a peak costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ebbtide.api.timestamps import clock
from ebbtide.cli.figures import NONE_SIGN, UNKNOWN_SIGN, figure
from ebbtide.cli.plan.readiness.report import Peak, Range, Readiness
from ebbtide.planning.linting.findings import many
from ebbtide.planning.readiness.site import LIMITS, PODS, Shape
from ebbtide.planning.readiness.walls import FARTHEST, Kind, Lack

_GI = 1024.0**3
_SHOWN = ("cpu", "memory")
_NOWHERE = "no wall in sight"


def page(ready: Readiness) -> RenderableType:
    """All of it: the answer first, then the workloads, what is missing, and the range."""
    state = ready.state
    parts: list[RenderableType] = [_headline(ready), "", _workloads(ready), ""]
    parts += [*_missing(ready), ""] if ready.lacks else []
    parts += _waiting(ready)
    parts.append(_together(ready))
    if len(ready.ranges) > 1:
        parts += ["", _ranges(ready.ranges)]
    parts += [Text(f"! {remark}", "yellow") for remark in state.remarks]
    return Group(*parts, "")


def _headline(ready: Readiness) -> Text:
    said = ("ready for the planned peak", "green")
    if ready.lacks:
        said = (f"{many(len(ready.lacks), 'thing')} missing before the planned peak", "red")
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
    fleets = {fleet.workload: fleet for fleet in ready.state.site.fleets}
    for key, peak in ready.peaks.items():
        fleet, most = fleets.get(key), ready.most.get(key)
        fits = most is None or peak.replicas <= most.replicas
        table.add_row(
            key.partition("/")[2],
            f"{fleet.replicas:,}" if fleet else UNKNOWN_SIGN,
            Text(f"{peak.replicas:,}", "" if fits else "red"),
            _when(peak),
            f"{most.replicas:,}" if most else UNKNOWN_SIGN,
            figure(most.demand) if most else UNKNOWN_SIGN,
            _wall(most.lacks) if most else UNKNOWN_SIGN,
        )
    return table


def _when(peak: Peak) -> str:
    return peak.event or f"{_clock(peak.at)} of the replay"


def _missing(ready: Readiness) -> Iterator[Text]:
    """What is missing, each with what to do about it, and by when."""
    shapes = {fleet.workload: fleet.shape for fleet in ready.state.site.fleets}
    before = deadline(ready)
    for lack in ready.lacks:
        yield Text.assemble(("✗ ", "red"), (_place(lack), "bold"), f"  {found(lack, shapes)}")
        yield Text(f"  → {todo(lack)}{before}", "dim")


def found(lack: Lack, shapes: Mapping[str, Shape | None]) -> str:
    """What is missing before a wall, as a sentence."""
    if lack.kind is Kind.LIMIT:
        needed = lack.there + lack.missing
        return f"the peak needs {needed:,.0f} replicas, and {lack.there:,.0f} are allowed"
    if lack.kind is Kind.QUOTA:
        short, hard = (amount(lack.resource, much) for much in (lack.missing, lack.there))
        return f"{short} of {_called(lack.resource)} too little: {hard} are allowed"
    shape = shapes.get(lack.name)
    each = f", each {told(shape)}" if shape else ""
    return f"{many(int(lack.missing), 'pod')} would find no node{each}"


def todo(lack: Lack) -> str:
    """What to do about it."""
    if lack.kind is Kind.LIMIT:
        return f"raise spec.replicas.max of {lack.name} to {lack.there + lack.missing:,.0f}"
    if lack.kind is Kind.QUOTA:
        return (
            f"raise {_called(lack.resource)} to {amount(lack.resource, lack.there + lack.missing)}"
        )
    if lack.nodes:
        return f"add {many(lack.nodes, 'node')} like {lack.like}"
    return "no node takes such a pod: look at its requests, selector and tolerations"


def deadline(ready: Readiness) -> str:
    """By when, where an announced event says so."""
    known = [peak for peak in ready.peaks.values() if not np.isnan(peak.begins)]
    if not known:
        return ""
    first = min(known, key=lambda peak: peak.begins)
    begins = clock(first.begins, "%Y-%m-%d %H:%M")
    return f", before {begins} UTC, when the fleet begins to grow for {first.event}"


def _waiting(ready: Readiness) -> Iterator[RenderableType]:
    """The pods for which nodes have to be made, where that can be done."""
    short = {lack.name for lack in ready.lacks if lack.kind is Kind.NODES}
    for key, count in ready.new_nodes.items():
        if key not in short:
            told = f"• {many(count, 'pod')} of {key} wait until a node is made for them"
            yield Text(told, "yellow")


def _together(ready: Readiness) -> Text:
    if ready.times >= FARTHEST:
        return Text(f"All together: {_NOWHERE}.")
    return Text(
        f"All together, the cluster as it is carries up to {ready.times:.2f} times the planned "
        f"peak; then comes {_wall(ready.behind)}."
    )


def _ranges(ranges: Sequence[Range]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("TIMES", "PEAK", "REPLICA-HOURS", "COST", "UNSERVED"):
        table.add_column(name, justify="right")
    table.add_column("MISSING")
    for one in ranges:
        table.add_row(
            f"{one.times:g}",
            f"{one.replicas:,}",
            f"{one.replica_hours:,.0f}",
            f"{one.cost:,.2f}" if one.cost else NONE_SIGN,
            f"{one.unserved:.3%}",
            Text("; ".join(map(_short, one.lacks)) or NONE_SIGN, "red" if one.lacks else "green"),
        )
    return table


def _short(lack: Lack) -> str:
    return f"{_place(lack)}: {amount(lack.resource, lack.missing)} {_called(lack.resource)}"


def _wall(lacks: Iterable[Lack]) -> str:
    """The walls that stand at one place."""
    return "; ".join(dict.fromkeys(map(_named, lacks))) or _NOWHERE


def _named(lack: Lack) -> str:
    return f"{_place(lack)} ({_called(lack.resource)})" if lack.kind is Kind.QUOTA else _place(lack)


def _place(lack: Lack) -> str:
    if lack.kind is Kind.QUOTA:
        return f"{lack.kind.value} {lack.name}"
    return f"{lack.kind.value} of {lack.name}" if lack.kind is Kind.LIMIT else lack.kind.value


def _called(resource: str) -> str:
    """A resource as a quota of Kubernetes calls it."""
    plain = resource.startswith(LIMITS) or resource == PODS
    return resource if plain else f"requests.{resource}"


def told(shape: Shape) -> str:
    """What one pod asks for."""
    known = [f"{amount(n, shape.asks[n])} {n}" for n in _SHOWN if shape.asks.get(n)]
    return ", ".join(known) or "with no requests"


def amount(resource: str, much: float) -> str:
    """An amount of a resource for people: memory in Gi, cores with their fraction."""
    if resource.endswith(("memory", "storage")):
        return f"{much / _GI:,.4g}Gi"
    return f"{much:,.4g}" if much < 1000 else f"{much:,.0f}"  # noqa: PLR2004


def _clock(at: float) -> str:
    return clock(at, "%a %d %H:%M")
