"""Many variants of a policy over one recording: as fast as a planner needs, and exactly.

A decision depends on the one before it, so time can't simply be cut into pieces. But a fleet
forgets: whatever it was, after some hours of the same demand it is in the same state. So time is
cut into stretches that run side by side, each from a guess some hours before it. Where the guess
had not been forgotten when the stretch began, the stretch is run once more from the true state,
until every stretch begins as the one before it ended. What comes out is what one run would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from ebbtide.planning.lane_demand import LaneDemand, Rows, Tables
from ebbtide.planning.lane_state import State
from ebbtide.planning.lanes import Crew, Policies, Variant, stacked_by_phase
from ebbtide.planning.seen_demand import SeenDemand
from ebbtide_policies.lanes import Lanes, Number
from ebbtide_policies.observation import Demand, Event, Override, Phase

LANES = 16384
"""Lanes that run side by side: more of them would not make a tick any cheaper for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A workload, and what is to be seen of it at every tick."""

    workload: str
    now: Lanes
    """Epoch seconds of the ticks."""
    demands: Mapping[str, SeenDemand]
    """By the name of the signal."""
    lead_time: float
    """Seconds that the policies reckon with."""
    boot: int
    """Ticks until a replica is ready."""
    replicas: Number
    """The fleet at the first tick; one number, or one a variant."""
    events: Sequence[Event] = ()
    """What a calendar announces."""
    overrides: Sequence[Override] = ()
    """What people say from the first tick on, each until its end."""


Where = slice | tuple[Rows, Rows]
"""Lanes in what is kept of them: all, or some by stretch and variant."""


class Cut(NamedTuple):
    """Time in stretches of equal length, each with a guess before it."""

    stretches: int
    length: int
    guess: int
    """Ticks from the guess to the beginning of the stretch."""


def replicas_asked(
    world: World, variants: Sequence[Variant], cut: Cut | None = None, rounds: int | None = None
) -> Lanes:
    """Replicas that each variant asks for at every tick, (ticks, variants).

    With `rounds` no stretch is run again more often than that: some may then begin as they were
    guessed, which is a tolerance off at most, in a fraction of the time.

    Raises:
        InvalidInput: the variants can't be replayed together.

    """
    chosen = cut or _cut(world, len(variants))
    return _Sweep(world, variants, chosen).run(rounds)


def _cut(world: World, variants: int) -> Cut:
    """As many stretches as lanes allow, none shorter than its guess."""
    tick = float(world.now[1] - world.now[0]) if world.now.size > 1 else 1.0
    guess = int(np.ceil(FORGOTTEN / tick))
    most = max(1, min(LANES // max(1, variants), world.now.size // max(1, guess)))
    return Cut(most, -(-world.now.size // most), guess if most > 1 else 0)


FORGOTTEN = 4 * 3600.0
"""Seconds after which most fleets have forgotten what they were."""


class _Sweep:
    """One sweep; lanes have two axes, stretches and variants, and are counted row by row."""

    def __init__(self, world: World, variants: Sequence[Variant], cut: Cut) -> None:
        self._world, self._cut, self._variants = world, cut, len(variants)
        self._each, self._together = variants, stacked_by_phase(variants)
        self._tables = {name: Tables(demand) for name, demand in world.demands.items()}
        self._begin: Rows = np.arange(cut.stretches, dtype=np.int64)[:, np.newaxis] * cut.length
        self._asked = np.empty((cut.length, cut.stretches, self._variants))

    def run(self, rounds: int | None) -> Lanes:
        """Replicas asked for, (ticks, variants)."""
        crew = self._crew(self._together)
        first = self._begun(crew, self._full(self._world.replicas), self._begin)
        begun = self._guessed(crew, first)
        ended = self._stretch(crew, begun, self._begin, slice(None))
        for _ in count() if rounds is None else range(rounds):
            truth = ended.later(first)
            wrong = np.flatnonzero(~begun.same(truth))
            if not wrong.size:
                break
            begun, ended = truth, ended.put(wrong, self._again(truth, wrong))
        flat = self._asked.transpose(1, 0, 2).reshape(-1, self._variants)
        return flat[: self._world.now.size]

    def _full(self, replicas: Number) -> Lanes:
        return np.array(np.broadcast_to(replicas, (self._cut.stretches, self._variants)))

    def _guessed(self, crew: Crew, first: State) -> State:
        """The states in which stretches begin, as far as a guess some hours before can tell."""
        guess = self._cut.guess
        ticks = self._ticks(self._begin, -guess)
        needs = [tables.demand.present()[ticks] for tables in self._tables.values()]
        need = np.nan_to_num(np.max(needs, axis=0), nan=float(np.max(self._world.replicas)))
        state = self._begun(crew, self._full(np.ceil(need)), self._begin - guess)
        for offset in range(-guess, 0):
            state = self._decided(crew, state, self._ticks(self._begin, offset))
        start = np.arange(self._variants)
        return state.put(start, first.take(start))

    def _begun(self, crew: Crew, replicas: Lanes, begin: Rows) -> State:
        ticks = self._ticks(begin, 0)
        return crew.begin(replicas, self._world.now[ticks], self._seen(ticks))

    def _decided(self, crew: Crew, state: State, ticks: Rows) -> State:
        return crew.decide(state, self._world.now[ticks], self._seen(ticks))

    def _stretch(self, crew: Crew, state: State, begin: Rows, where: Where) -> State:
        """Run lanes from the beginning of their stretches to the end, and keep the outcome."""
        state = state.folded()
        for offset in range(self._cut.length):
            state = self._decided(crew, state, self._ticks(begin, offset))
            self._asked[offset][where] = state.current
        return state

    def _again(self, truth: State, wrong: Rows) -> State:
        """Run some lanes once more, from the states in which they truly begin."""
        stretch, variant = np.divmod(wrong, self._variants)
        crew = self._crew(stacked_by_phase([self._each[one] for one in variant.tolist()]))
        begin = self._begin[stretch, 0]
        return self._stretch(crew, truth.take(wrong), begin, (stretch, variant))

    def _crew(self, policies: Mapping[Phase, Policies]) -> Crew:
        return Crew(
            workload=self._world.workload,
            policies=policies[Phase.PEACE],
            by_phase=policies if len(policies) > 1 else {},
            events=self._world.events,
            overrides=self._world.overrides,
            lead_time=self._world.lead_time,
            boot=self._world.boot,
        )

    def _ticks(self, begin: Rows, offset: int) -> Rows:
        """The tick at which lanes are; beyond the ends of time, the first and the last one."""
        return np.minimum(np.maximum(begin + offset, 0), self._world.now.size - 1)

    def _seen(self, ticks: Rows) -> Sequence[Demand]:
        return [LaneDemand(name, tables, ticks) for name, tables in self._tables.items()]
