"""The plant: a simulated fleet that boots, serves, carries sessions and costs money."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.windows import lowest_behind
from ebbtide_policies.lanes import Lanes


@dataclass(frozen=True, slots=True)
class BootTime:
    """A lead time that varies from pod to pod: log-normal."""

    median: float
    """Seconds; half of the pods take longer."""
    spread: float
    """Standard deviation of the logarithm: 0.5 makes the slowest pod in six 1.65 medians."""

    def draw(self, count: int, rng: np.random.Generator) -> Lanes:
        """Draw the lead times of some pods, in seconds."""
        return self.median * np.exp(self.spread * rng.standard_normal(count))


class CostFrom(StrEnum):
    """When a pod begins to cost money."""

    ASKED = "Asked"
    """From the moment it is asked for: nodes are paid while pods boot."""
    READY = "Ready"


class Pods(NamedTuple):
    """The pods of a fleet, one entry each, in the order in which they were asked for."""

    asked_at: Lanes
    """Epoch seconds."""
    ready_at: Lanes
    """Epoch seconds; in the future for a pod that boots."""
    sessions: NDArray[np.int64]
    """Live sessions on the pod."""

    def take(self, which: NDArray[np.bool_]) -> "Pods":
        """Keep some of the pods."""
        return Pods(self.asked_at[which], self.ready_at[which], self.sessions[which])

    def join(self, more: "Pods") -> "Pods":
        """Append pods."""
        return Pods(
            np.concatenate((self.asked_at, more.asked_at)),
            np.concatenate((self.ready_at, more.ready_at)),
            np.concatenate((self.sessions, more.sessions)),
        )


Victims: TypeAlias = Callable[[Pods, float, int], NDArray[np.intp]]
"""(pods, now, how many) -> the indices of the pods that go."""


def newest_first(pods: Pods, now: float, count: int) -> NDArray[np.intp]:
    """Choose as the ReplicaSet does: pods that are not ready first, then the newest.

    An approximation: the ReplicaSet compares how long pods have been ready in powers of two and
    picks at random among equals, and it looks at pod-deletion-cost and at crowded nodes before.
    """
    order = np.lexsort((-pods.asked_at, -pods.ready_at, pods.ready_at <= now))
    return order[:count]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """How a fleet behaves."""

    lead: float | BootTime = 90.0
    """Seconds from the moment a replica is asked for until it is ready."""
    session: float = 0.0
    """Mean length of a session in seconds; it ends at random (exponential). 0: no sessions."""
    cost_from: CostFrom = CostFrom.ASKED
    victims: Victims = newest_first


class Census(NamedTuple):
    """A fleet at one moment, and what has happened since the last one."""

    now: float
    asked: int
    ready: int
    paid: int
    """Pods that cost money."""
    live: int
    """Live sessions."""
    arrived: int
    ended: int
    """Sessions that ended by themselves."""
    disrupted: int
    """Sessions that were on a pod when it was removed."""
    refused: int
    """Sessions that found no ready pod."""


class Plant:
    """A fleet that moves on when it is told the time.

    Sessions arrive whenever fewer are live than demand offers, and are dealt out in turn over the
    ready pods. They end in their own time only: when demand falls faster, they outlive it for
    a while. A disrupted session that demand still offers arrives again at once.
    """

    def __init__(
        self, settings: PlantSettings, replicas: int, now: float, rng: np.random.Generator
    ) -> None:
        """Begin with `replicas` pods that are ready."""
        self.settings = settings
        self._rng = rng
        self._now = now
        self._turn = 0
        self._pods = _booting(np.full(replicas, now), now)

    @property
    def pods(self) -> Pods:
        """The pods as they are; not to be changed."""
        return self._pods

    def advance(self, now: float, asked: int, offered: float = 0.0) -> Census:
        """Move on to `now`, then ask for `asked` replicas while demand offers so many sessions.

        Raises:
            ValueError: time runs backwards, or fewer than no replicas are asked for.

        """
        if now < self._now or asked < 0:
            raise ValueError(f"can't go from {self._now} to {now} with {asked} replicas")
        ended = self._end_sessions(now - self._now)
        self._now = now
        disrupted = self._resize(asked)
        ready = np.flatnonzero(self._pods.ready_at <= now)
        missing = self._missing(offered)
        placed = self._place(missing, ready)
        paid = asked if self.settings.cost_from is CostFrom.ASKED else ready.size
        return Census(
            now=now,
            asked=asked,
            ready=ready.size,
            paid=paid,
            live=int(self._pods.sessions.sum()),
            arrived=placed,
            ended=ended,
            disrupted=disrupted,
            refused=missing - placed,
        )

    def _end_sessions(self, seconds: float) -> int:
        """End each session with the chance 1 - exp(-seconds / mean)."""
        live = self._pods.sessions
        if not self.settings.session or not seconds or not live.any():
            return 0
        over = self._rng.binomial(live, -np.expm1(-seconds / self.settings.session))
        live -= over
        return int(over.sum())

    def _resize(self, asked: int) -> int:
        """Add or remove pods; returns the sessions that were disrupted."""
        change = asked - self._pods.asked_at.size
        if change > 0:
            self._pods = self._pods.join(_booting(self._ready_at(change), self._now))
        return self._remove(-change) if change < 0 else 0

    def _ready_at(self, count: int) -> Lanes:
        lead = self.settings.lead
        if isinstance(lead, BootTime):
            return self._now + lead.draw(count, self._rng)
        return np.full(count, self._now + lead)

    def _remove(self, count: int) -> int:
        kept = np.ones(self._pods.asked_at.size, dtype=np.bool_)
        kept[self.settings.victims(self._pods, self._now, count)] = False
        if np.count_nonzero(kept) != kept.size - count:
            raise ValueError(f"{count} different pods have to be chosen")
        disrupted = int(self._pods.sessions[~kept].sum())
        self._pods = self._pods.take(kept)
        return disrupted

    def _missing(self, offered: float) -> int:
        """How many sessions demand offers beyond those that live; unknown demand offers none."""
        if not self.settings.session or np.isnan(offered):
            return 0
        return max(0, round(offered) - int(self._pods.sessions.sum()))

    def _place(self, count: int, ready: NDArray[np.intp]) -> int:
        """Deal sessions out in turn over the ready pods; returns how many found one."""
        if not count or not ready.size:
            return 0
        share, rest = divmod(count, ready.size)
        self._pods.sessions[ready] += share
        self._pods.sessions[ready[(self._turn + np.arange(rest)) % ready.size]] += 1
        self._turn = (self._turn + rest) % ready.size
        return count


def _booting(ready_at: Lanes, now: float) -> Pods:
    """Make empty pods that were asked for now."""
    count = ready_at.size
    return Pods(np.full(count, now), ready_at, np.zeros(count, dtype=np.int64))


def drive(
    plant: Plant, times: Lanes, asked: Lanes, offered: Lanes | None = None
) -> Sequence[Census]:
    """Move a plant along given replicas, one entry a moment; `offered` are sessions."""
    wanted = np.zeros(times.size) if offered is None else offered
    steps = zip(times.tolist(), asked.tolist(), wanted.tolist(), strict=True)
    return [plant.advance(now, int(count), sessions) for now, count, sessions in steps]


def ready_replicas(asked: Lanes, boot: int) -> Lanes:
    """Ready replicas for given ones, one entry a tick (lanes on the second axis).

    The plant in closed form, for one lead time of `boot` ticks and removal of the newest:
    min(asked[t - boot .. t]). What was asked for first is ready from the start.
    """
    return lowest_behind(asked, boot)
