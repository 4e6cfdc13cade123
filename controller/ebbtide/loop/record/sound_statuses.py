"""Statuses that are what the house writes: each is looked at once, and no other is relied on."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydantic import ValidationError

from ebbtide.api.status.capacity_policy import CapacityPolicyStatus
from ebbtide.loop.ports.cluster import Resource

log = logging.getLogger("ebbtide.loop")


class SoundStatuses:
    """Knows the versions of policies whose statuses are sound."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, policies: Iterable[Resource]) -> Sequence[Resource]:
        """The policies; with no status at all where one holds what the house can't have written.

        So a status that somebody has tampered with is one that was lost: all begins with most care.
        """
        found = [(one, self._is_known(one) or _is_sound(one)) for one in policies]
        self._known = {one.key: one.resource_version for one, sound in found if sound}
        return [one if sound else replace(one, status={}) for one, sound in found]

    def wrote(self, policy: Resource) -> None:
        """Know of a status that was just written, and is kept as it was written."""
        self._known[policy.key] = policy.resource_version

    def _is_known(self, policy: Resource) -> bool:
        version = policy.resource_version
        return bool(version) and self._known.get(policy.key) == version


def _is_sound(policy: Resource) -> bool:
    try:
        CapacityPolicyStatus.model_validate_json(json.dumps(policy.status), strict=True)
    except ValidationError as error:
        at = ".".join(str(part) for part in error.errors()[0]["loc"])
        log.warning("%s: status.%s can't be understood; begin anew", policy.key, at)
        return False
    return True
