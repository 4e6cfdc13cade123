"""One decision: every policy asked, the bounds resolved, the memories carried on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ebbtide_policies.contract import Bound, Decision, Kind, Memory, Policy
from ebbtide_policies.resolve import resolve
from ebbtide_policies.snapshot import Snapshot

Memories = Mapping[str, Mapping[str, object]]
"""The memory of each policy by its name, as the status holds it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision, and what the policies will remember once it is recorded."""

    decision: Decision
    memories: Mapping[str, Memory]


def decide(policies: Sequence[Policy[Any]], seen: Snapshot, stored: Memories) -> Outcome:
    """Ask all policies and resolve what they answer. Their order changes nothing."""
    recalled = {p.name: _recalled(p, stored.get(p.name), seen) for p in policies}
    bounds = [b for p in policies for b in _answer(p, seen, recalled[p.name])]
    decision = resolve(seen, bounds)
    kept = {p.name: _kept(p, seen, recalled[p.name], decision.replicas) for p in policies}
    return Outcome(decision, {name: memory for name, memory in kept.items() if memory})


def _recalled(policy: Policy[Any], stored: object, seen: Snapshot) -> Memory:
    """A policy's memory; one that it chokes on is none, and is forgotten for the next tick."""
    try:
        return policy.recall(stored if isinstance(stored, Mapping) else None, seen)
    except Exception:  # noqa: BLE001 - a third party's policy may raise anything
        return {}


def _kept(policy: Policy[Any], seen: Snapshot, memory: Memory, replicas: int) -> Memory:
    """A policy's memory after the decision; what it had, where it fails to say."""
    try:
        return policy.remember(seen, memory, float(replicas))
    except Exception:  # noqa: BLE001 - a third party's policy may raise anything
        return memory


def _answer(policy: Policy[Any], seen: Snapshot, memory: Memory) -> Iterator[Bound]:
    """A policy's bounds; one that raises holds capacity and says so, and stops no other."""
    try:
        yield from [_honest(bound, seen) for bound in policy.bounds(seen, memory)]
    except Exception as error:  # noqa: BLE001 - a third party's policy may raise anything
        held, detail = seen.fleet.current, "the policy failed: {}: {}"
        said = (type(error).__name__, str(error))
        yield Bound(Kind.PACE_DOWN, held, policy.name, "PolicyFailed", detail, said)


def _honest(bound: Bound, seen: Snapshot) -> Bound:
    """The bound, if it limits replicas by one number; raises what `float` does if not.

    A rollback goes back to what the last step left, and never beyond.
    """
    replicas = float(bound.replicas)
    if bound.kind is not Kind.ROLLBACK:
        return bound
    last = seen.last_step
    highest = 0.0 if last is None else max(float(last.before), float(last.after))
    return replace(bound, replicas=min(replicas, max(highest, float(seen.fleet.current))))
