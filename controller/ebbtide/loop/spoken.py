"""What people have written beside the policies: calendars and overrides, understood once each."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ebbtide.errors import InvalidInput
from ebbtide.loop.ports import Resource

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
