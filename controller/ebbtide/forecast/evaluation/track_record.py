"""The track record of forecasts that were really made: how wrong they turned out to be.

At some numbers of minutes ahead what was foreseen is kept until that minute is known. Its error,
and that which persistence would have made, are averaged over the last hours, with forgetting. Where
nobody erred nothing is learnt of either, and both are forgotten until they are alike: so a service
that sleeps over the weekend is not judged on Monday by how it fell asleep.
"""

import numpy as np

from ebbtide.forecast.columnwise import mean
from ebbtide.forecast.contract import Floats, Forecast, History, Measured, Rows

AHEAD = (1, 3, 10, 30, 60, 120)
"""Minutes ahead at which errors are tracked, as far as the horizon holds them."""
LEAST = 0.05
"""The share of its memory that a record has to hold before it says anything."""
NOISE = 1e-3
"""Errors below this share of the highest demand of late are none, as no fleet follows them: on a
constant series nobody is better, nor on one that sleeps."""
SIZE_MEMORY = 28.0
"""How much longer than errors the size of the demand is remembered, by which they are none."""
WORST = 20.0
"""No error counts as more than so many of persistence: one of them is forgotten in time."""
NIL = 1e-30
_NEVER = -np.inf


class TrackRecord:
    """What came of the forecasts of some series."""

    def __init__(self, horizon: int, over: Floats) -> None:
        """Remember errors for `over` rows, one number a series."""
        self.ahead = tuple(rows for rows in AHEAD if rows <= horizon)
        self._over = np.maximum(over, 1.0)
        size = over.size
        self._origins = np.full((self.ahead[-1] + 1, size), _NEVER)
        self._made = np.full((self.ahead[-1] + 1, len(self.ahead), size), np.nan)
        self._weight = np.zeros((len(self.ahead), size))
        self._means = np.zeros((3, len(self.ahead), size))
        """Of the errors, of those of persistence, and of what came."""
        self._size = np.zeros(size)
        """The highest demand of late."""

    def seed(self, members: Rows, history: History, found: Measured) -> None:
        """Begin with what a forecaster measured: as if all of the memory had been spent on it."""
        of_late = round(SIZE_MEMORY * self._over.max())
        self._size[members] = self._grown(members, history.minutes[-of_late:])
        for i, rows in enumerate(self.ahead):
            nearest = int(np.argmin([abs(np.log(rows / ahead)) for ahead in found.ahead]))
            recent = history.minutes[-int(self._over.max()) - rows :]
            plain = _persistence(recent, rows)
            ratio = np.minimum(found.own[nearest] / np.maximum(found.plain[nearest], NIL), WORST)
            known = np.isfinite(ratio) & np.isfinite(plain) & (self._weight[i, members] == 0)
            at = members[known]
            self._weight[i, at] = 1.0
            came = np.nan_to_num(mean(np.abs(recent)))
            self._means[:, i, at] = np.stack((ratio * plain, plain, came))[:, known]

    def _grown(self, members: Rows, minutes: Floats) -> Floats:
        """The highest demand of late, with some rows more."""
        return np.asarray(np.fmax(self._size[members], np.fmax.reduce(np.abs(minutes))))

    def add(self, members: Rows, history: History, made: Forecast) -> None:
        """Score what was foreseen for the last row of a history, and keep what is foreseen now."""
        self._size[members] *= 1 - 1 / (SIZE_MEMORY * self._over[members])
        self._size[members] = self._grown(members, history.minutes[-1:])
        ahead = np.array([rows for rows in self.ahead if rows < len(history.minutes)], dtype=int)
        if ahead.size:
            foreseen = self._foreseen(history.end, history.grid, ahead, members)
            before = history.minutes[-1 - ahead]
            self._score(members, np.stack((foreseen, before)), history.minutes[-1])
        slot = round(history.end / history.grid) % len(self._origins)
        self._origins[slot, members] = history.end
        self._made[slot][:, members] = made.values[0, np.array(self.ahead) - 1]

    def ratios(self) -> Floats:
        """Errors against those of persistence, (ahead, series); NaN while too few are known."""
        own, plain, _ = self._told()
        noise = NOISE * self._size + NIL
        ratios: Floats = np.maximum(own, noise) / np.maximum(plain, noise)
        return ratios

    def shares(self) -> Floats:
        """Errors as shares of what came, (ahead, series); NaN while too few are known."""
        own, _, came = self._told()
        shares: Floats = own / np.maximum(came, NIL)
        return shares

    def _told(self) -> Floats:
        """The means, once they hold enough."""
        means: Floats = self._means / np.maximum(self._weight, NIL)
        return np.where(self._weight >= LEAST, means, np.nan)

    def _foreseen(self, now: float, grid: float, ahead: Rows, members: Rows) -> Floats:
        """What was foreseen of now, so many rows before it, (ahead, members); NaN: nothing was."""
        origins = (now - ahead * grid)[:, np.newaxis]
        slots = np.rint(origins / grid).astype(int) % len(self._origins)
        then = self._origins[slots, members] == origins
        return np.where(
            then, self._made[slots, np.arange(ahead.size)[:, np.newaxis], members], np.nan
        )

    def _score(self, members: Rows, foreseen: Floats, came: Floats) -> None:
        """Take in the errors of what was foreseen, (2, ahead, members): its own, persistence's."""
        first = slice(foreseen.shape[1])
        weight, means = self._weight[first, members], self._means[:, first, members]
        usual = means[1] / np.maximum(weight, NIL)
        error = np.abs(foreseen - came)
        capped = (weight >= LEAST) & (usual > 0)
        error[0] = np.where(capped, np.minimum(error[0], WORST * usual), error[0])
        known = np.isfinite(error).all(axis=0)
        new = np.stack((*error, np.broadcast_to(np.abs(came), known.shape)))
        share = 1.0 / self._over[members]
        self._weight[first, members] = np.where(known, weight + share * (1.0 - weight), weight)
        told = np.where(known, means + share * (new - means), means)
        none = NOISE * self._size[members]
        quiet = known & (error <= none).all(axis=0)
        told[0] = np.where(quiet, _drawn(told, share, none), told[0])
        self._means[:, first, members] = told


def _drawn(means: Floats, share: Floats, none: Floats) -> Floats:
    """Mean errors drawn to those of persistence, from no further off than counts."""
    own, plain, _ = means
    own = np.minimum(own, WORST * (plain + none + NIL))
    return np.asarray(own + share * (plain - own))


def _persistence(minutes: Floats, rows: int) -> Floats:
    """The mean error of persistence so many rows ahead, a value a series; NaN of nothing."""
    change = np.abs(minutes[rows:] - minutes[: max(0, len(minutes) - rows)])
    return mean(change)
