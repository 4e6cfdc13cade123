"""An embedded API server that takes a status only if the real one would, and as it is."""

import json
import pathlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from ebbtide.adapters.embedded.cluster import SimulatedCluster
from ebbtide.api.timestamps import epoch
from ebbtide.loop.ports.cluster import Json, Resource, Survey, Target

_CRD = pathlib.Path(__file__).parents[2] / "deploy" / "crds" / "ebbtide.dev_capacitypolicies.yaml"
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_a_moment(text: object) -> bool:
    return not isinstance(text, str) or epoch(text) > 0


def _strict(schema: Any) -> Any:
    """A schema without the extensions of Kubernetes; what would be pruned is refused."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {k: _strict(v) for k, v in schema.items() if not k.startswith("x-kubernetes-")}
    closed = "properties" in plain and plain.get("type") == "object"
    return plain | ({"additionalProperties": False} if closed else {})


def _status_schema() -> Json:
    version = yaml.safe_load(_CRD.read_text())["spec"]["versions"][0]
    schema: Json = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    return schema


_SCHEMA: Json = _strict(_status_schema())


def _validator(schema: Json) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=_formats)


_OUTSIDE = _validator(_SCHEMA | {"properties": {name: {} for name in _SCHEMA["properties"]}})
"""The status as such: what it must have, and what it must not."""
_INSIDE = {name: _validator(schema) for name, schema in _SCHEMA["properties"].items()}


def faults(status: Json) -> Iterable[str]:
    """Everything that the API server would refuse or drop in a status."""
    yield from (f"{error.json_path}: {error.message}" for error in _OUTSIDE.iter_errors(status))
    for name in _INSIDE.keys() & status.keys():
        yield from _faults_inside(name, json.dumps(status[name]))


@cache
def _faults_inside(name: str, written: str) -> tuple[str, ...]:
    """What is wrong with one section; most sections are written again and again as they were."""
    section = json.loads(written)
    return tuple(_found_inside(name, section))


def _found_inside(name: str, section: Any) -> Iterator[str]:
    for error in _INSIDE[name].iter_errors(section):
        yield f"$.{name}{error.json_path[1:]}: {error.message}"
    for path, value in _leaves(f"status.{name}", section):
        if value is None:
            yield f"{path}: null"


def _leaves(path: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _leaves(f"{path}[{at}]", inner)
    else:
        yield path, value


class StrictCluster(SimulatedCluster):
    """Refuses a status that does not fit the schema of the CRD."""

    strict = True
    unlisted = False
    """Whether a survey leaves targets out."""
    paused = False
    """Whether every rollout is paused."""
    rolling = False
    """Whether a rollout is in progress everywhere."""

    def survey(self) -> Survey:
        """List everything."""
        found = super().survey()
        targets = {
            ref: self._seen(one) if isinstance(one, Target) else one
            for ref, one in found.targets.items()
            if not self.unlisted
        }
        return replace(found, targets=targets)

    def _seen(self, target: Target) -> Target:
        return replace(target, rollout=self.rolling, paused=self.paused)

    def write_status(self, policy: Resource, status: Json) -> Resource:
        """Replace the status of a policy if it is valid and its object has not changed."""
        found = list(faults(status)) if self.strict else []
        if found:
            raise AssertionError("; ".join(found))
        return super().write_status(policy, status)
