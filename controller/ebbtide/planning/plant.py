"""The plant: a simulated fleet that boots, serves, carries sessions and costs money."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.pods import Pods, Victims, new_pods, newest_first
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """How a fleet behaves."""

    lead: float | BootTime = 90.0
    """Seconds from the moment a replica is asked for until it is ready."""
    session: float = 0.0
    """Mean length of a session in seconds; it ends at random (exponential). 0: no sessions."""
    cost_from: CostFrom = CostFrom.ASKED
    victims: Victims = newest_first
    router_drains: bool = True
    """Whether the router sends no new sessions to pods that are to drain."""
    termination: float = 0.0
    """Seconds that a pod still costs money after its removal."""


class Leaving(NamedTuple):
    """A pod on its way out: it carries nothing any more, and costs until it is gone."""

    number: int
    since: float
    until: float


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
    terminating: int = 0
    """Pods that are on their way out, and paid."""
    draining: int = 0
    """Pods that are to get no new sessions."""


class Plant:
    """A fleet that moves on when it is told the time.

    Sessions arrive whenever fewer are live than demand offers, and are dealt out in turn over the
    ready pods that don't drain; over all that are ready where every one of them does. They end in
    their own time only: when demand falls faster, they outlive it for
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
        self._pods = new_pods(0, np.full(replicas, now), now)
        self._made = replicas
        self._leaving: tuple[Leaving, ...] = ()

    @property
    def now(self) -> float:
        """The moment that it has moved on to."""
        return self._now

    @property
    def pods(self) -> Pods:
        """The pods as they are; not to be changed."""
        return self._pods

    @property
    def leaving(self) -> Sequence[Leaving]:
        """The pods that are on their way out."""
        return self._leaving

    def mark(self, number: int, *, draining: bool, cost: float) -> None:
        """Mark a pod, as labels and annotations do."""
        at = self._pods.number == number
        self._pods.draining[at], self._pods.cost[at] = draining, cost

    def advance(self, now: float, asked: int, offered: float = 0.0) -> Census:
        """Move on to `now`, then ask for `asked` replicas while demand offers so many sessions.

        Raises:
            ValueError: time runs backwards, or fewer than no replicas are asked for.

        """
        if now < self._now or asked < 0:
            raise ValueError(f"can't go from {self._now} to {now} with {asked} replicas")
        ended = self._end_sessions(now - self._now)
        self._now = now
        self._leaving = tuple(one for one in self._leaving if one.until > now)
        disrupted = self._resize(asked)
        ready = np.flatnonzero(self._pods.ready_at <= now)
        missing = self._missing(offered)
        placed = self._place(missing, self._open(ready))
        paid = asked if self.settings.cost_from is CostFrom.ASKED else ready.size
        return Census(
            now=now,
            asked=asked,
            ready=ready.size,
            paid=paid + len(self._leaving),
            live=int(self._pods.sessions.sum()),
            arrived=placed,
            ended=ended,
            disrupted=disrupted,
            refused=missing - placed,
            terminating=len(self._leaving),
            draining=int(np.count_nonzero(self._pods.draining)),
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
            self._pods = self._pods.join(new_pods(self._made, self._ready_at(change), self._now))
            self._made += change
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
        gone, until = self._pods.take(~kept), self._now + self.settings.termination
        if self.settings.termination:
            self._leaving += tuple(Leaving(n, self._now, until) for n in gone.number.tolist())
        self._pods = self._pods.take(kept)
        return int(gone.sessions.sum())

    def _missing(self, offered: float) -> int:
        """How many sessions demand offers beyond those that live; unknown demand offers none."""
        if not self.settings.session or np.isnan(offered):
            return 0
        return max(0, round(offered) - int(self._pods.sessions.sum()))

    def _open(self, ready: NDArray[np.intp]) -> NDArray[np.intp]:
        """The ready pods that get new sessions."""
        if not self.settings.router_drains:
            return ready
        found = ready[~self._pods.draining[ready]]
        return found if found.size else ready

    def _place(self, count: int, ready: NDArray[np.intp]) -> int:
        """Deal sessions out in turn over the ready pods; returns how many found one."""
        if not count or not ready.size:
            return 0
        share, rest = divmod(count, ready.size)
        self._pods.sessions[ready] += share
        self._pods.sessions[ready[(self._turn + np.arange(rest)) % ready.size]] += 1
        self._turn = (self._turn + rest) % ready.size
        return count


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
