"""One decision: every policy asked, the bounds resolved, the memories carried on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ebbtide_policies.contract import Bound, Decision, Kind, Memory, Policy
from ebbtide_policies.observation import Observation
from ebbtide_policies.resolve import resolve

Memories = Mapping[str, Mapping[str, object]]
"""The memory of each policy by its name, as the status holds it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision, and what the policies will remember once it is recorded."""

    decision: Decision
    memories: Mapping[str, Memory]


def decide(policies: Sequence[Policy[Any]], seen: Observation, stored: Memories) -> Outcome:
    """Ask all policies and resolve what they answer. Their order changes nothing."""
    recalled = {p.name: p.recall(stored.get(p.name), seen) for p in policies}
    bounds = [b for p in policies for b in _answer(p, seen, recalled[p.name])]
    decision = resolve(seen, bounds)
    kept = {p.name: p.remember(seen, recalled[p.name], float(decision.replicas)) for p in policies}
    return Outcome(decision, {name: memory for name, memory in kept.items() if memory})


def _answer(policy: Policy[Any], seen: Observation, memory: Memory) -> Iterator[Bound]:
    """A policy's bounds; one that raises holds capacity and says so, and stops no other."""
    try:
        yield from list(policy.bounds(seen, memory))
    except Exception as error:  # noqa: BLE001 - a third party's policy may raise anything
        held, detail = seen.fleet.current, "the policy failed: {}: {}"
        said = (type(error).__name__, error)
        yield Bound(Kind.PACE_DOWN, held, policy.name, "PolicyFailed", detail, said)
