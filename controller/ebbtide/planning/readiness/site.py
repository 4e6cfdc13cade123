"""What limits the fleets of a namespace: policies' maxima, quotas, nodes, and pools of nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Amounts = Mapping[str, float]
"""Amounts of resources by name: cores, bytes, pods. What is not named is nothing."""

PODS = "pods"
LIMITS = "limits."
"""What the name of a resource begins with in a quota for limits; the others are for requests."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One pod of a workload, as quotas and schedulers see it."""

    asks: Amounts
    """By the names that quotas use: `cpu` for requests, `limits.cpu`, and one of `pods`."""
    nodes: frozenset[str] | None = None
    """The nodes that it may be on; None: all."""

    @property
    def requests(self) -> Amounts:
        """What a node has to have free for it."""
        return {name: much for name, much in self.asks.items() if not name.startswith(LIMITS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A workload as it is now."""

    workload: str
    replicas: int
    """Those that are asked for."""
    most: int
    """What its policy allows at most."""
    shape: Shape | None
    """None: nobody knows what its pods ask for, so that only its own limit stands."""
    pods: int = 0
    """Those that are there, and count against quotas."""
    placed: int = 0
    """Those that have a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The room of a node that takes new pods."""

    name: str
    all: Amounts
    """What is free when nothing runs on it."""
    free: Amounts


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota."""

    name: str
    hard: Amounts
    used: Amounts


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes that are made on demand."""

    name: str
    free: Amounts
    """What its limits still allow; a resource that is not named is not limited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that limits the fleets of a namespace."""

    fleets: Sequence[Fleet]
    quotas: Sequence[Quota] = ()
    nodes: Sequence[Node] | None = None
    """None: they can't be read, so that they limit nothing here."""
    pools: Sequence[Pool] = ()
