"""One signal of the demand as a scaler sees it, at every tick of a replay at once.

`Signal` answers the questions of the policies for one moment; this answers each question for all
moments in a few passes over the recording, so that a replay asks nothing twice. Both say the same.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.sweeping.seen_forecasts import NO_FORECASTS, Forecasts
from ebbtide.planning.sweeping.seen_past import (
    Rows,
    newest_known,
    second_highest,
    slopes,
    surges,
)
from ebbtide.planning.windows import highest_behind
from ebbtide_policies.demand import DAY, HOUR, MINUTE
from ebbtide_policies.known_minutes import ANSWER_WITHIN, moved_on, only_sound, sound
from ebbtide_policies.lanes import UNKNOWN, UNLIMITED, Lanes, Number

_LEAST = 1e-300
DELAY = 30.0
"""Seconds until a minute can be read, where nothing else is said."""


class Recorded(NamedTuple):
    """What was recorded: one value a minute from `start` (epoch seconds), NaN for a gap."""

    start: float
    minutes: Lanes


@dataclass(frozen=True, kw_only=True)
class SeenDemand:
    """A signal at every tick; all answers are in replicas at target load, one entry a tick."""

    recorded: Recorded
    now: Lanes
    """Epoch seconds of the ticks."""
    delay: float
    """Seconds until a minute can be read."""
    per_replica: float
    looks: Lanes | None = None
    """Demand as it was `delay` ago, in its own units, at each tick; NaN where no look shows it."""
    forecasts: Forecasts = NO_FORECASTS
    alive: Lanes | None = None
    """The share of scrape targets that answered, one value a minute; None: all of them."""
    alive_at_least: float = 0.0
    """The share below which demand is not believed."""

    @cached_property
    def _row(self) -> Rows:
        """The newest known minute at each tick, -1 before there is one."""
        return newest_known(self._known, self._last)

    @cached_property
    def _last(self) -> Rows:
        """The newest minute that can be read at each tick."""
        since = self.now - self.delay - self.recorded.start
        return np.floor(since / MINUTE).astype(np.int64)

    @cached_property
    def _before(self) -> Rows:
        """For each minute, the known one before it; -1 where there is none."""
        at = np.where(np.isfinite(self._known), np.arange(self._known.size), -1)
        found: Rows = np.concatenate(([-1], np.maximum.accumulate(at)[:-1]))
        return found

    @cached_property
    def _known(self) -> Lanes:
        return only_sound(self.recorded.minutes)

    def age(self) -> Lanes:
        """Seconds since the newest known demand."""
        at = np.where(np.isnan(self._look), self._until, self.now - self.delay)
        return np.where(self._row >= 0, self.now - at, UNLIMITED)

    def answering(self) -> Lanes:
        """The share of scrape targets that answered of late; NaN where nobody says so."""
        if self.alive is None:
            return np.ones(self.now.size)
        row = newest_known(self.alive, self._last)
        recent = (row >= 0) & (self.now - self.recorded.start - MINUTE * row <= ANSWER_WITHIN)
        return np.where(recent, self.alive[np.maximum(row, 0)], UNKNOWN)

    def trusted(self) -> NDArray[np.bool_]:
        """Whether there is a forecast that may be followed."""
        if not self.forecasts.origins.size:
            return np.zeros(self.now.size, dtype=np.bool_)
        index = self._forecast
        return np.where(index >= 0, self.forecasts.trusted[index], False)

    def present(self) -> Lanes:
        """Demand in the newest known minute, or more where a look since then found it."""
        return self.peak(0.0)

    def peak(self, seconds: float, until: float = 0.0) -> Lanes:
        """Highest known demand of the `seconds` that end `until` before the newest known minute."""
        filled = np.where(np.isnan(self._known), -np.inf, self._known)
        rows = self._row - int(until // MINUTE)
        highest = highest_behind(filled, int(seconds // MINUTE))[np.maximum(rows, 0)]
        highest = np.where((rows >= 0) & (highest > -np.inf), highest, UNKNOWN)
        return self._in_replicas(highest if until else np.fmax(highest, self._risen))

    def lingering(self, seconds: float, early: float, since: float) -> Lanes:
        """Highest demand of the last `seconds` after `since`, fading with age."""
        found = np.full(self.now.size, UNKNOWN)
        for back in range(int(seconds // MINUTE) + 1):
            kept = 1 - early * MINUTE * back / max(seconds, MINUTE)
            at = self._until - MINUTE * back
            counts = (at > since) | (back == 0)
            found = np.fmax(found, np.where(counts, self._back(back) * kept, UNKNOWN))
        return self._in_replicas(found)

    def covered(self, seconds: float) -> Lanes:
        """Share of the minutes in the last `seconds` that are known."""
        asked = max(1, int(seconds // MINUTE))
        counts = [np.isfinite(self._back(back)) for back in range(asked)]
        return np.asarray(np.sum(counts, axis=0) / asked)

    def gap(self, seconds: float) -> Lanes:
        """Length of the longest gap in the last `seconds`; all before the recording is one."""
        asked, window = int(seconds // MINUTE), int((seconds + HOUR) // MINUTE) + 1
        first = self._row - window + 1
        longest = np.ones(self.now.size, dtype=np.int64)
        for back in range(asked):
            row = self._row - back
            known = self._before[np.maximum(row, 0)]
            before = np.where(known < 0, first - 1, np.maximum(known, first - 1))
            there = np.isfinite(self._back(back))
            longest = np.where(there, np.maximum(longest, row - before), longest)
        return np.asarray(MINUTE * (longest - 1.0), dtype=np.float64)

    def largest_drop(self, seconds: float) -> Lanes:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        rows = int((seconds + MINUTE) // MINUTE)
        first, largest = np.maximum(0, self._row - rows), np.zeros(self.now.size)
        for back in range(rows):
            row = np.maximum(self._row - back, 0)
            before = self._before[row]
            there = np.isfinite(self._back(back)) & (before >= first)
            old = self._known[np.maximum(before, 0)]
            lost = (old - self._known[row]) / np.maximum(old, _LEAST)
            largest = np.where(there, np.maximum(largest, lost), largest)
        return largest

    def slope(self, seconds: float) -> Lanes:
        """Change per second over the last `seconds`, by least squares."""
        rows = int(seconds // MINUTE)
        values = np.stack([self._back(back) for back in range(rows, -1, -1)])
        found = slopes(values)
        if self.looks is not None:
            part = (self.now - self.delay - self._until) / MINUTE
            later = np.concatenate((moved_on(values, part), self._risen[np.newaxis]))
            found = np.where(np.isnan(self._risen), found, slopes(later))
        return self._in_replicas(found / MINUTE)

    def surge(self, seconds: float, over: float) -> Lanes:
        """How far demand rises within `seconds`: root mean square over the last `over`."""
        reach = max(1, int(np.ceil(seconds / MINUTE)))
        return self._in_replicas(self._at(surges(self._known, reach, int(over // MINUTE))))

    def repeated(self, days: float, before: float, after: float) -> Lanes:
        """Highest demand that came on two of the last `days` days at this time of day."""
        margin = int(before // MINUTE), int(np.ceil(after / MINUTE))
        row = np.floor((self.now - self.recorded.start) / MINUTE).astype(np.int64)
        return self._in_replicas(second_highest(self._known, row, int(days), margin))

    def ahead(self, quantile: float, seconds: float) -> Lanes:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`].

        What lies beyond the horizon is no less than the past of the same length.

        Raises:
            InvalidInput: it is further than the forecasts that are kept.

        """
        made = self.forecasts
        if not made.origins.size or quantile > made.levels[-1]:
            return np.full(self.now.size, UNKNOWN)
        ahead = self._in_replicas(made.highest(self._forecast, self.now, quantile, seconds))
        beyond = self.now + seconds > made.ends[np.maximum(self._forecast, 0)]
        return np.where(beyond, np.maximum(ahead, self.peak(seconds)), ahead)

    def usual(self, ticks: Rows, start: Number, end: Number) -> Lanes:
        """Highest demand of an ordinary day between two moments, as known at some of the ticks."""
        made, at = self.forecasts, self._forecast[ticks]
        if made.day is None or not made.day.size:
            return np.full(np.broadcast_shapes(ticks.shape, np.shape(start)), UNKNOWN)
        begin, lasts = np.asarray(start, dtype=np.float64), np.maximum(1.0, np.subtract(end, start))
        count = np.ceil((begin % MINUTE + np.minimum(DAY, lasts)) / MINUTE)[..., np.newaxis]
        offset = np.arange(int(count.max()))
        row = (begin % DAY // MINUTE).astype(np.int64)[..., np.newaxis] + offset
        values = made.days[made.day[at][..., np.newaxis], row % made.days.shape[1]]
        counted = np.isfinite(values) & (offset < count) & (at[..., np.newaxis] >= 0)
        highest = np.where(counted, values, -np.inf).max(axis=-1)
        return self._in_replicas(np.where(highest == -np.inf, UNKNOWN, highest))

    @cached_property
    def _until(self) -> Lanes:
        """The newest known minute at each tick."""
        return np.asarray(self.recorded.start + MINUTE * self._row, dtype=np.float64)

    @cached_property
    def _look(self) -> Lanes:
        """What a look shows between the newest known minute and the next."""
        if self.looks is None:
            return np.full(self.now.size, UNKNOWN)
        since = self.now - self.delay - self._until
        counts = (self._row >= 0) & (since > 0) & (since < MINUTE) & sound(self.looks)
        return np.where(counts, self.looks, UNKNOWN)

    @cached_property
    def _risen(self) -> Lanes:
        """The same, where it stands above that minute."""
        return np.where(self._look > self._back(0), self._look, UNKNOWN)

    @cached_property
    def _forecast(self) -> Rows:
        """The forecast in force at each tick, -1 before there is one."""
        found: Rows = np.searchsorted(self.forecasts.since, self.now, side="right") - 1
        return found

    def _at(self, minutes: Lanes) -> Lanes:
        return np.where(self._row >= 0, minutes[np.maximum(self._row, 0)], UNKNOWN)

    def _back(self, back: int) -> Lanes:
        """The value so many minutes before the newest known one."""
        row = self._row - back
        return np.where(row >= 0, self._known[np.maximum(row, 0)], UNKNOWN)

    def _in_replicas(self, demand: Lanes) -> Lanes:
        return demand / self.per_replica
