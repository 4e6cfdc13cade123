"""What knows when an event ends: cron triggers and schedules, with nothing after it or a ramp.

KEDA's cron scaler asks for `desiredReplicas` in its window and for nothing after it
(kedacore/keda `pkg/scalers/cron_scaler.go`); kube-metrics-adapter's ScalingSchedule goes down in
steps (zalando-incubator/kube-metrics-adapter `scaling_schedule_collector.go`). Both are metrics
for an HPA. Downscalers and scripts write the number themselves.
"""

from collections.abc import Callable

import numpy as np

from ebbtide.planning.scoring.rivals import Rival, Tick
from ebbtide_policies.lanes import Number

Schedule = Callable[[float], Number]
"""Replicas asked for at a moment."""


def cron(replicas: float, ends: Number) -> Schedule:
    """So many until the end, and nothing after it."""
    return lambda now: np.where(np.less(now, ends), replicas, 0.0)


def stairs(replicas: float, ends: Number, window: float = 600.0, steps: int = 10) -> Schedule:
    """So many until the end, then equal steps down to nothing within the window."""

    def asked(now: float) -> Number:
        left = np.floor((1 - (now - ends) / window) * steps + 1e-9)
        return np.asarray(np.clip(left, 0, steps) * replicas / steps)

    return asked


class Scheduled:
    """A rival that reads the larger of a metric and a schedule."""

    def __init__(self, rival: Rival, schedule: Schedule) -> None:
        self._rival, self._schedule = rival, schedule

    def decide(self, tick: Tick) -> Number:
        """Answer what the rival does with the larger of both."""
        asked = self._schedule(tick.now)
        unknown = np.isnan(tick.metric)
        larger = np.where(unknown & (asked == 0), tick.metric, np.fmax(tick.metric, asked))
        return self._rival.decide(tick._replace(metric=larger))


class Jump:
    """Downscalers, cronhpa jobs, rollbacks: one number until the end, another from then on."""

    def __init__(self, before: Number, after: Number, ends: Number) -> None:
        self._before, self._after, self._ends = before, after, ends

    def decide(self, tick: Tick) -> Number:
        """Answer the number that was written."""
        number = np.where(np.less(tick.now, self._ends), self._before, self._after)
        return np.asarray(np.broadcast_to(number, np.shape(tick.current)))
