"""What of a need settings are judged by where an objective decides: here and in the operator."""

from collections.abc import Sequence

import numpy as np

from ebbtide.api.capacity_policy.settings_by_phase import LimitsByPhase, most_replicas
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Event


def counted_need(need: Lanes, now: Lanes, events: Sequence[Event], limits: LimitsByPhase) -> Lanes:
    """A need in replicas at some moments, of no more than may be; NaN where it says nothing.

    What was announced is the calendar's to carry, and what no setting could have served is no
    setting's fault. NaN, too, where the need is unknown.
    """
    apart = [(event.ready_by <= now) & (now < event.end) for event in events]
    silent = np.isnan(need) | np.any(apart, axis=0)
    return np.where(silent, UNKNOWN, np.minimum(need, most_replicas(limits)))
