"""Which pods of a fleet go, and which are told to take no new sessions: a pure choice.

A ReplicaSet lets go, before it looks at pod-deletion-cost, the pods that have no node, then those
that are pending, then those that are not Ready. So these are the first to be chosen, too; and where
one of them carries a session, nothing that comes after it may go. Among Ready pods the cost
decides: they go emptiest first, balanced over zones. A StatefulSet lets its highest ordinals go,
whatever they carry.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import takewhile
from typing import NamedTuple

SKEW = 1
"""By how many pods a zone may fall below its even share of what is left."""


class Rank(IntEnum):
    """How early a ReplicaSet lets a pod go, before it looks at the deletion cost."""

    UNASSIGNED = 0
    PENDING = 1
    UNREADY = 2
    READY = 3


class Pod(NamedTuple):
    """One pod as the choice needs it. At every tick a thousand of them are made anew."""

    name: str
    sessions: float
    """Live sessions; NaN where they are unknown, which counts as busy."""
    rank: Rank = Rank.READY
    zone: str = ""
    """Empty where it can't be read."""
    drains: float | None = None
    """Seconds since it was told to take no new sessions; None where it was not."""
    drained: bool = False
    """Whether it has said itself that it takes no more."""
    ordinal: int | None = None
    """Its place in a StatefulSet; None for pods that are all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a pod has to fulfil before it may go."""

    deadline: float
    """Seconds after which a pod goes with what it still carries; infinite for never."""
    settle: float
    """Seconds until the router and the metrics know of the drain label."""
    ack: bool = False
    """Whether the pod has to say itself that it takes no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The pods behind a workload, as far as they could be seen at this tick."""

    pods: Sequence[Pod] = ()
    """Those that count as replicas."""
    terminating: int = 0
    """Those that are on their way out."""
    surplus: int = 0
    """Pods beyond what is asked for: the last step is still under way."""
    foreign: str = ""
    """Who else writes pod-deletion-cost, and where; empty when nobody does."""
    unknown: str = ""
    """Why the pods or their sessions can't be seen; empty when they can."""


def may_go(pod: Pod, terms: Terms) -> bool:
    """Whether a pod may go now: it is empty and stays so, or its time is over."""
    if pod.drains is not None and pod.drains >= terms.deadline:
        return True
    if not pod.sessions <= 0:
        return False
    if pod.rank < Rank.READY:
        return True
    return pod.drains is not None and pod.drains >= terms.settle and (pod.drained or not terms.ack)


def leaving(pods: Iterable[Pod], terms: Terms) -> list[Pod]:
    """Name the pods that may go now, in the order in which they have to."""
    everyone = list(pods)
    if any(pod.ordinal is not None for pod in everyone):
        in_order = _by_ordinal(sorted(everyone, key=_by_name))
        return list(takewhile(lambda pod: may_go(pod, terms), in_order))
    ready = [pod for pod in everyone if pod.rank is Rank.READY]
    unready = [pod for pod in everyone if pod.rank < Rank.READY]
    found: list[Pod] = []
    for rank in (Rank.UNASSIGNED, Rank.PENDING, Rank.UNREADY):
        group = [pod for pod in unready if pod.rank is rank]
        free = [pod for pod in group if may_go(pod, terms)]
        found += sorted(free, key=_by_load_and_name)
        if len(free) < len(group):
            return found
    free = [pod for pod in ready if may_go(pod, terms)]
    return found + balanced(sorted(free, key=_by_name), ready, len(free))


def to_drain(pods: Iterable[Pod], count: int) -> list[Pod]:
    """Name the pods that are to take no new sessions, when so many are to go in the end.

    Those that have begun to drain stay with it, the emptiest first: so that on a rebound the
    fullest are the first to be opened again. Only a pod that is idle already takes the place of one
    that is not. Pods that are not Ready get no sessions anyway, but would if they came back.
    """
    everyone = sorted(pods, key=_by_name)
    if any(pod.ordinal is not None for pod in everyone):
        return _by_ordinal(everyone)[: max(0, count)]
    unready = sorted((p for p in everyone if p.rank < Rank.READY), key=lambda p: (p.rank, _load(p)))
    ready = [pod for pod in everyone if pod.rank is Rank.READY]
    begun = sorted((pod for pod in ready if pod.drains is not None), key=_load)
    fresh = [pod for pod in ready if pod.drains is None]
    empty = [pod for pod in begun if pod.sessions <= 0]
    chosen = [*unready, *empty]
    chosen += balanced([p for p in fresh if p.sessions <= 0], fresh, count - len(chosen))
    chosen += begun[len(empty) :]
    left = [pod for pod in fresh if not pod.sessions <= 0]
    return [*chosen, *balanced(left, fresh, count - len(chosen))][: max(0, count)]


def balanced(candidates: Sequence[Pod], fleet: Iterable[Pod], count: int) -> list[Pod]:
    """Pick the emptiest so that no zone falls far below its even share of what is left.

    `candidates` are part of `fleet`. A zone may fall below the share by `SKEW`. Where all the
    candidates are in zones that have no more to give, the emptiest goes all the same.
    """
    queues: dict[str, list[Pod]] = {}
    for pod in sorted(candidates, key=_load, reverse=True):
        queues.setdefault(pod.zone, []).append(pod)
    here = Counter(pod.zone for pod in fleet)
    chosen: list[Pod] = []
    for _ in range(min(count, len(candidates))):
        share = (here.total() - 1) // len(here) - SKEW
        open_zones = [zone for zone in queues if here[zone] > share]
        zone = min(open_zones or queues, key=lambda z: (_load(queues[z][-1]), -here[z], z))
        chosen.append(queues[zone].pop())
        here[zone] -= 1
        if not queues[zone]:
            del queues[zone]
    return chosen


def _by_ordinal(pods: Iterable[Pod]) -> list[Pod]:
    return sorted(pods, key=lambda pod: -1 if pod.ordinal is None else pod.ordinal, reverse=True)


def _by_name(pod: Pod) -> str:
    return pod.name


def _by_load_and_name(pod: Pod) -> tuple[float, str]:
    return _load(pod), pod.name


def _load(pod: Pod) -> float:
    """The sessions to sort by; those that are unknown may be many."""
    return pod.sessions if pod.sessions == pod.sessions else float("inf")
