"""Whether the pods that went with a step are those that were chosen."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ebbtide.api.timestamps import epoch_or_none
from ebbtide.loop.pods.pod_sessions import PodSessions
from ebbtide.loop.ports.cluster import Resource, Target

_LATE = 5.0
"""Seconds by which the API server's clock may be behind ours."""


class MissedVictims(NamedTuple):
    """Pods that went although they had not been chosen, and what they carried."""

    names: tuple[str, ...] = ()
    """Pods that were chosen to go, and are still there."""
    disrupted: int = 0
    """Live sessions on the pods that went in their place; at least one where nobody knows."""

    def __str__(self) -> str:
        return ", ".join(self.names)


def missed_victims(resource: Resource, counted: PodSessions, target: Target) -> MissedVictims:
    """Compare what was to go by the record with what is there.

    Nothing is known yet while the ReplicaSet is still at work, or where the step was never taken.
    """
    status = resource.status
    victims, step = (status.get("sessions") or {}).get("victims", ()), status.get("lastStep")
    if not victims or not step or target.replicas > step["to"] or counted.crew.surplus:
        return MissedVictims()
    missed = tuple(name for name in victims if name in counted.active)
    at = epoch_or_none(step["at"]) or 0.0
    others = [
        pod.name
        for pod in counted.ending
        if pod.name not in victims and (pod.terminating_since or 0.0) >= at - _LATE
    ]
    seen = sum(_at_least(counted.sessions, name) for name in others[: len(missed)])
    return MissedVictims(missed, seen + max(0, len(missed) - len(others)))


def _at_least(sessions: Mapping[str, float], name: str) -> int:
    count = sessions.get(name, np.nan)
    return 1 if np.isnan(count) else int(count)
