"""The pods of a simulated fleet, and the order in which a ReplicaSet lets them go."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import Lanes


class Pods(NamedTuple):
    """The pods of a fleet, one entry each, in the order in which they were asked for."""

    number: NDArray[np.int64]
    """Counted from 0 on, never used twice."""
    asked_at: Lanes
    """Epoch seconds."""
    ready_at: Lanes
    """Epoch seconds; in the future for a pod that boots."""
    sessions: NDArray[np.int64]
    """Live sessions on the pod."""
    draining: NDArray[np.bool_]
    """Whether it is to get no new sessions."""
    cost: Lanes
    """Its pod-deletion-cost; 0 where it has none."""

    def take(self, which: NDArray[np.bool_]) -> "Pods":
        """Keep some of the pods."""
        return Pods._make(entry[which] for entry in self)

    def join(self, more: "Pods") -> "Pods":
        """Append pods."""
        return Pods._make(np.concatenate(pair) for pair in zip(self, more, strict=True))


Victims: TypeAlias = Callable[[Pods, float, int], NDArray[np.intp]]
"""(pods, now, how many) -> the indices of the pods that go."""


def newest_first(pods: Pods, now: float, count: int) -> NDArray[np.intp]:
    """Choose as the ReplicaSet does: pods that are not ready first, the cheapest, the newest.

    An approximation: the ReplicaSet compares how long pods have been ready in powers of two and
    picks at random among equals, and it looks at crowded nodes before.
    """
    order = np.lexsort((-pods.asked_at, -pods.ready_at, pods.cost, pods.ready_at <= now))
    return order[:count]


def highest_first(pods: Pods, now: float, count: int) -> NDArray[np.intp]:
    """Choose as the StatefulSet does: from the highest ordinal down."""
    return np.argsort(-pods.number)[:count]


def at_random(pods: Pods, now: float, count: int) -> NDArray[np.intp]:
    """Choose as a ReplicaSet does among equals that are as old: any; those that boot first.

    The order is a fixed shuffle of the numbers of pods, so that the same fleet loses the same pods.
    """
    shuffled = (pods.number.astype(np.uint64) + np.uint64(1)) * _SHUFFLE
    return np.lexsort((shuffled, pods.cost, pods.ready_at <= now))[:count]


_SHUFFLE = np.uint64(0x9E3779B97F4A7C15)
"""Odd and irrational enough: 2 to the 64th over the golden ratio."""


def new_pods(numbers: NDArray[np.int64], ready_at: Lanes, now: float) -> Pods:
    """Make empty pods that are asked for now."""
    count = ready_at.size
    return Pods(
        number=numbers,
        asked_at=np.full(count, now),
        ready_at=ready_at,
        sessions=np.zeros(count, dtype=np.int64),
        draining=np.zeros(count, dtype=np.bool_),
        cost=np.zeros(count),
    )
