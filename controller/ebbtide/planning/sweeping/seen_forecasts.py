"""The forecasts that a replay rests on, made once for as many variants as there are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import InvalidInput
from ebbtide.planning.sweeping.seen_past import Rows, highest_row, interpolated
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes

_NO_DAYS = np.empty((0, 1440))


class Forecasts(NamedTuple):
    """The forecasts that were made, in the demand's own units."""

    levels: tuple[float, ...]
    since: Lanes
    """Epoch seconds from which each is in force, up to the next one; ascending."""
    origins: Lanes
    """Epoch seconds of each forecast's last known minute."""
    values: Lanes
    """`values[first[forecast] + step, level]` at `origin + 60 * (step + 1)`: as far as they have to
    reach, which is further before a gap."""
    first: Rows
    """Where the steps of each forecast begin, and at last where those of the last one end."""
    steps: int
    """Minutes that each forecast reached, kept or not."""
    trusted: NDArray[np.bool_]
    days: Lanes = _NO_DAYS
    """Ordinary days by minute of the (UTC) day, one a row, in the demand's own units."""
    day: Rows | None = None
    """The row of `days` that each forecast came with; None: an ordinary day is not known."""

    @property
    def ends(self) -> Lanes:
        """The last moment that each forecast holds."""
        return self.origins + MINUTE * self.steps

    def highest(self, which: Rows, now: Lanes, quantile: float, seconds: float) -> Lanes:
        """Highest value of a quantile over [now, now + `seconds`], as far as a forecast reaches.

        `which` is in force at each moment, -1 where none is. Unknown where it has expired.

        Raises:
            InvalidInput: it is further than what is kept of a forecast.

        """
        index = np.maximum(which, 0)
        origin, begin = self.origins[index], self.first[index]
        there = (which >= 0) & (now <= self.ends[index])
        soon = np.maximum(0, np.floor((now - origin) / MINUTE).astype(np.int64) - 1)
        late = np.ceil((now + seconds - origin) / MINUTE).astype(np.int64)
        late = np.minimum(np.maximum(soon + 1, late), self.steps)
        if np.any(there & (begin + late > self.first[index + 1])):
            raise InvalidInput(
                f"{seconds:,.0f} s ahead is further than forecasts are kept for this replay"
            )
        rows = begin + np.where(there, soon, 0), begin + np.where(there, late, 1)
        found = interpolated(self.levels, highest_row(self.values, *rows), quantile)
        return np.where(there, found, UNKNOWN)


NO_FORECASTS = Forecasts(
    levels=(0.5,),
    since=np.empty(0),
    origins=np.empty(0),
    values=np.empty((0, 1)),
    first=np.zeros(1, dtype=np.int64),
    steps=0,
    trusted=np.empty(0, dtype=np.bool_),
)
"""Where nothing is foreseen."""


def end_to_end(each: Sequence[Lanes]) -> tuple[Lanes, Rows]:
    """The values of some forecasts, (levels, steps), and where each begins, as they are kept."""
    first: Rows = np.cumsum([0, *(values.shape[1] for values in each)], dtype=np.int64)
    return np.concatenate([values.T for values in each]), first
