"""What people have written beside the policies: calendars and overrides, understood once each."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ebbtide.api.parse import parse_calendar, parse_override, parse_profile
from ebbtide.errors import InvalidInput
from ebbtide.loop.observing.guidance import Words
from ebbtide.loop.ports.cluster import Resource, Survey

log = logging.getLogger("ebbtide.loop")
T = TypeVar("T")


class Spoken(Generic[T]):
    """Reads resources of one kind, each version of them once."""

    def __init__(self, parse: Callable[[Mapping[str, Any]], T]) -> None:
        self._parse = parse
        self._known: dict[tuple[str, str], T | InvalidInput] = {}

    def of(self, resources: Iterable[Resource]) -> Sequence[tuple[Resource, T]]:
        """Those that are understood. One that is not is said so, and stops no other."""
        found = {(r.uid, r.resource_version): r for r in resources if not r.deleting}
        self._known = {at: self._known.get(at) or self._read(r) for at, r in found.items()}
        return [
            (found[at], known)
            for at, known in self._known.items()
            if not isinstance(known, InvalidInput)
        ]

    def _read(self, resource: Resource) -> T | InvalidInput:
        try:
            return self._parse(resource.spec)
        except InvalidInput as error:
            log.warning("%s %s is left out: %s", resource.kind, resource.key, error)
            return error


class Heard:
    """Understands calendars, overrides and profiles, each version of them once."""

    def __init__(self, everywhere: str) -> None:
        """Of a house whose words hold for all in the namespace `everywhere`."""
        self._everywhere = everywhere
        self._calendars, self._overrides = Spoken(parse_calendar), Spoken(parse_override)
        self._profiles = Spoken(parse_profile)

    def of(self, survey: Survey) -> Words:
        """What is said now."""
        return Words(
            [(r.namespace, said) for r, said in self._calendars.of(survey.calendars)],
            [(r.namespace, r.name, said) for r, said in self._overrides.of(survey.overrides)],
            self._everywhere,
            {(r.namespace, r.name): said for r, said in self._profiles.of(survey.profiles)},
        )
