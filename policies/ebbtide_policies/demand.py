"""The demand of one named signal as the live loop knows it: minutes of the past, and a forecast."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ebbtide_policies.known_minutes import known_end, moved_on, only_sound, sound
from ebbtide_policies.lanes import UNKNOWN, UNLIMITED, Number, number

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
_PAIR = 2
_ROWS = int(DAY // MINUTE)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast as policies read it: quantiles of demand at whole minutes ahead.

    `values[i, k]` is the quantile `levels[i]` at `origin + 60 * (k + 1)`. Levels in between are
    interpolated; a level above the highest known one is unknown, as a tail can't be guessed.
    """

    origin: float
    levels: tuple[float, ...]
    values: NDArray[np.float64]

    @property
    def end(self) -> float:
        """The last moment that the horizon holds."""
        return float(self.origin + MINUTE * self.values.shape[1])

    def ahead(self, quantile: float, start: float, seconds: float) -> float:
        """Highest value of a quantile over [start, start + seconds]; NaN once it has expired.

        A reach beyond the horizon is answered by what the horizon holds.
        """
        first = max(0, int((start - self.origin) // MINUTE) - 1)
        last = max(first + 1, int(np.ceil((start + seconds - self.origin) / MINUTE)))
        if start > self.end or not self.values.size or quantile > self.levels[-1]:
            return UNKNOWN
        window = self.values[:, first:last].max(axis=1)
        return float(np.interp(quantile, self.levels, window))


class Look(NamedTuple):
    """What demand came to at one moment between two whole minutes, in units of its own."""

    at: float = -np.inf
    """Epoch seconds."""
    value: float = UNKNOWN


NO_LOOK = Look()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Demand in units of its own; every answer is in replicas at target load.

    `minutes` holds one value a minute, NaN for a gap; the newest stands last, at `newest`. Metrics
    are late: the last so many seconds are those that end with the newest known minute. A look that
    has found more since then counts at once; one that found less waits for the next whole minute.
    """

    name: str
    now: float
    per_replica: float
    newest: float
    minutes: NDArray[np.float64]
    look: Look = NO_LOOK
    alive: float = 1.0
    alive_at_least: float = 0.0
    outlook: Outlook | None = None
    trusted: bool = False
    ordinary: NDArray[np.float64] = field(default_factory=lambda: np.full(1440, UNKNOWN))
    """Demand of an ordinary day by minute of the (UTC) day."""
    _end: int = field(init=False, repr=False, compare=False)
    """The index after the newest known minute."""

    def __post_init__(self) -> None:
        """Look once for what every answer begins with."""
        object.__setattr__(self, "_end", known_end(self.minutes))

    @property
    def known_until(self) -> float:
        """The newest known minute; minus infinity when none is known."""
        end = self._end
        return self.newest - (self.minutes.size - end) * MINUTE if end else -UNLIMITED

    @property
    def age(self) -> float:
        """Seconds since the newest known demand."""
        return self.now - (self.look.at if self._part else self.known_until)

    def present(self) -> float:
        """Demand in the newest known minute, or more where a look since then found it."""
        known = self._in_replicas(float(self.minutes[self._end - 1])) if self._end else UNKNOWN
        return float(np.fmax(known, self._risen))

    def peak(self, seconds: Number, until: Number = 0.0) -> float:
        """Highest known demand of the `seconds` that end `until` before the newest known minute."""
        left_out = int(number(until) // MINUTE)
        window = self._last(seconds + left_out * MINUTE)
        highest = self._highest(window[: max(0, window.size - left_out)])
        return highest if number(until) else float(np.fmax(highest, self._risen))

    def lingering(self, seconds: Number, early: Number, since: Number) -> float:
        """Highest demand of the last `seconds`, fading with age, of what came after `since`."""
        window = self._window(seconds)
        age = MINUTE * np.arange(window.size)[::-1]
        kept = 1 - number(early) * age / max(number(seconds), MINUTE)
        at = self.known_until - age
        return self._highest(np.where((at > number(since)) | (age == 0), window * kept, UNKNOWN))

    def covered(self, seconds: Number) -> float:
        """Share of the minutes in the last `seconds` that are known."""
        asked = max(1, int(number(seconds) // MINUTE))
        window = self._window((asked - 1) * MINUTE)
        return np.count_nonzero(~np.isnan(window)) / asked

    def gap(self, seconds: Number) -> float:
        """Length in seconds of the longest run of unknown minutes that reaches into the last."""
        asked = int(number(seconds) // MINUTE) + 1
        window = self._window(seconds + HOUR)
        edges = np.concatenate(([-1.0], np.flatnonzero(np.isfinite(window))))
        recent = edges[1:] > window.size - asked
        return MINUTE * float(np.max(np.diff(edges)[recent], initial=1.0) - 1)

    def largest_drop(self, seconds: Number) -> float:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        window = self._window(seconds + MINUTE)
        known = window[~np.isnan(window)]
        before = np.maximum(known[:-1], 1e-300)
        return float(np.max((known[:-1] - known[1:]) / before, initial=0.0))

    def slope(self, seconds: Number) -> float:
        """Change per second over the last `seconds`, by least squares; NaN under two minutes."""
        window = self._window(seconds)
        if not np.isnan(self._risen):
            window = np.append(moved_on(window, self._part), self.look.value)
        at = np.flatnonzero(~np.isnan(window))
        if at.size < _PAIR:
            return UNKNOWN
        centred = at - at.mean()
        rise = float(centred @ window[at] / (centred @ centred))
        return self._in_replicas(rise / MINUTE)

    def surge(self, seconds: Number, over: Number) -> float:
        """How far demand rises within `seconds`: root mean square over the last `over`."""
        reach = max(1, int(np.ceil(number(seconds) / MINUTE)))
        window = self._window(number(over) + (reach - 1) * MINUTE)
        if window.size <= reach:
            return UNKNOWN
        filled = np.where(np.isnan(window), -np.inf, window)
        highest = sliding_window_view(filled[1:], reach).max(axis=1)
        rises = np.maximum(highest - window[: highest.size], 0.0)
        known = rises[np.isfinite(rises) & np.isfinite(window[reach:])]
        return self._in_replicas(float(np.sqrt(np.mean(known**2)))) if known.size else UNKNOWN

    def repeated(self, days: Number, before: Number, after: Number) -> float:
        """Highest demand that came on two of the last `days` days at this time of day."""
        now = int((self.now - self.newest) // MINUTE) + self.minutes.size - 1
        begin = now - int(number(before) // MINUTE)
        end = now + int(np.ceil(number(after) / MINUTE)) + 1
        back = [day * _ROWS for day in range(1, int(number(days)) + 1)]
        windows = (self.minutes[max(0, begin - ago) : max(0, end - ago)] for ago in back)
        found = sorted(peak for peak in map(self._highest, windows) if not np.isnan(peak))
        return found[-_PAIR] if len(found) >= _PAIR else UNKNOWN

    def ahead(self, quantile: Number, seconds: Number) -> float:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`].

        What lies beyond the horizon is no less than the past of the same length.
        """
        if self.outlook is None:
            return UNKNOWN
        level, reach = number(quantile), number(seconds)
        ahead = self._in_replicas(self.outlook.ahead(level, self.now, reach))
        beyond = self.now + reach > self.outlook.end
        return float(np.maximum(ahead, self.peak(seconds))) if beyond else ahead

    def usual(self, start: Number, end: Number) -> float:
        """Highest demand of an ordinary day between the two moments."""
        begin, lasts = number(start), number(end) - number(start)
        first = int(begin % DAY // MINUTE)
        count = int(np.ceil((begin % MINUTE + min(DAY, max(1.0, lasts))) / MINUTE))
        return self._highest(self.ordinary[(first + np.arange(count)) % self.ordinary.size])

    @property
    def _part(self) -> float:
        """How much of a minute has passed from the newest known one to a look; 0 without any."""
        if not 0 <= self.look.value < UNLIMITED:
            return 0.0
        since = (self.look.at - self.known_until) / MINUTE
        return since if 0 < since < 1 else 0.0

    @property
    def _risen(self) -> float:
        """Demand in replicas as a look found it, where it stood above the newest known minute."""
        if not self._part or self.look.value <= self.minutes[self._end - 1]:
            return UNKNOWN
        return self._in_replicas(self.look.value)

    def _last(self, seconds: Number) -> NDArray[np.float64]:
        """The minutes of the `seconds` that end with the newest known one, as they were read."""
        first = self._end - 1 - int(number(seconds) // MINUTE)
        return self.minutes[max(0, first) : self._end]

    def _window(self, seconds: Number) -> NDArray[np.float64]:
        """The same; NaN where one is no demand."""
        return only_sound(self._last(seconds))

    def _highest(self, values: NDArray[np.float64]) -> float:
        known = values[sound(values)]
        return self._in_replicas(float(known.max())) if known.size else UNKNOWN

    def _in_replicas(self, demand: float) -> float:
        """Demand in replicas at target load; unknown where a replica's capacity is."""
        return demand / self.per_replica if self.per_replica > 0 else UNKNOWN
