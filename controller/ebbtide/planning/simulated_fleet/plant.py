"""The plant: a simulated fleet that boots, serves, carries sessions and costs money."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.simulated_fleet.nodes import Nodes
from ebbtide.planning.simulated_fleet.plant_settings import CostFrom, PlantSettings, drawn
from ebbtide.planning.simulated_fleet.pods import Pods, new_pods, newest_first
from ebbtide.planning.windows import lowest_behind
from ebbtide_policies.demand import HOUR
from ebbtide_policies.lanes import Lanes


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
    """Sessions that were on a pod when it was removed, or lost."""
    refused: int
    """Sessions that found no ready pod."""
    terminating: int
    """Pods that are on their way out, and paid."""
    draining: int
    """Pods that are to get no new sessions."""
    lost: int
    """Pods that were lost; others take their place at once."""

    def then(self, second: "Census") -> "Census":
        """One census of two of the same moment; who found no pod at first asked again."""
        return second._replace(
            arrived=self.arrived + second.arrived,
            ended=self.ended + second.ended,
            disrupted=self.disrupted + second.disrupted,
            lost=self.lost + second.lost,
        )


class Plant:
    """A fleet that moves on when it is told the time.

    Sessions arrive whenever fewer are live than demand offers, and are dealt out in turn over the
    ready pods that don't drain; over all that are ready where every one of them does. They end in
    their own time only: when demand falls faster, they outlive it for a while. A disrupted session
    that demand still offers arrives again at once. A pod that is lost, alone or with its zone, is
    replaced at once by one that boots.
    """

    def __init__(
        self, settings: PlantSettings, replicas: int, now: float, rng: np.random.Generator
    ) -> None:
        """Begin with `replicas` pods that are ready."""
        self.settings = settings
        self._rng = rng
        self._now = now
        self._turn = 0
        self._pods = new_pods(np.arange(replicas), np.full(replicas, now), now)
        self._made = replicas
        self._leaving: tuple[Leaving, ...] = ()
        self._nodes = Nodes(settings.nodes, replicas, now) if settings.nodes else None

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
        gone = self._struck(now)
        self._now = now
        self._leaving = tuple(one for one in self._leaving if one.until > now)
        disrupted = self._lose(gone) + self._resize(asked)
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
            lost=int(np.count_nonzero(gone)),
        )

    def _end_sessions(self, seconds: float) -> int:
        """End each session with the chance 1 - exp(-seconds / mean)."""
        live = self._pods.sessions
        if not self.settings.session or not seconds or not live.any():
            return 0
        over = self._rng.binomial(live, -np.expm1(-seconds / self.settings.session))
        live -= over
        return int(over.sum())

    def _struck(self, now: float) -> NDArray[np.bool_]:
        """Which pods are lost on the way to `now`: one by one, or with their zone."""
        settings, numbers = self.settings, self._pods.number
        gone = np.zeros(numbers.size, dtype=np.bool_)
        if settings.loss:
            chance = -np.expm1(-settings.loss * (now - self._now) / HOUR)
            gone |= self._rng.random(numbers.size) < chance
        for loss in settings.zone_losses:
            if self._now < loss.at <= now:
                there = numbers % settings.zones == loss.zone
                if self._nodes:
                    self._nodes.lose(int(np.count_nonzero(there)))
                gone |= there
        return gone

    def _lose(self, gone: NDArray[np.bool_]) -> int:
        """Take out the pods that are lost; returns the sessions on them."""
        sessions = int(self._pods.sessions[gone].sum())
        self._pods = self._pods.take(~gone)
        return sessions

    def _resize(self, asked: int) -> int:
        """Add or remove pods; returns the sessions that were disrupted."""
        change = asked - self._pods.asked_at.size
        if change > 0:
            self._add(change)
        disrupted = self._remove(-change) if change < 0 else 0
        if self._nodes:
            self._nodes.settle(asked, self._now)
        return disrupted

    def _add(self, count: int) -> None:
        """Ask for more pods; while a zone is away their numbers are those of the other ones."""
        numbers, begins = self._numbers(count)
        room = np.full(count, begins)
        if self._nodes:
            there = self._nodes.room_at(self._pods.number.size, count, self._now, self._rng)
            room = np.maximum(room, there)
        ready = room + drawn(self.settings.lead, count, self._rng)
        self._pods = self._pods.join(new_pods(numbers, ready, self._now))
        self._made = int(numbers[-1]) + 1

    def _numbers(self, count: int) -> tuple[NDArray[np.int64], float]:
        """Those of as many new pods, and the moment from which they can begin.

        Where all zones are away it is that at which the first of them is back.
        """
        zones, away, begins = self.settings.zones, self.settings.away(self._now), self._now
        if len(away) == zones:
            begins = away.pop(min(away, key=away.__getitem__))
        free = self._made + np.arange(count * zones if away else count)
        return free[~np.isin(free % zones, list(away))][:count], begins

    def _remove(self, count: int) -> int:
        kept = np.ones(self._pods.asked_at.size, dtype=np.bool_)
        choose = self.settings.victims or newest_first
        kept[choose(self._pods, self._now, count)] = False
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
