"""The status of a CapacityPolicy: what it is doing, and why, for people and for a successor."""

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

import numpy as np

from ebbtide.api.status.capacity_policy import MOST_BOUNDS
from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.forecasting.signals import Choice
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.reporting.conditions import Condition, merge
from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.lanes import UNKNOWN, number
from ebbtide_policies.observation import Mode
from ebbtide_policies.snapshot import Snapshot

HEARTBEAT = 300.0
"""Seconds after which a status is written although nothing in it has changed, at least."""
SPREAD = 60
"""By how many of them it is later for some workloads than for others, at most."""

_SMALL = 100.0
"""A demand below this is told with its fraction."""
_CEILINGS = {Kind.SOFT_CEILING, Kind.HARD_CEILING, Kind.PACE_UP}
_QUIET = (
    *("heartbeat", "demand", "bounds", "binding", "replicas", "conditions", "nextSteps"),
    "heldSince",
)


def account_status(resource: Resource, account: Account, sections: Json, *, read: bool) -> Json:
    """The whole status of a workload that was decided on.

    Where nobody is to `read` it, it holds what the next tick goes by and nothing else.
    """
    status = _on_record(resource, account)
    told = _for_people(resource, account, status) if read else {}
    return status | told | account.extra_sections | sections


def _on_record(resource: Resource, account: Account) -> Json:
    """What a successor goes by, beside what the sections say."""
    seen, decision = account.seen, account.outcome.decision
    fleet = seen.fleet
    choices = {n: _choice(choice) for n, choice in account.prospects.choices.items()}
    status: Json = {
        "observedGeneration": resource.generation,
        "heartbeat": stamp(seen.now),
        "mode": seen.mode.value,
        "phase": seen.phase.value,
        "phaseSince": _since(resource.status, seen),
        "replicas": {
            "current": int(fleet.current),
            "ready": int(fleet.ready),
            "desired": decision.replicas,
            "want": decision.want,
        },
    }
    return status | ({"forecast": choices} if choices else {})


def _for_people(resource: Resource, account: Account, status: Json) -> Json:
    """What is told beside that of a workload: why, and since when."""
    seen, decision = account.seen, account.outcome.decision
    before = resource.status
    told: Json = {
        "binding": bound_json(decision.binding),
        "bounds": _worth_a_line(decision),
        "conditions": merge(
            before.get("conditions", []), account.conditions, seen.now, resource.generation
        ),
        "overrides": [word.name for word in seen.overrides],
    }
    more = {"demand": _demand(seen), "heldSince": _held_since(before, status | told)}
    return told | {name: value for name, value in more.items() if value is not None}


def _choice(choice: Choice) -> Json:
    """What `Auto` chose, for people and for a successor."""
    return {"model": choice.model, "message": choice.why, "chosenAt": stamp(choice.at)}


def refused_status(resource: Resource, condition: Condition, now: float) -> Json:
    """The status of a workload that can't be decided on: all is kept, and the reason said."""
    generation = resource.generation
    conditions = merge(resource.status.get("conditions", []), [condition], now, generation)
    untouched = [c for c in resource.status.get("conditions", []) if c["type"] != condition.type]
    kept = {k: v for k, v in resource.status.items() if k not in {"bounds", "heldSince"}}
    held = Bound(Kind.PACE_DOWN, UNKNOWN, "resource", condition.reason, "{}", (condition.message,))
    return kept | {
        "observedGeneration": generation,
        "heartbeat": stamp(now),
        "conditions": conditions + untouched,
        "binding": bound_json(held),
    }


def bound_json(bound: Bound) -> Json:
    """A bound for people; the replicas are left out where they are unknown or unlimited."""
    said: Json = {
        "policy": bound.policy,
        "kind": bound.kind.value,
        "reason": bound.reason,
        "message": bound.message[:500],
    }
    replicas = number(bound.replicas)
    return said | ({"replicas": int(replicas)} if np.isfinite(replicas) else {})


def _worth_a_line(decision: Decision) -> list[Json]:
    """The bounds that are shown: the one that decided, and as many others as there is room for."""
    others = [bound_json(bound) for bound in decision.bounds[1:] if says_something(bound)]
    return [bound_json(decision.binding), *others][:MOST_BOUNDS]


def says_something(bound: Bound) -> bool:
    """Whether a bound limits anything: a gate that stands open is not worth a line."""
    replicas = number(bound.replicas)
    if np.isnan(replicas):
        return True
    return bool(np.isfinite(replicas)) if bound.kind in _CEILINGS else replicas > 0


def heartbeat_of(key: str) -> float:
    """The heartbeat of a workload: a thousand that began together do not go on writing together."""
    return HEARTBEAT + crc32(key.encode()) % SPREAD


def worth_writing(before: Json, after: Json, now: float, heartbeat: float = HEARTBEAT) -> bool:
    """Whether a person would act on the difference, or the heartbeat is due."""
    last = epoch_or_none(before.get("heartbeat"))
    due = last is None or not 0 <= now - last < heartbeat
    return due or _salient(before) != _salient(after)


def _salient(status: Mapping[str, Any]) -> Json:
    """What a person would act on; numbers that move with every minute are not."""
    rest = {k: v for k, v in status.items() if k not in _QUIET}
    replicas = status.get("replicas") or {}
    conditions: Iterable[Json] = status.get("conditions", [])
    sessions = status.get("sessions")
    return rest | {
        "binding": _decided_by(status),
        "replicas": (replicas.get("current"), replicas.get("ready"), replicas.get("desired")),
        "sessions": None if sessions is None else sessions.get("victims", []),
        "held": "heldSince" in status,
        "conditions": [(c.get("type"), c.get("status"), c.get("reason")) for c in conditions],
    }


def _held_since(before: Json, status: Json) -> str | None:
    """Since when the same reason keeps more than is wanted; None while nothing does."""
    replicas = status["replicas"]
    if replicas["desired"] <= replicas["want"]:
        return None
    same = _decided_by(before) == _decided_by(status)
    return str((same and before.get("heldSince")) or status["heartbeat"])


def _decided_by(status: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The policy whose bound decided, and its reason."""
    binding = status.get("binding") or {}
    return binding.get("policy"), binding.get("reason")


def _since(before: Json, seen: Snapshot) -> str:
    same = before.get("phase") == seen.phase.value and before.get("phaseSince")
    return str(before["phaseSince"]) if same else stamp(seen.now)


def _demand(seen: Snapshot) -> float | None:
    """The demand that people know, in units of its own, of the signal that needs most."""
    known = [d for d in seen.demand if not np.isnan(d.present())]
    if not known:
        return None
    largest = max(known, key=lambda d: number(d.present()))
    demand = number(largest.present() * largest.per_replica)
    return round(demand, 3 if demand < _SMALL else 0)


def sentence(seen: Snapshot, decision: Decision) -> str:
    """One sentence about one change."""
    binding = decision.binding
    mode = "" if seen.mode is Mode.ENFORCE else f" [{seen.mode.value}]"
    why = f"{binding.reason}: {binding.message}" if binding.message else binding.reason
    return f"{seen.phase.value}{mode}: {decision.current} -> {decision.replicas} replicas ({why})"
