"""From what is written to a model, or to everything that is wrong with it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ebbtide.api.capacity_override import CapacityOverrideSpec
from ebbtide.api.capacity_policy.objective import with_objective
from ebbtide.api.capacity_policy.presets import preset_of
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.events.event_calendar import EventCalendarSpec
from ebbtide.api.events.event_profile import EventProfileSpec
from ebbtide.api.reading.error_messages import place, why
from ebbtide.api.schemas.structural import Schema, at, structural
from ebbtide.api.yaml_text import Fault, fields
from ebbtide.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)
_NULL = "is empty; give it a value, or leave it out"


def parse_policy(spec: Mapping[str, Any]) -> CapacityPolicySpec:
    """Understand the spec of a CapacityPolicy.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    return parse(CapacityPolicySpec, spec)


def parse_calendar(spec: Mapping[str, Any]) -> EventCalendarSpec:
    """Understand the spec of an EventCalendar.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    return parse(EventCalendarSpec, spec)


def parse_profile(spec: Mapping[str, Any]) -> EventProfileSpec:
    """Understand the spec of an EventProfile.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    return parse(EventProfileSpec, spec)


def parse_override(spec: Mapping[str, Any]) -> CapacityOverrideSpec:
    """Understand the spec of a CapacityOverride.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    return parse(CapacityOverrideSpec, spec)


def parse(model: type[M], spec: Mapping[str, Any]) -> M:
    """Understand the spec of a resource.

    Raises:
        InvalidInput: one line for each field that is wrong.

    """
    found = understand(model, spec)
    if isinstance(found, list):
        raise InvalidInput(told(found))
    return found


def told(faults: Iterable[Fault]) -> str:
    """One line for each fault of a spec."""
    return "\n".join(f"{place(('spec', *fault.at))}: {fault.why}" for fault in faults)


def understand(model: type[M], written: Mapping[str, Any]) -> M | list[Fault]:
    """Make a model of what is written, or say everything that is wrong with it.

    It is as strict as the API server: a number in quotes is text, and 1 is not true.
    """
    nulls = [Fault(path, _NULL) for path, value in fields(written) if value is None]
    if nulls:
        return nulls
    policy = model is CapacityPolicySpec
    whole = with_objective(preset_of(written), written) if policy else written
    try:
        return model.model_validate_json(json.dumps(whole), strict=True)
    except ValidationError as error:
        return _faults(structural(model), error)


def _faults(schema: Schema, error: ValidationError) -> list[Fault]:
    """Everything that is wrong; what a wrong part does to the whole is not said a second time."""
    found = {e["loc"]: e for e in reversed(error.errors(include_url=False))}
    parts = {loc[:length] for loc in found for length in range(len(loc))}
    return [
        Fault(loc, why(e, at(schema, loc), at(schema, loc[:-1])))
        for loc, e in reversed(found.items())
        if loc not in parts
    ]
