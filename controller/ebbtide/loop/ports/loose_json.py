"""JSON that others have written: what is of another kind than it was to be counts as nothing."""

from typing import Any

from ebbtide.loop.ports.cluster import Json


def mapping(value: Any) -> Json:
    """Return a JSON object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def maps(value: Any) -> list[Json]:
    """Return the JSON objects of a list; of anything else none."""
    return [each for each in items(value) if isinstance(each, dict)]


def whole(value: Any) -> int | None:
    """Return a whole number; anything else is unknown."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
