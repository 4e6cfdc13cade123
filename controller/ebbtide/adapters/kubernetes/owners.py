"""Reads who has written a field out of an object's managedFields."""

from ebbtide.loop.ports.autoscalers import Owner
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.loose_json import mapping


def owners_of(item: Json, field: str) -> tuple[Owner, ...]:
    """Return the managers of a field of the spec, like `f:replicas`, the latest first.

    Where nobody is named for it, those that have written the scale: a kind of its own may keep its
    replicas in a field of another name.
    """
    entries = mapping(item.get("metadata")).get("managedFields")
    found = [mapping(each) for each in entries] if isinstance(entries, list) else []
    named = [each for each in found if field in mapping(_fields(each).get("f:spec"))]
    named = named or [each for each in found if each.get("subresource") == "scale"]
    latest = sorted(named, key=lambda each: str(each.get("time") or ""), reverse=True)
    return tuple(
        Owner(str(each.get("manager") or "unknown"), each.get("operation") == "Apply")
        for each in latest
    )


def _fields(entry: Json) -> Json:
    return mapping(entry.get("fieldsV1"))
