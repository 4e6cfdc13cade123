"""Observations, bounds and settings as plain JSON, and back: exact, and readable by anybody."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from ebbtide.forecast.contract import NOTHING_KNOWN, Announcement, SeriesContext
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.contract import Bound, Decision, Policy
from ebbtide_policies.lanes import number
from ebbtide_policies.observation import Event, Fleet, LastStep, Mode, Override, Phase
from ebbtide_policies.other_hands import OtherHands
from ebbtide_policies.scale_up import ScaleUp
from ebbtide_policies.snapshot import Snapshot
from ebbtide_policies.victims import Crew, Pod, Rank

_ODD = "float"
"""The key of a number that JSON can't write."""
_BY_THEMSELVES = {"demand", "courses"}
"""Parts of an observation that are written as what was asked of them."""


def to_json(value: Any) -> Any:
    """A value of ours as JSON: records as objects, numbers that JSON can't write by their names."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else {_ODD: str(float(value))}
    if isinstance(value, bool | np.bool_):
        return bool(value)
    fields = _fields(value)
    if fields is not None:
        return {name: to_json(each) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [to_json(each) for each in value]
    return value


def _fields(value: Any) -> Mapping[str, Any] | None:
    """The parts of a record by their names; None where it is none."""
    if dataclasses.is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        found: Mapping[str, Any] = value._asdict()
        return found
    return value if isinstance(value, Mapping) else None


def from_json(value: Any) -> Any:
    """The same value from JSON: all but which record it was."""
    if isinstance(value, dict):
        if value.keys() == {_ODD}:
            return float(value[_ODD])
        return {name: from_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return tuple(from_json(each) for each in value)
    return value


def observation_json(seen: Snapshot) -> Json:
    """An observation without its demand and courses."""
    parts = _fields(seen) or {}
    return {name: to_json(each) for name, each in parts.items() if name not in _BY_THEMSELVES}


def observation_from_json(said: Json, **rest: Any) -> Snapshot:
    """The observation again; `rest` is what is not in there."""
    known = {name: _part_from_json(name, each) for name, each in said.items()}
    return Snapshot(**known, **rest)


def _part_from_json(name: str, value: Any) -> Any:
    found = from_json(value)
    return _PARTS[name](found) if name in _PARTS and found is not None else found


def _override(said: Json) -> Override:
    phase = said.get("phase")
    return Override(**said | {"phase": None if phase is None else Phase(phase)})


def _crew(said: Json) -> Crew:
    pods = tuple(Pod(**pod | {"rank": Rank(pod["rank"])}) for pod in said["pods"])
    return Crew(**said | {"pods": pods})


def _all(make: Callable[[Json], Any]) -> Callable[[Iterable[Json]], Any]:
    return lambda every: tuple(make(each) for each in every)


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "fleet": lambda said: Fleet(**said),
    "scale_up": lambda said: ScaleUp(**said),
    "prewarm_scale_up": lambda said: ScaleUp(**said),
    "phase": Phase,
    "mode": Mode,
    "events": _all(lambda said: Event(**said)),
    "overrides": _all(_override),
    "last_step": lambda said: LastStep(**said),
    "crew": _crew,
    "hands": lambda said: OtherHands(**said),
}


def context_from_json(said: Json | None) -> SeriesContext:
    """What was known of a series beside its past."""
    if said is None:
        return NOTHING_KNOWN
    found = from_json(said)
    events = tuple(Announcement(**each) for each in found["events"])
    days = {int(day): kind for day, kind in found["days"].items()}
    return SeriesContext(**found | {"events": events, "days": days})


def policies_json(policies: Iterable[Policy[Any]]) -> Json:
    """The settings of policies as they stand in YAML, by name."""
    return {p.name: p.settings.model_dump(mode="json", by_alias=True) for p in policies}


def decision_json(decision: Decision) -> Json:
    """What came of an observation: the number, and every bound in words that can be compared."""
    return {
        "current": decision.current,
        "want": decision.want,
        "replicas": decision.replicas,
        "squeezed": bool(decision.squeezed),
        "binding": _bound(decision.binding),
        "bounds": sorted((_bound(each) for each in decision.bounds), key=str),
    }


def _bound(bound: Bound) -> list[Any]:
    return [bound.policy, bound.kind.value, bound.reason, to_json(number(bound.replicas))]
