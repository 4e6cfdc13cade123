"""Many fleets at once, one a lane: their states, and one decision for all of them.

The policies are the very ones of the live loop; their rules run on numpy lanes as on numbers. Lanes
may have two axes, stretches of time and variants: what all variants see alike then has one entry a
stretch, what all stretches have alike one a variant, and numpy reckons no more than there is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Memory, Policy
from ebbtide_policies.lanes import Lanes, Number
from ebbtide_policies.observation import Demand, Event, Fleet, LastStep, Observation
from ebbtide_policies.rate import Rate
from ebbtide_policies.resolve import settle, tightest
from ebbtide_policies.scale_up import ScaleUp

Policies = tuple[Policy[Any], ...]
Which = NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that a fleet takes from one tick to the next, lane by lane."""

    asked: tuple[Lanes, ...]
    """What was asked for in the last lead time, newest last, one entry a tick."""
    step: LastStep
    memories: Mapping[str, Memory]

    @property
    def current(self) -> Lanes:
        """Replicas that are asked for."""
        return self.asked[-1]

    @property
    def ready(self) -> Lanes:
        """Replicas that are ready: those that were asked for all through the lead time."""
        return reduce(np.minimum, self.asked)

    def take(self, which: Which) -> "State":
        """The state of some lanes, counted row by row: they have one axis from then on."""
        shape = self.current.shape
        return self.with_(lambda value: np.broadcast_to(value, shape).reshape(-1)[which])

    def put(self, which: Which, other: "State") -> "State":
        """The same, with the state of some lanes taken from another one that holds only them."""
        theirs, shape, lanes = iter(other.numbers()), self.current.shape, other.current.shape

        def changed(value: Number) -> Lanes:
            found = np.array(np.broadcast_to(value, shape), dtype=np.float64)
            found.reshape(-1)[which] = np.broadcast_to(next(theirs), lanes).reshape(-1)
            return found

        return self.with_(changed)

    def later(self, first: "State") -> "State":
        """Each row takes the state of the one before it; `first` is that of the first one."""
        begins, shape = iter(first.numbers()), self.current.shape

        def moved(value: Number) -> Lanes:
            begin = np.broadcast_to(next(begins), shape)
            return np.concatenate((begin[:1], np.broadcast_to(value, shape)[:-1]))

        return self.with_(moved)

    def folded(self) -> "State":
        """The same, with memories no larger than they have to be: most lanes share most numbers."""
        memories = {
            name: {key: _folded(value) for key, value in memory.items()}
            for name, memory in self.memories.items()
        }
        return replace(self, memories=memories)

    def with_(self, change: Callable[[Number], Any]) -> "State":
        """A state in which every number is changed, in a fixed order."""
        return State(
            asked=tuple(change(asked) for asked in self.asked),
            step=LastStep(*(change(value) for value in self.step)),
            memories={
                name: {key: change(memory[key]) for key in sorted(memory)}
                for name, memory in sorted(self.memories.items())
            },
        )

    def numbers(self) -> Iterator[Number]:
        """Every number of the state, in the same order."""
        yield from self.asked
        yield from self.step
        for _, memory in sorted(self.memories.items()):
            yield from (memory[key] for key in sorted(memory))

    def same(self, other: "State") -> NDArray[np.bool_]:
        """Which lanes are in the same state as those of another one."""
        alike = np.ones(self.current.shape, dtype=np.bool_)
        for mine, theirs in zip(self.numbers(), other.numbers(), strict=True):
            alike &= np.equal(mine, theirs) | (np.isnan(mine) & np.isnan(theirs))
        return alike


def _folded(value: Number) -> Number:
    """One number in place of lanes that are all alike, or one row in place of rows."""
    lanes = np.asarray(value)
    if not lanes.size or np.all(lanes == lanes.flat[0]):
        return float(lanes.flat[0]) if lanes.size else value
    return lanes[0] if lanes.ndim > 1 and np.all(lanes == lanes[:1]) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The policies that decide for all lanes, and what the world allows them."""

    workload: str
    policies: Policies
    lead_time: float
    """Seconds that the policies reckon with."""
    boot: int
    """Ticks until a replica is ready."""
    events: Sequence[Event] = ()
    """Events that are announced to all of them."""

    @property
    def scale_up(self) -> ScaleUp:
        """The pace of scaling up, with lanes where the variants differ in it."""
        return next((p.settings.pace for p in self.policies if isinstance(p, Rate)), ScaleUp())

    def begin(self, replicas: Lanes, now: Number, demand: Sequence[Demand]) -> State:
        """Fleets at first sight, all of them ready."""
        step = LastStep(np.full(replicas.shape, -np.inf), replicas, replicas)
        asked = (replicas,) * max(1, self.boot)
        state = State(asked=asked, step=step, memories={})
        seen = self._look(state, now, demand)
        memories = {p.name: p.recall(None, seen) for p in self.policies}
        return State(asked=asked, step=step, memories=memories)

    def decide(self, state: State, now: Number, demand: Sequence[Demand]) -> State:
        """One decision for every lane."""
        seen, current = self._look(state, now, demand), state.current
        bounds = [b for p in self.policies for b in p.bounds(seen, state.memories[p.name])]
        decided = settle(tightest(bounds, current)).replicas
        replicas = np.asarray(np.broadcast_to(decided, current.shape))
        memories = {
            p.name: p.remember(seen, state.memories[p.name], replicas) for p in self.policies
        }
        moved = replicas != current
        at, before, after = state.step
        step = LastStep(
            np.where(moved, now, at),
            np.where(moved, current, before),
            np.where(moved, replicas, after),
        )
        return State(asked=(*state.asked[1:], replicas), step=step, memories=memories)

    def _look(self, state: State, now: Number, demand: Sequence[Demand]) -> Observation:
        return Observation(
            workload=self.workload,
            now=now,  # type: ignore[arg-type]  # lanes that are at different moments
            fleet=Fleet(current=state.current, ready=state.ready),
            demand=demand,
            lead_time=self.lead_time,
            scale_up=self.scale_up,
            events=self.events,
            last_step=state.step,
        )


def stacked(variants: Sequence[Policies]) -> Policies:
    """The policies of several variants as those of one, with a lane for each variant.

    Numbers in which the variants differ become lanes; all else has to be the same.

    Raises:
        InvalidInput: variants differ in what is no number, or in which policies they have.

    """
    if len({tuple(p.name for p in policies) for policies in variants}) != 1:
        raise InvalidInput("variants must have the same policies to be replayed together")
    return tuple(_stacked(same) for same in zip(*variants, strict=True))


def _stacked(same: Sequence[Policy[Any]]) -> Policy[Any]:
    first = same[0].settings
    changed: dict[str, Lanes] = {}
    for name in type(first).model_fields:
        column = [getattr(policy.settings, name) for policy in same]
        if all(value == column[0] for value in column):
            continue
        if not all(isinstance(value, (int, float)) for value in column):
            raise InvalidInput(f"{same[0].name}.{name}: variants must not differ in it")
        changed[name] = np.array(column, dtype=np.float64)
    return type(same[0])(first.model_copy(update=changed)) if changed else same[0]
