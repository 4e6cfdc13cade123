"""What the API server writes down of the requests of one namespace: when each was received."""

import json
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from ebbtide.api.timestamps import epoch


class Request(NamedTuple):
    """One request that was granted."""

    by: str
    """The name of the user or the service account."""
    verb: str
    resource: str
    received: float
    answered: float
    made: str
    """The version of the object that it made; empty where the record does not hold it."""


class AuditLog:
    """Reads on in the record of the API server, at every look."""

    def __init__(self, path: Path, namespace: str) -> None:
        self._path, self._mine = path, f'"namespace":"{namespace}"'.encode()
        self._guard = threading.Lock()
        self._looked_at = 0
        self._requests: list[Request] = []

    def requests(self) -> Sequence[Request]:
        """All requests that are on record by now, in the order of their answers."""
        with self._guard:
            self._read_on()
            return tuple(self._requests)

    def _read_on(self) -> None:
        """Read what was written since the last look; a line that is not whole comes later."""
        with self._path.open("rb") as log:
            log.seek(self._looked_at)
            for line in log:
                if not line.endswith(b"}\n"):
                    break
                self._looked_at += len(line)
                if self._mine in line:
                    self._note(json.loads(line))

    def _note(self, one: dict[str, Any]) -> None:
        if one["responseStatus"]["code"] < HTTPStatus.MULTIPLE_CHOICES:
            self._requests.append(_request(one))


def _request(one: dict[str, Any]) -> Request:
    made = (one.get("responseObject") or {}).get("metadata") or {}
    return Request(
        one["user"]["username"].rpartition(":")[2],
        one["verb"],
        one["objectRef"]["resource"],
        epoch(one["requestReceivedTimestamp"]),
        epoch(one["stageTimestamp"]),
        str(made.get("resourceVersion") or ""),
    )
