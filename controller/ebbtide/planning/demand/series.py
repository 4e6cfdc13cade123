"""Demand over time: one value a minute, known or not, from a generator or from a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ebbtide.planning.demand.recording import Recording
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes
from ebbtide_policies.observation import Event


@dataclass(frozen=True, kw_only=True)
class DemandSeries:
    """Demand in units of its own (viewers, streams, jobs), one value a minute."""

    start: float
    """Epoch seconds of the first minute; a multiple of 60."""
    minutes: Lanes
    """One value a minute; NaN where it was not recorded."""
    events: Sequence[Event] = ()
    """What a calendar announced."""
    apart: float = MINUTE
    """Seconds from one recorded value to the next; between them it is drawn from point to point."""
    live_from: float = UNKNOWN
    """Minutes before this moment are history; NaN: there is none."""
    alive: Lanes | None = None
    """The share of scrape targets that answered, one value a minute; None: nobody recorded it."""

    def __post_init__(self) -> None:
        for minutes in (self.minutes, self.alive):
            if minutes is not None:
                minutes.flags.writeable = False

    @property
    def end(self) -> float:
        """Epoch seconds of the last minute."""
        return self.start + MINUTE * (self.minutes.size - 1)

    @property
    def drawn(self) -> bool:
        """Whether it was recorded less often than once a minute."""
        return self.apart > MINUTE

    @cached_property
    def _known(self) -> tuple[Lanes, Lanes]:
        """Moments and values of the known minutes."""
        at = np.flatnonzero(~np.isnan(self.minutes))
        return np.asarray(self.start + MINUTE * at, dtype=np.float64), self.minutes[at]

    def at(self, moments: float | Lanes) -> Lanes:
        """Answer what demand truly is: linear from one known minute to the next, through gaps."""
        return np.asarray(np.interp(np.asarray(moments), *self._known))

    def known_at(self, moments: Lanes) -> Lanes:
        """The same where it is known; NaN in a gap, up to the minutes on both sides."""
        position = np.clip((moments - self.start) / MINUTE, 0, self.minutes.size - 1)
        unknown = np.isnan(_interpolated(position, self.minutes))
        if unknown.all():
            return np.full(np.shape(moments), UNKNOWN)
        return np.where(unknown, UNKNOWN, self.at(moments))

    def seen(self, moments: Lanes, delay: float) -> Lanes:
        """Answer what a scaler reads: the newest minute that is `delay` old; NaN in a gap."""
        return self.recorded(np.floor((moments - delay) / MINUTE) * MINUTE)

    def between(self, moments: Lanes) -> Lanes:
        """Answer what a look at any moments shows: what is drawn there, and else nothing.

        Of a recording with a value for every minute nobody knows what was between two of them.
        """
        if not self.drawn:
            return np.full(np.shape(moments), UNKNOWN)
        position = np.clip((moments - self.start) / MINUTE, 0, self.minutes.size - 1)
        inside = (moments >= self.start) & (moments <= self.end)
        return np.where(inside, _interpolated(position, self.minutes), UNKNOWN)

    def recorded(self, moments: Lanes) -> Lanes:
        """Look up whole minutes; NaN where nothing was recorded."""
        index = np.round((moments - self.start) / MINUTE).astype(np.int64)
        inside = (index >= 0) & (index < self.minutes.size)
        return np.where(inside, self.minutes[np.where(inside, index, 0)], UNKNOWN)


def by_minute(recording: Recording) -> DemandSeries:
    """One value a minute: interpolated between points; minutes beside a gap are gaps too."""
    start, step, values = recording
    first = np.ceil(start / MINUTE) * MINUTE
    grid = np.arange(first, start + step * (values.size - 1) + 1, MINUTE)
    minutes = _interpolated((grid - start) / step, values)
    return DemandSeries(start=float(first), minutes=minutes, apart=step)


def _interpolated(position: Lanes, values: Lanes) -> Lanes:
    """Values at fractional positions; a point needs no neighbour, and NaN spreads to neither."""
    before = np.floor(position).astype(np.int64)
    part = position - before
    after = np.minimum(before + 1, values.size - 1)
    between = values[before] * (1 - part) + values[after] * part
    return np.where(part == 0, values[before], between)
