"""What is wrong with a value, in words that say what to write instead."""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from ebbtide.api.schemas.cel import BOUNDS, QUANTITIES
from ebbtide.api.schemas.structural import Schema
from ebbtide.api.yaml_text import Path


def why(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    """Say what is wrong; `schema` describes the field, and `around` the object it stands in."""
    kind, shown = error["type"], _shown(error["input"])
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(shown)
    if kind in _COMPOSED:
        return _COMPOSED[kind](error, schema, around)
    text = error["msg"]
    return text[:1].lower() + text[1:]


def unknown(name: object, known: Iterable[str]) -> str:
    """Say that a name is not known, with the nearest one that is."""
    names = list(known)
    near = get_close_matches(str(name), names, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(names)) or 'none'}"
    return f"is not known here; {hint}"


def place(at: Path) -> str:
    """Write a path as people do: `spec.events.double-11.expect[0].times`."""
    steps = (step for step in at if step != _KEY)
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


_KEY = "[key]"
"""How pydantic tells that a key is wrong, and not what stands under it."""
_LONGEST = 40
_MAP = "{} is not a map; write its fields below it"
_LIST = "{} is not a list"
_WHOLE = "{} is not a whole number"
_SENTENCES = {
    "missing": "is missing, and has to be there",
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": "{} is not a number",
    "bool_type": "{} is neither true nor false",
    "string_type": "{} is not text; text that looks like something else stands in quotes",
    "dict_type": _MAP,
    "model_type": _MAP,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "string_too_short": "must not be empty",
}


def _shown(value: Any) -> str:
    """A value as people write it; a long one in short."""
    if isinstance(value, str):
        return repr(value)
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _extra(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    return unknown(error["loc"][-1], around.get("properties", {}))


def _choice(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    known = ", ".join(map(str, schema.get("enum", ()))) or error["ctx"]["expected"]
    return f"{_shown(error['input'])} is none of {known}"


def _value(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    return str(error["ctx"]["error"])


def _pattern(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    return f"{_shown(error['input'])} does not fit: {schema.get('description', error['msg'])}"


def _limit(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    name, limit = next((n, v) for n, v in error["ctx"].items() if n in BOUNDS)
    quantity = QUANTITIES.get(schema.get("pattern", ""))
    shown = quantity.show(limit) if quantity else f"{limit:g}"
    return f"has to be {BOUNDS[name][1]} {shown}"


def _size(error: ErrorDetails, schema: Schema, around: Schema) -> str:
    said = error["ctx"]
    if "min_length" in said:
        return f"needs at least {said['min_length']}"
    return f"is too long: at most {said['max_length']}"


_COMPOSED: Mapping[str, Callable[[ErrorDetails, Schema, Schema], str]] = {
    "extra_forbidden": _extra,
    "enum": _choice,
    "value_error": _value,
    "string_pattern_mismatch": _pattern,
    "greater_than": _limit,
    "greater_than_equal": _limit,
    "less_than": _limit,
    "less_than_equal": _limit,
    "too_short": _size,
    "too_long": _size,
    "string_too_long": _size,
}
