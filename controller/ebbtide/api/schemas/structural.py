"""From a pydantic model to a structural schema, as a CustomResourceDefinition wants it."""

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from ebbtide.api.fields.rules import VALIDATIONS
from ebbtide.api.schemas.cel import BOUNDS, QUANTITIES, RULES, ZONE, bound
from ebbtide.api.yaml_text import Path
from ebbtide_policies.schedule import known_zone

Schema = dict[str, Any]
_MOST = 64
"""Size of maps and texts that name none: the API server reckons the cost of CEL by it."""
_FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class _Generator(GenerateJsonSchema):
    """Adds to every model what its fields say about quantities, and its rules."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        made = super().model_schema(schema)
        model = schema["cls"]
        for field in model.model_fields.values():
            _finish(made["properties"], field)
        rules = [rule for part in model.__mro__ for rule in RULES.get(part, ())]
        if rules:
            made[VALIDATIONS] = rules
        return made


def _finish(properties: dict[str, Schema], field: FieldInfo) -> None:
    """Complete the schema of one field by what pydantic leaves out of it."""
    name = field.serialization_alias or field.alias or ""
    said = properties[name] = _without_null(properties[name])
    marks = list(_marks(field))
    quantity = QUANTITIES.get(said.get("pattern", ""))
    if quantity:
        if isinstance(field.default, float):
            said["default"] = quantity.show(field.default)
        limits = [(n, getattr(m, n)) for m in marks for n in BOUNDS if hasattr(m, n)]
        if limits:
            said[VALIDATIONS] = [dict(bound(quantity, n, limit)) for n, limit in limits]
    if any(getattr(mark, "func", None) is known_zone for mark in marks):
        said |= {"maxLength": 64, "minLength": 1, VALIDATIONS: [dict(ZONE)]}


def _marks(field: FieldInfo) -> Iterable[Any]:
    """Everything that annotations say about a field, at any depth of an optional one."""
    for mark in (*field.metadata, *_inner_marks(field.annotation)):
        yield from getattr(mark, "metadata", None) or [mark]


def _inner_marks(annotation: Any) -> Iterable[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if type(None) in get_args(annotation) or hasattr(annotation, "__metadata__"):
        for inner in get_args(annotation):
            yield from _inner_marks(inner)


def _without_null(schema: Schema) -> Schema:
    """A field that may be left out is not one that may be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if not options:
        return schema
    rest = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    kept: Schema = options[0] | rest
    return kept


@cache
def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of a model, references resolved and defaults in words."""
    schema = model.model_json_schema(schema_generator=_Generator)
    return _structural(schema, schema.get("$defs", {}))


def _structural(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        schema = target | {key: value for key, value in schema.items() if key != "$ref"}
    schema = _plain(schema)
    for key in ("items", "additionalProperties"):
        if key in schema:
            schema[key] = _structural(schema[key], definitions)
    if "properties" in schema:
        inside = schema["properties"].items()
        schema["properties"] = {name: _structural(field, definitions) for name, field in inside}
    return schema


def _plain(schema: Schema) -> Schema:
    """One level of a schema, in the words of OpenAPI 3.0."""
    result = {k: v for k, v in schema.items() if k not in ("$defs", "title")}
    if "description" in result:
        result["description"] = paragraphs(result["description"])
    extra = result.get("additionalProperties")
    if extra is True:
        return {k: v for k, v in result.items() if k != "additionalProperties"} | _FREE
    if extra is False:
        del result["additionalProperties"]
    elif extra:
        result.setdefault("maxProperties", _MOST)
    if "pattern" in result:
        result.setdefault("maxLength", _MOST)
    for old, new in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if old in result:
            result |= {new: result[old], old: True}
    return dict(sorted(_told(result).items(), key=_order))


def _order(entry: tuple[str, Any]) -> tuple[int, str]:
    """What a schema is first, what is inside it last; the rest by name, whoever made it."""
    name = entry[0]
    first = ("description", "type", "default")
    last = ("items", "additionalProperties", "properties")
    if name in first:
        return first.index(name), name
    return len(first) + (last.index(name) + 1 if name in last else 0), name


def paragraphs(text: str) -> str:
    """A docstring without the line breaks inside its paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


def _told(schema: Schema) -> Schema:
    """Move a default into the description."""
    if "default" not in schema:
        return schema
    schema = dict(schema)
    default = schema.pop("default")
    if isinstance(default, dict) or default in ([], None, ""):
        return schema
    if isinstance(default, bool):
        shown = str(default).lower()
    else:
        shown = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
    text = schema.get("description", "")
    return schema | {"description": f"{text} Default: {shown}."}


def at(schema: Schema, path: Path) -> Schema:
    """The schema of what lies at a path; empty where nothing is known of it."""
    for step in path:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            known = schema.get("properties", {})
            schema = known.get(step, schema.get("additionalProperties", {}))
    return schema
