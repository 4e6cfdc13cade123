"""Settings of an objective beside those that a policy writes itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from ebbtide.api.capacity_policy.objective import Settings, Tuning, beside, numeric
from ebbtide.api.capacity_policy.presets import merged, preset_of


def over_written(written: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    """A policy with settings in the place of the prior's, and of those that it writes itself."""
    return merged(written, {"policies": beside(preset_of(written), settings)})


def to_be_written(settings: Settings, written: Mapping[str, Any], there: Settings) -> Settings:
    """What of suggested settings a policy would have to write that has others `there`.

    They were tried with the `rate` of its preset, where that has one: it stays.
    """
    return differing(beside(preset_of(written), settings), there)


def as_written(settings: Settings, written: Mapping[str, Any]) -> Settings:
    """Settings with what a policy writes in their place."""
    said = written.get("policies") or {}
    return {
        name: {key: (said.get(name) or {}).get(key, value) for key, value in own.items()}
        for name, own in settings.items()
    }


def standing(settings: Settings, written: Mapping[str, Any]) -> Settings:
    """What settings would be in a policy that `tuning` brings them to.

    Where they are applied, what the policy writes wins. A suggestion may be another one than what
    is written: people write it anew.
    """
    applied = written.get("tuning") == Tuning.APPLY.value
    return as_written(settings, written) if applied else settings


def choices(candidates: Sequence[Settings], written: Mapping[str, Any]) -> Sequence[Settings]:
    """Those of some settings that are not the same in a policy, in the order given."""
    found: list[Settings] = []
    for each in candidates:
        there = standing(each, written)
        if there not in found:
            found.append(there)
    return found


def differing(settings: Settings, others: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Those of some settings whose value is not that of others, or which they do not name."""
    left = {
        name: {
            key: value
            for key, value in own.items()
            if not _same(key, value, (others.get(name) or {}).get(key))
        }
        for name, own in settings.items()
    }
    return {name: own for name, own in left.items() if own}


def _same(key: str, one: object, other: object) -> bool:
    """Whether two values mean the same, however they are written."""
    try:
        return numeric(key, one) == numeric(key, other)
    except (TypeError, ValueError):
        return False
