"""Demand that did not happen: what was recorded, scaled, or at another time."""

from dataclasses import dataclass, replace

import numpy as np

from ebbtide.planning.demand import MINUTE, DemandSeries
from ebbtide_policies.lanes import UNKNOWN, Lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A change of the demand that is replayed; the history before it stays as it was."""

    times: float = 1.0
    """The demand is so many times what was recorded."""
    later: float = 0.0
    """Seconds by which all of it comes later; whole minutes, and negative for sooner."""

    def of(self, series: DemandSeries, start: float) -> DemandSeries:
        """The demand from `start` (epoch seconds) on, if it had been so."""
        first = int(np.clip(round((start - series.start) / MINUTE), 0, series.minutes.size))
        past, coming = series.minutes[:first], series.minutes[first:]
        return replace(series, minutes=np.concatenate((past, self.times * self._moved(coming))))

    def _moved(self, minutes: Lanes) -> Lanes:
        """Minutes moved by whole ones; what moves in from outside is unknown."""
        by = round(self.later / MINUTE)
        by = int(np.clip(by, -minutes.size, minutes.size))
        fill = np.full(abs(by), UNKNOWN)
        if by >= 0:
            return np.concatenate((fill, minutes[: minutes.size - by]))
        return np.concatenate((minutes[-by:], fill))
