"""Knative's pod autoscaler: averages of two windows, a panic mode, a rate that has no period.

Rules: knative/serving `pkg/autoscaler/scaling/autoscaler.go` and its configuration's defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ebbtide.planning.scoring.rivals import Tick
from ebbtide_policies.lanes import Lanes, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class KnativeSettings:
    """One KPA; its defaults are those of Knative, but for the sync."""

    stable: float = 60.0
    """Seconds of the stable window."""
    panic: float = 6.0
    """Seconds of the panic window."""
    threshold: float = 2.0
    """Panic begins where the panic window asks for so many times what is ready."""
    down_rate: float = 2.0
    up_rate: float = 1000.0
    delay: float = 0.0
    """Seconds of `scale-down-delay`: the highest wish of so long holds."""
    sync: float = 15.0


class Knative:
    """A KPA with the memory it keeps. It starts in panic mode, which holds what there is."""

    def __init__(self, settings: KnativeSettings, replicas: Lanes) -> None:
        self.settings = settings
        self._seen: list[tuple[float, Lanes]] = []
        self._wanted: list[tuple[float, Lanes]] = []
        self._due = -np.inf
        self._panic_at = np.full(np.shape(replicas), -np.inf)
        self._highest = np.asarray(replicas, dtype=np.float64)
        self._started = False

    def decide(self, tick: Tick) -> Number:
        """Answer the replicas to ask for; without a metric, or between two syncs, those that are.

        Every call is a scrape.
        """
        if not self._started:
            self._panic_at, self._started = np.full(self._panic_at.shape, tick.now), True
        current, chosen = np.asarray(tick.current), self.settings
        known = np.isfinite(tick.metric)
        scraped = np.where(known, tick.metric, current)
        self._seen = [*_younger(self._seen, tick.now, chosen.stable), (tick.now, scraped)]
        if tick.now < self._due:
            return current
        self._due = tick.now + chosen.sync
        low, high = np.floor(current / chosen.down_rate), np.ceil(current * chosen.up_rate)
        stable = np.clip(np.ceil(self._average(tick.now, chosen.stable)), low, high)
        panic = np.clip(np.ceil(self._average(tick.now, chosen.panic)), low, high)
        want = self._panicking(tick.now, current, stable, panic)
        self._wanted = [*_younger(self._wanted, tick.now, chosen.delay), (tick.now, want)]
        delayed = np.max([wish for _, wish in self._wanted], axis=0)
        return np.asarray(np.where(known, np.maximum(delayed, 1.0), current))

    def _panicking(self, now: float, current: Lanes, stable: Lanes, panic: Lanes) -> Lanes:
        """The wish; in panic mode nothing is let go until a stable window has passed."""
        over = panic / np.maximum(current, 1.0) >= self.settings.threshold
        self._panic_at = np.where(over, now, self._panic_at)
        calm = now > self._panic_at + self.settings.stable
        self._panic_at = np.where(calm, -np.inf, self._panic_at)
        both = np.maximum(stable, panic)
        self._highest = np.where(calm, 0.0, np.maximum(self._highest, both))
        return np.asarray(np.where(calm, stable, np.maximum(self._highest, current)))

    def _average(self, now: float, seconds: float) -> Lanes:
        recent = [*_younger(self._seen[:-1], now, seconds), self._seen[-1]]
        return np.asarray(np.mean([scraped for _, scraped in recent], axis=0))


def _younger(
    kept: Sequence[tuple[float, Lanes]], now: float, seconds: float
) -> Sequence[tuple[float, Lanes]]:
    """Those that are strictly younger than so many seconds."""
    return [(at, value) for at, value in kept if now - at < seconds]
