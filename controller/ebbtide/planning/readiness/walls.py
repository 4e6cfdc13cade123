"""What a cluster can carry: the walls before a planned peak, and how far it is to the first.

A wall is a limit of a policy, a quota, or the room on nodes, with what node pools may still make.
Pods are packed the way a scheduler does it, one kind after the other, the narrowest first: what is
found to fit does fit, while a cleverer packing of different pods might fit some more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from ebbtide.planning.readiness.site import PODS, Amounts, Node, Shape, Site
from ebbtide_policies.lanes import UNLIMITED

FARTHEST = 64.0
"""Multiples of a planned peak beyond which nobody looks for a wall."""
_HAIR = 1e-9


class Kind(StrEnum):
    """What stands before a fleet."""

    LIMIT = "replicas.max"
    QUOTA = "ResourceQuota"
    NODES = "nodes"


class Lack(NamedTuple):
    """What is missing before one wall."""

    kind: Kind
    name: str
    """The quota, or the workload."""
    resource: str
    """What of: `cpu`, `limits.memory`, `pods`; of nodes and limits always `pods`."""
    missing: float
    there: float
    """How much there is in all: the hard limit; of pods, those that fit."""
    like: str = ""
    """Of nodes: the one of which more would do."""
    nodes: int = 0
    """So many of these."""


def lacks(site: Site, wanted: Mapping[str, int]) -> Sequence[Lack]:
    """What is missing for so many replicas of each workload; those not named stay as they are.

    A fleet that is to shrink makes no room for others: it may not have shrunk when they grow.
    """
    return [*_limits(site, wanted), *_quotas(site, wanted), *_homeless(site, wanted)]


def together(site: Site, peak: Mapping[str, int]) -> tuple[float, Sequence[Lack]]:
    """The largest multiple of a planned peak that fits, in hundredths, and what stands behind it.

    `FARTHEST`, and nothing, where no wall is in sight.
    """

    def grown(hundredths: int) -> Sequence[Lack]:
        times = hundredths / 100
        return lacks(site, {key: int(np.ceil(n * times - _HAIR)) for key, n in peak.items()})

    most = _last(lambda at: not grown(at), round(FARTHEST * 100))
    return most / 100, () if most == round(FARTHEST * 100) else grown(most + 1)


def alone(site: Site, peak: Mapping[str, int], workload: str) -> tuple[int, Sequence[Lack]]:
    """The most replicas of one workload beside the planned peak of the others, and what stops it.

    What is missing for the others is none of its own.
    """
    fleet = next(one for one in site.fleets if one.workload == workload)
    others = {key: n for key, n in peak.items() if key != workload}
    before = {(lack.kind, lack.name, lack.resource): lack.missing for lack in lacks(site, others)}

    def grown(replicas: int) -> Sequence[Lack]:
        found = lacks(site, others | {workload: replicas})
        return [
            lack
            for lack in found
            if lack.missing > before.get((lack.kind, lack.name, lack.resource), 0.0) + _HAIR
        ]

    most = _last(lambda at: not grown(at), fleet.most)
    return most, grown(most + 1)


def _last(fits: Callable[[int], bool], most: int) -> int:
    """The last number up to `most` that fits, where what is more never fits sooner."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _limits(site: Site, wanted: Mapping[str, int]) -> Iterator[Lack]:
    for fleet in site.fleets:
        over = wanted.get(fleet.workload, 0) - fleet.most
        if over > 0:
            yield Lack(Kind.LIMIT, fleet.workload, PODS, float(over), float(fleet.most))


def _quotas(site: Site, wanted: Mapping[str, int]) -> Iterator[Lack]:
    more = [
        (fleet.shape.asks, max(0, wanted.get(fleet.workload, 0) - fleet.pods))
        for fleet in site.fleets
        if fleet.shape
    ]
    for quota in site.quotas:
        for resource, hard in quota.hard.items():
            added = sum(asks.get(resource, 0.0) * count for asks, count in more)
            missing = quota.used.get(resource, 0.0) + added - hard
            if added > 0 and missing > _HAIR * max(1.0, hard):
                yield Lack(Kind.QUOTA, quota.name, resource, missing, hard)


def _homeless(site: Site, wanted: Mapping[str, int]) -> Iterator[Lack]:
    """The pods that find no node, neither one that is there nor one that may be made."""
    shapes = {fleet.workload: fleet.shape for fleet in site.fleets if fleet.shape}
    pools = [dict(pool.free) for pool in site.pools]
    for workload, homeless in on_new_nodes(site, wanted).items():
        left, shape = homeless, shapes[workload]
        for pool in pools:
            left -= _put(pool, shape.requests, left, unnamed=UNLIMITED)
        if left:
            like, each = _roomiest(site.nodes or (), shape)
            nodes = int(np.ceil(left / each)) if each else 0
            there = wanted[workload] - left
            yield Lack(Kind.NODES, workload, PODS, float(left), float(there), like, nodes)


def on_new_nodes(site: Site, wanted: Mapping[str, int]) -> Mapping[str, int]:
    """The pods of each workload that no node has room for: a node has to be made for them.

    First come the pods that fit on the fewest nodes, then those of which the least fit. Nodes that
    can't be read limit nothing.
    """
    if site.nodes is None:
        return {}
    nodes, found = site.nodes, {}
    free = {node.name: dict(node.free) for node in nodes}
    known = [(fleet, fleet.shape) for fleet in site.fleets if fleet.shape]
    for fleet, shape in sorted(known, key=lambda one: _order(one[1], nodes)):
        left = max(0, wanted.get(fleet.workload, 0) - fleet.placed)
        for node in _allowed(shape, nodes):
            left -= _put(free[node.name], shape.requests, left)
        if left:
            found[fleet.workload] = left
    return found


def _order(shape: Shape, nodes: Iterable[Node]) -> tuple[int, float]:
    rooms = [_room(node.all, shape.requests) for node in _allowed(shape, nodes)]
    return len(rooms), sum(rooms)


def _allowed(shape: Shape, nodes: Iterable[Node]) -> Iterator[Node]:
    return (node for node in nodes if shape.nodes is None or node.name in shape.nodes)


def _put(free: dict[str, float], requests: Amounts, count: int, unnamed: float = 0.0) -> int:
    """Take the room for as many of `count` pods as fit; returns how many."""
    fits = int(min(count, _room(free, requests, unnamed)))
    for name in free:
        free[name] -= fits * requests.get(name, 0.0)
    return fits


def _room(free: Amounts, requests: Amounts, unnamed: float = 0.0) -> float:
    """How many pods fit; of a resource that `free` does not name there is `unnamed`."""
    asked = [(free.get(name, unnamed), much) for name, much in requests.items() if much > 0]
    fits = [np.floor(there / much + _HAIR) for there, much in asked]
    return float(max(0.0, min(fits, default=UNLIMITED)))


def _roomiest(nodes: Iterable[Node], shape: Shape) -> tuple[str, int]:
    """The node that takes most of these pods when it is empty, and how many."""
    known = [(_room(node.all, shape.requests), node.name) for node in _allowed(shape, nodes)]
    each, like = max(known, default=(0.0, ""))
    return (like, int(each)) if 0 < each < UNLIMITED else ("", 0)
