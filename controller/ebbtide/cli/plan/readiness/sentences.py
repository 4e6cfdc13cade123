"""What is said of readiness: what is missing, what to do about it, and how far the cluster goes."""

from collections.abc import Iterable, Iterator
from functools import reduce

import numpy as np

from ebbtide.api.timestamps import clock
from ebbtide.cli.plan.readiness.report import Readiness
from ebbtide.planning.readiness.site import LIMITS, PODS, Shape
from ebbtide.planning.readiness.walls import FARTHEST, Kind, Lack
from ebbtide_policies.message import Message

_GI = 1024.0**3
_SHOWN = ("cpu", "memory")


def headline(ready: Readiness) -> Message:
    """Whether it is ready."""
    if not ready.lacks:
        return Message("ready for the planned peak")
    if len(ready.lacks) == 1:
        return Message("1 thing missing before the planned peak")
    return Message("{:,} things missing before the planned peak", (len(ready.lacks),))


def missing(ready: Readiness) -> Iterator[tuple[Message, Message, Message]]:
    """Each wall that something is missing before: the wall, what, and what to do by when."""
    shapes = {fleet.workload: fleet.shape for fleet in ready.state.site.fleets}
    for lack in ready.lacks:
        yield _place(lack), _found(lack, shapes.get(lack.name)), _by_when(ready, todo(lack))


def _found(lack: Lack, shape: Shape | None) -> Message:
    """What is missing before a wall."""
    if lack.kind is Kind.LIMIT:
        needed = lack.there + lack.missing
        return Message(
            "the peak needs {:,.0f} replicas, and {:,.0f} are allowed", (needed, lack.there)
        )
    if lack.kind is Kind.QUOTA:
        short, hard = (amount(lack.resource, much) for much in (lack.missing, lack.there))
        return Message("{} of {} too little: {} are allowed", (short, called(lack.resource), hard))
    return Message(
        "{} would find no node, each {}", (_pods(int(lack.missing)), _asks(shape or Shape({})))
    )


def todo(lack: Lack) -> Message:
    """What to do about it."""
    needed = lack.there + lack.missing
    if lack.kind is Kind.LIMIT:
        return Message("raise spec.replicas.max of {} to {:,.0f}", (lack.name, needed))
    if lack.kind is Kind.QUOTA:
        return Message("raise {} to {}", (called(lack.resource), amount(lack.resource, needed)))
    if lack.nodes == 1:
        return Message("add 1 node like {}", (lack.like,))
    if lack.nodes:
        return Message("add {:,} nodes like {}", (lack.nodes, lack.like))
    return Message("no node takes such a pod: look at its requests, selector and tolerations")


def _by_when(ready: Readiness, what: Message) -> Message:
    """The same with the moment, where an announced event says by when."""
    known = [peak for peak in ready.peaks.values() if not np.isnan(peak.begins)]
    if not known:
        return what
    first = min(known, key=lambda peak: peak.begins)
    begins = clock(first.begins, "%Y-%m-%d %H:%M")
    return Message(
        "{}, before {} UTC, when the fleet begins to grow for {}", (what, begins, first.event)
    )


def waiting(ready: Readiness) -> Iterator[Message]:
    """The pods for which nodes have to be made, where that can be done."""
    short = {lack.name for lack in ready.lacks if lack.kind is Kind.NODES}
    for key, count in ready.new_nodes.items():
        if key not in short:
            yield Message("{} of {} wait until a node is made for them", (_pods(count), key))


def together(ready: Readiness) -> Message:
    """How far the cluster goes as it is."""
    if ready.times >= FARTHEST:
        return Message("All together: no wall in sight.")
    return Message(
        "All together, the cluster as it is carries up to {:.2f} times the planned peak; then "
        "comes {}.",
        (ready.times, wall(ready.behind)),
    )


def short(lacks: Iterable[Lack]) -> Message | None:
    """What is missing in a few words; None: nothing."""
    return _one_by_one(
        Message(
            "{}: {} {}", (_place(lack), amount(lack.resource, lack.missing), called(lack.resource))
        )
        for lack in lacks
    )


def wall(lacks: Iterable[Lack]) -> Message:
    """The walls that stand at one place."""
    return _one_by_one(dict.fromkeys(map(_named, lacks))) or Message("no wall in sight")


def _one_by_one(parts: Iterable[Message]) -> Message | None:
    told = list(parts)
    return reduce(lambda one, more: Message("{}; {}", (one, more)), told) if told else None


def _named(lack: Lack) -> Message:
    place = _place(lack)
    return Message("{} ({})", (place, called(lack.resource))) if lack.kind is Kind.QUOTA else place


def _place(lack: Lack) -> Message:
    if lack.kind is Kind.QUOTA:
        return Message("{} {}", (lack.kind.value, lack.name))
    if lack.kind is Kind.LIMIT:
        return Message("{} of {}", (lack.kind.value, lack.name))
    return Message("nodes")


def _pods(count: int) -> Message:
    return Message("1 pod") if count == 1 else Message("{:,} pods", (count,))


def called(resource: str) -> str:
    """A resource as a quota of Kubernetes calls it."""
    plain = resource.startswith(LIMITS) or resource == PODS
    return resource if plain else f"requests.{resource}"


def _asks(shape: Shape) -> str | Message:
    """What one pod asks for."""
    known = [f"{amount(n, shape.asks[n])} {n}" for n in _SHOWN if shape.asks.get(n)]
    return ", ".join(known) or Message("with no requests")


def amount(resource: str, much: float) -> str:
    """An amount of a resource for people: memory in Gi, cores with their fraction."""
    if resource.endswith(("memory", "storage")):
        return f"{much / _GI:,.4g}Gi"
    return f"{much:,.4g}" if much < 1000 else f"{much:,.0f}"  # noqa: PLR2004
