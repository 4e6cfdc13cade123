"""Turns an announcement into the Kubernetes event that tells of it."""

from typing import NamedTuple

from ebbtide.adapters.kubernetes.api_server import micro_time
from ebbtide.api.kinds import API_VERSION, GROUP
from ebbtide.api.timestamps import epoch
from ebbtide.loop.ports.cluster import Announcement, Json
from ebbtide.loop.ports.loose_json import mapping

CONTROLLER = f"{GROUP}/ebbtide"
_NOTE_BYTES = 1024
"""The longest note that the API server takes, in bytes."""
_BEGINNING = 50
"""How much of its policy's name begins the name of an event; the server completes it."""


class Occurrence(NamedTuple):
    """An event about one of our objects, as the API server keeps it."""

    at: float
    """Epoch seconds."""
    workload: str
    """`namespace/name` of what it is about."""
    reason: str
    note: str
    warning: bool


def occurrence(item: Json) -> Occurrence | None:
    """Return one of our events as it was written; None for what others wrote."""
    about = mapping(item.get("regarding"))
    if item.get("reportingController") != CONTROLLER:
        return None
    try:
        at = epoch(str(item.get("eventTime")))
    except ValueError:
        return None
    return Occurrence(
        at=at,
        workload=f"{about.get('namespace')}/{about.get('name')}",
        reason=str(item.get("reason") or ""),
        note=str(item.get("note") or ""),
        warning=item.get("type") == "Warning",
    )


def event_body(event: Announcement, instance: str, now: float) -> Json:
    """Return the body of an event about a policy."""
    about = event.about
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": _beginning(about.name, now), "namespace": about.namespace},
        "eventTime": micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": about.kind,
            "namespace": about.namespace,
            "name": about.name,
            "uid": about.uid,
            "resourceVersion": about.resource_version,
        },
        "reason": event.reason,
        "action": event.action,
        "note": _note(event.message),
        "type": "Warning" if event.warning else "Normal",
    }


def _beginning(name: str, now: float) -> str:
    """The name of an event up to what the server adds: in the order of time, as kubectl sorts."""
    return f"{name[:_BEGINNING]}.{int(now * 1e6):x}-"


def _note(message: str) -> str:
    """Return a message no longer than an event may carry, cut between characters."""
    raw = message.encode()
    if len(raw) <= _NOTE_BYTES:
        return message
    return raw[: _NOTE_BYTES - 3].decode(errors="ignore") + "..."
