"""Turns an announcement into the Kubernetes event that tells of it."""

from ebbtide.adapters.api_server import micro_time
from ebbtide.adapters.own_objects import GROUP, VERSION
from ebbtide.loop.ports import Announcement, Json

CONTROLLER = f"{GROUP}/ebbtide"
_NOTE_BYTES = 1024
"""The longest note that the API server takes, in bytes."""
_BEGINNING = 50
"""How much of its policy's name begins the name of an event; the server completes it."""


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
            "apiVersion": f"{GROUP}/{VERSION}",
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
