"""Reads the guidance of people, anew at every tick: each version of an object is parsed once."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ebbtide.api.reading.parse import parse_calendar, parse_override, parse_profile
from ebbtide.errors import InvalidInput
from ebbtide.loop.observing.guidance import Guidance
from ebbtide.loop.observing.unclear_guidance import Unclear, unclear
from ebbtide.loop.ports.cluster import Resource, Survey

log = logging.getLogger("ebbtide.loop")
T = TypeVar("T")


class _ResourceReader(Generic[T]):
    """Reads resources of one kind, each version of them once."""

    def __init__(self, parse: Callable[[Mapping[str, Any]], T]) -> None:
        self._parse = parse
        self._known: dict[tuple[str, str], T | InvalidInput] = {}
        self.left_out: Sequence[Unclear] = ()
        """Those of the last reading that can't be understood."""

    def of(self, resources: Iterable[Resource]) -> Sequence[tuple[Resource, T]]:
        """Those that are understood. One that is not is left out, and stops no other."""
        found = {(r.uid, r.resource_version): r for r in resources if not r.deleting}
        self._known = {at: self._known.get(at) or self._read(r) for at, r in found.items()}
        self.left_out = [
            unclear(found[at], known)
            for at, known in self._known.items()
            if isinstance(known, InvalidInput)
        ]
        return [
            (found[at], known)
            for at, known in self._known.items()
            if not isinstance(known, InvalidInput)
        ]

    def _read(self, resource: Resource) -> T | InvalidInput:
        try:
            return self._parse(resource.spec)
        except InvalidInput as error:
            log.warning("%s %s can't be understood: %s", resource.kind, resource.key, error)
            return error.kept()


class GuidanceReader:
    """Reads calendars, overrides and profiles into guidance."""

    def __init__(self, everywhere: str) -> None:
        """The guidance in the namespace `everywhere` holds for all."""
        self._everywhere = everywhere
        self._calendars = _ResourceReader(parse_calendar)
        self._overrides = _ResourceReader(parse_override)
        self._profiles = _ResourceReader(parse_profile)

    def of(self, survey: Survey) -> Guidance:
        """The guidance that holds now."""
        return Guidance(
            [(r.namespace, said) for r, said in self._calendars.of(survey.calendars)],
            [(r.namespace, r.name, said) for r, said in self._overrides.of(survey.overrides)],
            self._everywhere,
            {(r.namespace, r.name): said for r, said in self._profiles.of(survey.profiles)},
            [*self._calendars.left_out, *self._overrides.left_out],
        )
