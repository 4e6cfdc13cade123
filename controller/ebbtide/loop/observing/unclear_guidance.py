"""What people have written that can't be understood: it may say anything of those it is about.

The API server refuses most of what is wrong, but a time that clocks skip, or a time zone that only
its own database has, gets in. Such a freeze would not hold, and such an event would come upon a
fleet that was let go; so nothing goes while it may be in force, and it is said aloud.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ebbtide.api.fields.field_types import selects
from ebbtide.api.kinds import CAPACITY_OVERRIDE
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.cluster import Resource
from ebbtide.loop.ports.loose_json import items, mapping
from ebbtide_policies.observation import UNCLEAR, Override

_ALWAYS = float("inf")
_ZONES = 14 * 3600.0
"""No time zone is farther from UTC than this many seconds."""
_BEFORE = 86400.0
"""Seconds before an event from which on a fleet may be made ready for it."""


class Unclear(NamedTuple):
    """A calendar or an override that can't be understood, and what can be told of it."""

    what: str
    """Its kind, namespace and name."""
    namespace: str
    why: str
    about: tuple[Mapping[str, str], ...]
    """The selectors of those it may be about."""
    spans: tuple[tuple[float, float], ...]
    """When it may be in force, whatever its time zone."""

    def concerns(self, labels: Mapping[str, str]) -> bool:
        """Whether it may be about a CapacityPolicy with these labels."""
        return any(selects(selector, labels) for selector in self.about)

    def words(self, now: float) -> Iterator[Override]:
        """A freeze while it may be in force, a mere mention before; nothing once it is over."""
        over = max((end for _, end in self.spans), default=-_ALWAYS)
        if now < over:
            freeze = any(begin <= now < end for begin, end in self.spans)
            why = f"it can't be understood, so nothing goes while it may hold: {self.why}"
            yield Override(self.what, why, over, freeze=freeze, spoken=UNCLEAR)


def unclear(resource: Resource, error: InvalidInput) -> Unclear:
    """What can be told of a calendar or an override that can't be understood."""
    spec, where = resource.spec, resource.namespace
    what, why = f"{resource.kind} {resource.key}", "; ".join(str(error).splitlines())
    if resource.kind == CAPACITY_OVERRIDE.name:
        span = (-_ALWAYS, _moment(spec.get("until"), _ALWAYS) + _ZONES)
        return Unclear(what, where, why, (_selector(spec),), (span,))
    events = [mapping(event) for event in mapping(spec.get("events")).values()]
    about = [_selector(mapping(one)) for event in events for one in items(event.get("expect"))]
    spans = tuple(map(_span, events))
    return Unclear(what, where, why, tuple(about), spans)


def _span(event: Mapping[str, Any]) -> tuple[float, float]:
    """When a fleet may be made ready for an event, or be needed for it."""
    begun = [_moment(event.get(at), -_ALWAYS) for at in ("start", "readyBy") if at in event]
    begin = min(begun, default=-_ALWAYS)
    return begin - _BEFORE - _ZONES, _moment(event.get("end"), _ALWAYS) + _ZONES


def _moment(local: Any, otherwise: float) -> float:
    """A local time as if it were of UTC."""
    try:
        return datetime.fromisoformat(str(local)).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return otherwise


def _selector(said: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(label): str(value) for label, value in mapping(said.get("selector")).items()}
