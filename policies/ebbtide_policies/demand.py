"""The demand of one named signal as the live loop knows it: minutes of the past, and a forecast."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.lanes import UNKNOWN

MINUTE = 60.0
DAY = 86400.0
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast as policies read it: quantiles of demand at whole minutes ahead.

    `values[i, k]` is the quantile `levels[i]` at `origin + 60 * (k + 1)`. Levels in between are
    interpolated; a level above the highest known one is unknown, as a tail can't be guessed.
    """

    origin: float
    levels: tuple[float, ...]
    values: NDArray[np.float64]

    def ahead(self, quantile: float, start: float, seconds: float) -> float:
        """Highest value of a quantile over [start, start + seconds]; NaN once it has expired.

        A reach beyond the horizon is answered by what the horizon holds.
        """
        first = max(0, int(np.floor((start - self.origin) / MINUTE)) - 1)
        last = max(first + 1, int(np.ceil((start + seconds - self.origin) / MINUTE)))
        if first >= self.values.shape[1] or quantile > self.levels[-1]:
            return UNKNOWN
        window = self.values[:, first:last].max(axis=1)
        return float(np.interp(quantile, self.levels, window))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Demand in units of its own; every answer is in replicas at load 1.0.

    `minutes` holds one value a minute, NaN for a gap; the newest stands last, at `newest`.
    """

    name: str
    now: float
    per_replica: float
    newest: float
    minutes: NDArray[np.float64]
    alive: float = 1.0
    alive_at_least: float = 0.0
    outlook: Outlook | None = None
    trusted: bool = False
    ordinary: NDArray[np.float64] = field(default_factory=lambda: np.full(1440, UNKNOWN))
    """Demand of an ordinary day by minute of the (UTC) day."""

    @property
    def age(self) -> float:
        """Seconds since the newest known minute."""
        known = np.flatnonzero(~np.isnan(self.minutes))
        if not known.size:
            return float("inf")
        behind = (self.minutes.size - 1 - known[-1]) * MINUTE
        return float(self.now - self.newest + behind)

    def present(self) -> float:
        """Demand in the newest known minute."""
        known = self.minutes[~np.isnan(self.minutes)]
        return float(known[-1] / self.per_replica) if known.size else UNKNOWN

    def peak(self, seconds: float) -> float:
        """Highest known demand of the last `seconds`."""
        window = self._window(seconds)
        known = window[~np.isnan(window)]
        return float(known.max() / self.per_replica) if known.size else UNKNOWN

    def covered(self, seconds: float) -> float:
        """Share of the minutes in the last `seconds` that are known; one may be on its way."""
        asked = max(1, int(seconds // MINUTE) - 1)
        known = np.count_nonzero(~np.isnan(self._window(seconds)))
        return min(1.0, known / asked)

    def largest_drop(self, seconds: float) -> float:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        window = self._window(seconds + MINUTE)
        known = window[~np.isnan(window)]
        if known.size < _PAIR:
            return 0.0
        before = np.maximum(known[:-1], 1e-300)
        return float(np.max((known[:-1] - known[1:]) / before, initial=0.0))

    def slope(self, seconds: float) -> float:
        """Change per second over the last `seconds`, by least squares; NaN under two minutes."""
        window = self._window(seconds)
        at = np.flatnonzero(~np.isnan(window))
        if at.size < _PAIR:
            return UNKNOWN
        centred = at - at.mean()
        rise = float(centred @ window[at] / (centred @ centred))
        return rise / MINUTE / self.per_replica

    def ahead(self, quantile: float, seconds: float) -> float:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`]."""
        if self.outlook is None:
            return UNKNOWN
        return self.outlook.ahead(quantile, self.now, seconds) / self.per_replica

    def usual(self, start: float, end: float) -> float:
        """Highest demand of an ordinary day between the two moments."""
        first = int(start % DAY // MINUTE)
        count = int(min(DAY, max(MINUTE, end - start)) // MINUTE)
        day = self.ordinary[(first + np.arange(count)) % self.ordinary.size]
        known = day[~np.isnan(day)]
        return float(known.max() / self.per_replica) if known.size else UNKNOWN

    def _window(self, seconds: float) -> NDArray[np.float64]:
        """The minutes that lie in the last `seconds` before now."""
        stale = max(0.0, self.now - self.newest)
        count = int((seconds - stale) // MINUTE) + 1 if seconds >= stale else 0
        return self.minutes[max(0, self.minutes.size - count) :] if count else self.minutes[:0]
