"""Kapacity's gray scale-down: part of the way from the last target to this one, then more of it.

Rules: traas-stack/kapacity `intelligenthorizontalpodautoscaler_controller.go`. What it calls the
previous number is the last *target*, and a target with a new expiry is a new target: so a forecast
that moves skips the ramp. Both stand in its status, so that a restart forgets nothing.
"""

from dataclasses import dataclass

import numpy as np

from ebbtide.planning.scoring.rivals import Tick, recommended
from ebbtide_policies.lanes import Lanes, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class KapacitySettings:
    """One IntelligentHorizontalPodAutoscaler with a gray strategy."""

    percent: float = 20.0
    """How much more of the way goes in each interval."""
    interval: float = 60.0
    expires: float = np.inf
    """Seconds after which a target counts as a new one: how often a forecast has a new point."""


class Kapacity:
    """An IHPA with the HPA's formula for its portrait, and no tolerance."""

    def __init__(self, settings: KapacitySettings, replicas: Lanes) -> None:
        self.settings = settings
        self._target = np.asarray(replicas, dtype=np.float64)
        self._previous = self._target
        self._done = np.full(self._target.shape, 100.0)
        self._moved_at = np.full(self._target.shape, -np.inf)
        self._renewed_at = -np.inf

    def decide(self, tick: Tick) -> Number:
        """Answer the replicas to ask for; without a metric those that are."""
        want = np.asarray(recommended(tick.metric, tick.current, 1.0, 0.0))
        want = np.maximum(np.where(np.isnan(want), self._target, want), 1.0)
        self._retarget(tick.now, want)
        ramping = (self._target < self._previous) & (self._done < 100)  # percent
        due = (self._done == 0) | (tick.now - self._moved_at >= self.settings.interval)
        step = ramping & due
        self._done = np.where(step, np.minimum(self._done + self.settings.percent, 100), self._done)
        self._moved_at = np.where(step, tick.now, self._moved_at)
        way = np.trunc((self._previous - self._target) * self._done / 100)
        part = self._previous - np.maximum(1.0, way)
        descending = (self._target < self._previous) & (self._done < 100)
        return np.asarray(np.where(descending, part, self._target))

    def _retarget(self, now: float, want: Lanes) -> None:
        """Take a new target: the one before it becomes where the ramp starts."""
        renewed = now - self._renewed_at >= self.settings.expires
        self._renewed_at = now if renewed or self._renewed_at < 0 else self._renewed_at
        new = (want != self._target) | renewed
        self._previous = np.where(new, self._target, self._previous)
        self._target = np.where(new, want, self._target)
        falls = new & (self._target < self._previous)
        self._done = np.where(falls, 0.0, np.where(new, 100.0, self._done))
