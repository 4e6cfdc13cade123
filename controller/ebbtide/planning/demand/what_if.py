"""Demand that did not happen: what was recorded, scaled, at another time, or with an event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes


class Event(NamedTuple):
    """An earlier event that comes again."""

    start: float
    """Epoch seconds."""
    seconds: float
    """How long it lasts."""
    peak: float
    """Its highest demand."""
    shape: Sequence[float]
    """Its course in shares of the peak, evenly spaced from start to end."""

    def over(self, moments: Lanes) -> Lanes:
        """The demand that it brings at some moments; NaN before and after it."""
        place = (moments - self.start) / self.seconds
        course = np.interp(place, np.linspace(0.0, 1.0, len(self.shape)), self.shape)
        return np.where((place >= 0) & (place <= 1), self.peak * course, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A change of the demand that is replayed; the history before it stays as it was."""

    times: float = 1.0
    """The demand is so many times what was recorded."""
    later: float = 0.0
    """Seconds by which all of it comes later; whole minutes, and negative for sooner."""
    event: Event | None = None
    """While it goes on, demand is at least what it brings."""

    def of(self, series: DemandSeries, start: float) -> DemandSeries:
        """The demand from `start` (epoch seconds) on, if it had been so."""
        first = int(np.clip(round((start - series.start) / MINUTE), 0, series.minutes.size))
        past, coming = series.minutes[:first], self.times * self._moved(series.minutes[first:])
        if self.event:
            moments = series.start + MINUTE * np.arange(float(first), series.minutes.size)
            coming = np.fmax(coming, self.event.over(moments))
        alive = series.alive
        if alive is not None:
            alive = np.concatenate((alive[:first], self._moved(alive[first:])))
        return replace(series, minutes=np.concatenate((past, coming)), alive=alive)

    def _moved(self, minutes: Lanes) -> Lanes:
        """Minutes moved by whole ones; what moves in from outside is unknown."""
        by = round(self.later / MINUTE)
        by = int(np.clip(by, -minutes.size, minutes.size))
        fill = np.full(abs(by), UNKNOWN)
        if by >= 0:
            return np.concatenate((fill, minutes[: minutes.size - by]))
        return np.concatenate((minutes[-by:], fill))
