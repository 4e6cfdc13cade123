"""DataDog's WatermarkPodAutoscaler: one step of a share in every forbidden window.

Rules: DataDog/watermarkpodautoscaler `replica_calculator.go` and its controller. The time of the
last change stands in its status, so that a restart forgets nothing.
"""

from dataclasses import dataclass

import numpy as np

from ebbtide.planning.scoring.rivals import Tick
from ebbtide_policies.lanes import Lanes, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkSettings:
    """One WPA; its defaults are its own, with both watermarks at target load."""

    tolerance: float = 0.1
    up_factor: float = 0.5
    down_factor: float = 0.2
    up_window: float = 60.0
    """Seconds without a rise after a change."""
    down_window: float = 300.0
    tolerate_zero: bool = False


class Watermark:
    """A WPA."""

    def __init__(self, settings: WatermarkSettings, replicas: Lanes) -> None:
        self.settings = settings
        self._moved_at = np.full(np.shape(replicas), -np.inf)

    def decide(self, tick: Tick) -> Number:
        """Answer the replicas to ask for; a metric that is unknown or zero changes nothing."""
        chosen, current, metric = self.settings, np.asarray(tick.current), np.asarray(tick.metric)
        since, need = tick.now - self._moved_at, np.ceil(metric)
        usage = metric / np.maximum(current, 1.0)
        highest = current + np.maximum(1.0, np.floor(current * chosen.up_factor))
        lowest = current - np.maximum(1.0, np.floor(current * chosen.down_factor))
        rises = (usage > 1 + chosen.tolerance) & (since >= chosen.up_window)
        falls = (usage < 1 - chosen.tolerance) & (since >= chosen.down_window)
        falls &= (metric > 0) | chosen.tolerate_zero
        want = np.where(rises, np.minimum(need, highest), current)
        want = np.where(falls, np.maximum(np.maximum(need, lowest), 1.0), want)
        self._moved_at = np.where(want != current, tick.now, self._moved_at)
        return np.asarray(want)
