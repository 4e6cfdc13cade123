"""Presets: defaults of a kind of workload. What is written in the policy wins."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from ebbtide.api.yaml_text import read

_ALTERNATIVES = (("perReplica", "perReplicaQuery"),)
"""Fields of which one may stand: writing one drops the preset's other."""


@cache
def presets() -> Mapping[str, dict[str, Any]]:
    """Every shipped preset by its name: a fragment of a CapacityPolicy's spec."""
    folder = resources.files("ebbtide_policies") / "presets"
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    return {
        name.removesuffix(".yaml"): next(iter(read(text).documents)).body
        for name, text in sorted(texts.items())
        if name.endswith(".yaml")
    }


def preset_of(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The preset that a spec names; an unknown name is left for validation."""
    name = spec.get("preset")
    return (presets().get(name) if isinstance(name, str) else None) or {}


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two maps, key by key and all the way down; lists and single values are replaced."""
    dropped = {a for pair in _ALTERNATIVES for a in pair if any(b in over for b in pair)}
    result = {key: value for key, value in under.items() if key not in dropped}
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def _shipped(name: str) -> str:
    if name not in presets():
        raise ValueError(f"{name!r} is no preset; known are {', '.join(presets())}")
    return name


Preset = Annotated[
    str, AfterValidator(_shipped), Field(json_schema_extra={"enum": list(presets())})
]
"""The name of a shipped preset."""
