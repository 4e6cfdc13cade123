"""Many variants of policies over recordings: as fast as a planner needs, and exactly.

A decision depends on the one before it, so time can't simply be cut into pieces. But a fleet
forgets: whatever it was, after some hours of the same demand it is in the same state. So time is
cut into stretches that run side by side, each from a guess some hours before it. Where the guess
had not been forgotten when the stretch began, the stretch is run once more from the true state,
until every stretch begins as the one before it ended. What comes out is what one run would give.
Workloads that are alike in all that no lane can hold run side by side as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from ebbtide.errors import InvalidInput
from ebbtide.planning.sweeping.lane_demand import LaneDemand, Place, Tables
from ebbtide.planning.sweeping.lane_events import alike, joined
from ebbtide.planning.sweeping.lane_state import State
from ebbtide.planning.sweeping.lanes import Crew, Policies, Variant, stacked_by_phase
from ebbtide.planning.sweeping.seen_demand import SeenDemand
from ebbtide.planning.sweeping.seen_past import Rows
from ebbtide_policies.lanes import Lanes, Number
from ebbtide_policies.observation import Demand, Event, Override, Phase, largest

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

    @property
    def tick(self) -> float:
        """Seconds from one decision to the next."""
        return float(self.now[1] - self.now[0]) if self.now.size > 1 else 1.0


class Swept(NamedTuple):
    """One workload, and the variants of its policies."""

    world: World
    variants: Sequence[Variant]


Where = slice | tuple[Rows, Rows]
"""Lanes in what is kept of them: all, or some by stretch and variant."""
ALL = slice(None)


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
    [found] = _Sweep([Swept(world, variants)], cut).run(rounds)
    return found


def replicas_asked_of_each(swept: Sequence[Swept], rounds: int | None = None) -> Sequence[Lanes]:
    """The same of several workloads, in their order; those that can be run side by side.

    Raises:
        InvalidInput: the variants of a workload can't be replayed together.

    """
    alike: dict[object, list[int]] = {}
    for place, one in enumerate(swept):
        alike.setdefault(_kind(one), []).append(place)
    found: dict[int, Lanes] = {}
    for places in alike.values():
        count = _side_by_side(swept[places[0]])
        for begin in range(0, len(places), count):
            part = places[begin : begin + count]
            found |= zip(part, _beside([swept[place] for place in part], rounds), strict=True)
    return [found[place] for place in range(len(swept))]


def _side_by_side(one: Swept) -> int:
    """Workloads that share a sweep: as many as there are lanes for beside one of them."""
    lanes = len(one.variants) * _cut(one.world, len(one.variants)).stretches
    return max(1, LANES // max(1, lanes))


def _beside(swept: Sequence[Swept], rounds: int | None) -> Sequence[Lanes]:
    """Some workloads in one sweep, or one by one where their policies are no variants."""
    try:
        return _Sweep(swept).run(rounds)
    except InvalidInput:
        return [found for one in swept for found in _Sweep([one]).run(rounds)]


def _kind(one: Swept) -> object:
    """What workloads have in common that are swept side by side."""
    world = one.world
    said = alike(world.events), tuple(world.overrides)
    plant = world.lead_time, world.boot
    return world.now.tobytes(), tuple(world.demands), len(one.variants), plant, said


def _cut(world: World, variants: int) -> Cut:
    """As many stretches as lanes allow, none shorter than its guess."""
    guess = int(np.ceil(FORGOTTEN / world.tick))
    most = max(1, min(LANES // max(1, variants), world.now.size // max(1, guess)))
    return Cut(most, -(-world.now.size // most), guess if most > 1 else 0)


FORGOTTEN = 4 * 3600.0
"""Seconds after which most fleets have forgotten what they were."""


class _Sweep:
    """One sweep; lanes have two axes, stretches and variants, and are counted row by row."""

    def __init__(self, swept: Sequence[Swept], cut: Cut | None = None) -> None:
        self._swept, self._world = swept, swept[0].world
        self._each = [variant for one in swept for variant in one.variants]
        self._variants, self._together = len(self._each), stacked_by_phase(self._each)
        self._cut = cut = cut or _cut(self._world, self._variants)
        self._tables = {n: Tables([one.world.demands[n] for one in swept]) for n in self._names}
        counts = [len(one.variants) for one in swept]
        self._whose: Rows | None = np.repeat(np.arange(len(swept)), counts)
        if len(swept) == 1:
            self._whose = None
        self._begin: Rows = np.arange(cut.stretches, dtype=np.int64)[:, np.newaxis] * cut.length
        self._asked = np.empty((cut.length, cut.stretches, self._variants))

    @property
    def _names(self) -> Iterable[str]:
        return self._world.demands

    def run(self, rounds: int | None) -> Sequence[Lanes]:
        """Replicas asked for, (ticks, variants) of each workload."""
        crew = self._crew(self._together, self._whose)
        first = self._begun(crew, self._full(self._replicas()), self._begin)
        begun = self._guessed(crew, first)
        ended = self._stretch(crew, begun, self._begin, ALL)
        for _ in count() if rounds is None else range(rounds):
            truth = ended.later(first)
            wrong = np.flatnonzero(~begun.same(truth))
            if not wrong.size:
                break
            begun, ended = truth, ended.put(wrong, self._again(truth, wrong))
        flat = self._asked.transpose(1, 0, 2).reshape(-1, self._variants)[: self._world.now.size]
        ends = np.cumsum([len(one.variants) for one in self._swept])
        return np.split(flat, ends[:-1], axis=1)

    def _replicas(self) -> Lanes:
        """The fleets at the first tick, one a variant."""
        each = [np.broadcast_to(one.world.replicas, len(one.variants)) for one in self._swept]
        return np.concatenate(each)

    def _full(self, replicas: Number) -> Lanes:
        return np.array(np.broadcast_to(replicas, (self._cut.stretches, self._variants)))

    def _guessed(self, crew: Crew, first: State) -> State:
        """The states in which stretches begin, as far as a guess some hours before can tell."""
        guess = self._cut.guess
        seen = self._seen(self._at(self._begin, -guess))
        need = largest(demand.present() for demand in seen)
        need = np.where(np.isnan(need), self._replicas(), need)
        state = self._begun(crew, self._full(np.ceil(need)), self._begin - guess)
        for offset in range(-guess, 0):
            state = self._decided(crew, state, self._at(self._begin, offset))
        start = np.arange(self._variants)
        return state.put(start, first.take(start))

    def _begun(self, crew: Crew, replicas: Lanes, begin: Rows) -> State:
        at = self._at(begin, 0)
        return crew.begin(replicas, self._world.now[at.ticks], self._seen(at))

    def _decided(self, crew: Crew, state: State, at: Place) -> State:
        return crew.decide(state, self._world.now[at.ticks], self._seen(at))

    def _stretch(self, crew: Crew, state: State, begin: Rows, where: Where) -> State:
        """Run lanes from the beginning of their stretches to the end, and keep the outcome."""
        state = state.folded()
        for offset in range(self._cut.length):
            state = self._decided(crew, state, self._at(begin, offset, where))
            self._asked[offset][where] = state.current
        return state

    def _again(self, truth: State, wrong: Rows) -> State:
        """Run some lanes once more, from the states in which they truly begin."""
        stretch, variant = np.divmod(wrong, self._variants)
        each = stacked_by_phase([self._each[one] for one in variant.tolist()])
        crew = self._crew(each, self._whose if self._whose is None else self._whose[variant])
        begin = self._begin[stretch, 0]
        return self._stretch(crew, truth.take(wrong), begin, (stretch, variant))

    def _crew(self, policies: Mapping[Phase, Policies], whose: Rows | None) -> Crew:
        """The policies of some lanes, with what is announced to the workload of each."""
        events = [one.world.events for one in self._swept]
        return Crew(
            workload=self._world.workload,
            policies=policies[Phase.PEACE],
            by_phase=policies if len(policies) > 1 else {},
            events=events[0] if whose is None else joined(events, whose),
            overrides=self._world.overrides,
            lead_time=self._world.lead_time,
            tick=self._world.tick,
            boot=self._world.boot,
        )

    def _at(self, begin: Rows, offset: int, where: Where = ALL) -> Place:
        """Where lanes are; beyond the ends of time, at the first tick and the last one."""
        ticks = np.minimum(np.maximum(begin + offset, 0), self._world.now.size - 1)
        if self._whose is None or isinstance(where, slice):
            return Place(ticks, self._whose)
        return Place(ticks, self._whose[where[1]])

    def _seen(self, at: Place) -> Sequence[Demand]:
        return [LaneDemand(name, tables, at) for name, tables in self._tables.items()]
