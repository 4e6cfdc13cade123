"""The states of many fleets, one a lane: all that they take from one tick to the next."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.contract import Memory
from ebbtide_policies.lanes import Lanes, Number
from ebbtide_policies.observation import Phase
from ebbtide_policies.phase_lanes import Phases, places

Which = NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that a fleet takes from one tick to the next, lane by lane."""

    asked: tuple[Lanes, ...]
    """What was asked for in the last lead time, newest last, one entry a tick."""
    memories: Mapping[str, Memory]
    phases: Phases = Phase.PEACE
    since: Number = -np.inf
    """When those began."""

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
        theirs = iter(other.beside(self).numbers())
        shape, lanes = self.current.shape, other.current.shape

        def changed(value: Number) -> Lanes:
            found = np.array(np.broadcast_to(value, shape), dtype=np.float64)
            found.reshape(-1)[which] = np.broadcast_to(next(theirs), lanes).reshape(-1)
            return found

        return self.beside(other).with_(changed)

    def later(self, first: "State") -> "State":
        """Each row takes the state of the one before it; `first` is that of the first one."""
        begins, shape = iter(first.beside(self).numbers()), self.current.shape

        def moved(value: Number) -> Lanes:
            begin = np.broadcast_to(next(begins), shape)
            return np.concatenate((begin[:1], np.broadcast_to(value, shape)[:-1]))

        return self.beside(first).with_(moved)

    def folded(self) -> "State":
        """The same, with memories no larger than they have to be: most lanes share most numbers."""
        memories = {
            name: {key: _folded(value) for key, value in memory.items()}
            for name, memory in self.memories.items()
        }
        return replace(self, memories=memories)

    def beside(self, other: "State") -> "State":
        """The same, with every number in its memories that another state has there.

        What policies keep for a while only, such as settings that were stricter, is over where it
        is not there: minus infinity is the moment at which that was.
        """
        memories = {
            name: {**dict.fromkeys(other.memories.get(name, ()), -np.inf), **memory}
            for name, memory in self.memories.items()
        }
        return replace(self, memories=memories)

    def with_(self, change: Callable[[Number], Any]) -> "State":
        """A state in which every number is changed, in a fixed order."""
        return State(
            asked=tuple(change(asked) for asked in self.asked),
            phases=np.asarray(change(_numbers(self.phases)), dtype=np.int64),
            since=change(self.since),
            memories={
                name: {key: change(memory[key]) for key in sorted(memory)}
                for name, memory in sorted(self.memories.items())
            },
        )

    def numbers(self) -> Iterator[Number]:
        """Every number of the state, in the same order."""
        yield from self.asked
        yield from (_numbers(self.phases), self.since)
        for _, memory in sorted(self.memories.items()):
            yield from (memory[key] for key in sorted(memory))

    def same(self, other: "State") -> NDArray[np.bool_]:
        """Which lanes are in the same state as those of another one."""
        alike = np.ones(self.current.shape, dtype=np.bool_)
        pairs = self.beside(other).numbers(), other.beside(self).numbers()
        for mine, theirs in zip(*pairs, strict=True):
            alike &= np.equal(mine, theirs) | (np.isnan(mine) & np.isnan(theirs))
        return alike


def _numbers(phases: Phases) -> Lanes:
    return np.asarray(places(phases), dtype=np.float64)


def _folded(value: Number) -> Number:
    """One number in place of lanes that are all alike, or one row in place of rows."""
    lanes = np.asarray(value)
    first = lanes.flat[0]
    if np.all(lanes == first):
        return float(first)
    return lanes[0] if np.all(lanes == lanes[:1]) else value
