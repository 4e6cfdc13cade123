"""Many variants of a policy over one recording: as fast as a planner needs, and exactly.

A decision depends on the one before it, so time can't simply be cut into pieces. But a fleet
forgets: whatever it was, after some hours of the same demand it is in the same state. So time is
cut into stretches that run side by side, each from a guess some hours before it. Where the guess
had not been forgotten when the stretch began, the stretch is run once more from the true state,
until every stretch begins as the one before it ended. What comes out is what one run would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ebbtide.planning.lane_demand import LaneDemand, Rows, Tables
from ebbtide.planning.lanes import Crew, Policies, State, stacked
from ebbtide.planning.seen_demand import SeenDemand
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Demand

LANES = 8192
"""Lanes that run side by side: more of them would not make a tick any cheaper for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A workload without calendar and overrides, and what is to be seen of it at every tick."""

    workload: str
    now: Lanes
    """Epoch seconds of the ticks."""
    demands: Mapping[str, SeenDemand]
    """By the name of the signal."""
    lead_time: float
    """Seconds that the policies reckon with."""
    boot: int
    """Ticks until a replica is ready."""
    replicas: float
    """The fleet at the first tick."""


class Cut(NamedTuple):
    """Time in stretches of equal length, each with a guess before it."""

    stretches: int
    length: int
    guess: int
    """Ticks from the guess to the beginning of the stretch."""


def replicas_asked(world: World, variants: Sequence[Policies], cut: Cut | None = None) -> Lanes:
    """Replicas that each variant asks for at every tick, (ticks, variants).

    Raises:
        InvalidInput: the variants can't be replayed together.

    """
    chosen = cut or _cut(world, len(variants))
    return _Sweep(world, variants, chosen).run()


def _cut(world: World, variants: int) -> Cut:
    """As many stretches as lanes allow, none shorter than its guess."""
    tick = float(world.now[1] - world.now[0]) if world.now.size > 1 else 1.0
    guess = int(np.ceil(FORGOTTEN / tick))
    most = max(1, min(LANES // max(1, variants), world.now.size // max(1, guess)))
    return Cut(most, -(-world.now.size // most), guess if most > 1 else 0)


FORGOTTEN = 4 * 3600.0
"""Seconds after which most fleets have forgotten what they were."""


class _Sweep:
    """One sweep; lane = stretch * variants + variant."""

    def __init__(self, world: World, variants: Sequence[Policies], cut: Cut) -> None:
        self._world, self._cut, self._variants = world, cut, len(variants)
        self._each = variants
        self._tables = {name: Tables(demand) for name, demand in world.demands.items()}
        begins = np.arange(cut.stretches, dtype=np.int64) * cut.length
        self._begin: Rows = np.repeat(begins, self._variants)
        self._asked = np.empty((cut.length, begins.size, self._variants))

    def run(self) -> Lanes:
        """Replicas asked for, (ticks, variants)."""
        every = np.arange(self._begin.size)
        begun = self._guess(every)
        ended = self._stretch(begun, every)
        while True:
            truth = self._shifted(ended)
            wrong = np.flatnonzero(~begun.same(truth))
            if not wrong.size:
                break
            begun = truth
            ended = ended.put(wrong, self._stretch(truth.take(wrong), wrong))
        flat = self._asked.transpose(1, 0, 2).reshape(-1, self._variants)
        return flat[: self._world.now.size]

    def _guess(self, lanes: Rows) -> State:
        """The states in which stretches begin, as far as a guess some hours before can tell."""
        crew, cut = self._crew(lanes), self._cut
        first = self._ticks(lanes, -cut.guess)
        needs = [self._tables[name].demand.present()[first] for name in self._tables]
        need = np.nan_to_num(np.max(needs, axis=0), nan=self._world.replicas)
        state = self._begun(crew, np.ceil(need), lanes, -cut.guess)
        for offset in range(-cut.guess, 0):
            state = self._decided(crew, state, lanes, offset)
        start = np.flatnonzero(self._begin[lanes] == 0)
        true = self._begun(
            self._crew(lanes[start]), np.full(start.size, self._world.replicas), lanes[start], 0
        )
        return state.put(start, true)

    def _begun(self, crew: Crew, replicas: Lanes, lanes: Rows, offset: int) -> State:
        ticks = self._ticks(lanes, offset)
        return crew.begin(replicas, self._world.now[ticks], self._seen(ticks))

    def _decided(self, crew: Crew, state: State, lanes: Rows, offset: int) -> State:
        ticks = self._ticks(lanes, offset)
        return crew.decide(state, self._world.now[ticks], self._seen(ticks))

    def _stretch(self, state: State, lanes: Rows) -> State:
        """Run some lanes from the beginning of their stretches to the end, and keep the outcome."""
        crew = self._crew(lanes)
        stretch, variant = np.divmod(lanes, self._variants)
        for offset in range(self._cut.length):
            state = self._decided(crew, state, lanes, offset)
            self._asked[offset, stretch, variant] = state.current
        return state

    def _shifted(self, ended: State) -> State:
        """The states in which stretches truly begin: each where the one before it ended."""
        lanes = np.arange(self._begin.size)
        before = ended.take(np.maximum(lanes - self._variants, 0))
        first = lanes[: self._variants]
        return before.put(first, self._first)

    @property
    def _first(self) -> State:
        lanes = np.arange(self._variants)
        replicas = np.full(self._variants, self._world.replicas)
        return self._begun(self._crew(lanes), replicas, lanes, 0)

    def _crew(self, lanes: Rows) -> Crew:
        """The policies of some lanes."""
        variants = [self._each[i] for i in (lanes % self._variants).tolist()]
        whole = lanes.size == self._begin.size
        policies = stacked(self._each, self._cut.stretches) if whole else stacked(variants, 1)
        return Crew(
            workload=self._world.workload,
            policies=policies,
            lead_time=self._world.lead_time,
            boot=self._world.boot,
        )

    def _ticks(self, lanes: Rows, offset: int) -> Rows:
        """The tick that each lane is at; beyond the ends of time, the first and the last one."""
        return np.clip(self._begin[lanes] + offset, 0, self._world.now.size - 1)

    def _seen(self, ticks: Rows) -> Sequence[Demand]:
        return [LaneDemand(name, tables, ticks) for name, tables in self._tables.items()]
