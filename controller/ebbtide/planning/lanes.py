"""Many fleets at once, one a lane: their states, and one decision for all of them.

The policies are the very ones of the live loop; their rules run on numpy lanes as on numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    """All that a fleet takes from one tick to the next, one entry a lane."""

    asked: Lanes
    """What was asked for in the last lead time, newest last, (ticks, lanes)."""
    step: LastStep
    memories: Mapping[str, Memory]

    @property
    def current(self) -> Lanes:
        """Replicas that are asked for."""
        newest: Lanes = self.asked[-1]
        return newest

    @property
    def ready(self) -> Lanes:
        """Replicas that are ready: those that were asked for all through the lead time."""
        return np.asarray(self.asked.min(axis=0))

    def take(self, which: Which) -> "State":
        """The state of some lanes."""
        return self.with_(lambda value: _lanes(value, self.current.size)[..., which])

    def put(self, which: Which, other: "State") -> "State":
        """The same, with the state of some lanes taken from another one that holds only them."""
        theirs = iter(other.numbers())

        def changed(value: Number) -> Lanes:
            found = _lanes(value, self.current.size).copy()
            found[..., which] = next(theirs)
            return found

        return self.with_(changed)

    def with_(self, change: Any) -> "State":
        """A state in which every number is changed, in a fixed order."""
        return State(
            asked=change(self.asked),
            step=LastStep(*(change(value) for value in self.step)),
            memories={
                name: {key: change(memory[key]) for key in sorted(memory)}
                for name, memory in sorted(self.memories.items())
            },
        )

    def numbers(self) -> Iterator[Number]:
        """Every number of the state, in the same order."""
        yield self.asked
        yield from self.step
        for _, memory in sorted(self.memories.items()):
            yield from (memory[key] for key in sorted(memory))

    def same(self, other: "State") -> NDArray[np.bool_]:
        """Which lanes are in the same state as those of another one."""
        alike = np.ones(self.current.size, dtype=np.bool_)
        for mine, theirs in zip(self.numbers(), other.numbers(), strict=True):
            equal = np.equal(mine, theirs) | (np.isnan(mine) & np.isnan(theirs))
            alike &= equal.all(axis=0) if np.ndim(equal) == 2 else equal  # noqa: PLR2004
        return alike


def _lanes(value: Number, count: int) -> Lanes:
    return np.broadcast_to(value, count) if np.ndim(value) == 0 else np.asarray(value)


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
        step = LastStep(np.full(replicas.size, -np.inf), replicas, replicas)
        asked = np.repeat(replicas[np.newaxis], max(1, self.boot), axis=0)
        state = State(asked=asked, step=step, memories={})
        seen = self._look(state, now, demand)
        memories = {p.name: p.recall(None, seen) for p in self.policies}
        return State(asked=asked, step=step, memories=memories)

    def decide(self, state: State, now: Number, demand: Sequence[Demand]) -> State:
        """One decision for every lane."""
        seen, current = self._look(state, now, demand), state.current
        bounds = [b for p in self.policies for b in p.bounds(seen, state.memories[p.name])]
        decided = settle(tightest(bounds, current)).replicas
        replicas = _lanes(decided, current.size)
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
        asked = np.concatenate((state.asked[1:], replicas[np.newaxis]))
        return State(asked=asked, step=step, memories=memories)

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


def stacked(variants: Sequence[Policies], times: int) -> Policies:
    """The policies of several variants as those of one; each variant has a lane `times` times.

    Numbers in which the variants differ become lanes; all else has to be the same.

    Raises:
        InvalidInput: variants differ in what is no number, or in which policies they have.

    """
    if len({tuple(p.name for p in policies) for policies in variants}) != 1:
        raise InvalidInput("variants must have the same policies to be replayed together")
    return tuple(_stacked(same, times) for same in zip(*variants, strict=True))


def _stacked(same: Sequence[Policy[Any]], times: int) -> Policy[Any]:
    first = same[0].settings
    changed: dict[str, Lanes] = {}
    for name in type(first).model_fields:
        column = [getattr(policy.settings, name) for policy in same]
        if all(value == column[0] for value in column):
            continue
        if not all(isinstance(value, (int, float)) for value in column):
            raise InvalidInput(f"{same[0].name}.{name}: variants must not differ in it")
        changed[name] = np.tile(np.array(column, dtype=np.float64), times)
    return type(same[0])(first.model_copy(update=changed)) if changed else same[0]
