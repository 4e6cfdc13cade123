"""The signals that are to be forecast, and what is known of each."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.capacity_policy.forecast import TrustSpec
from ebbtide.forecast.contract import NOTHING_KNOWN, SeriesContext
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.known_minutes import only_sound, sound

Key = tuple[str, str]
"""A workload's key and the name of one of its signals."""

_USUAL_TRUST = TrustSpec()

LATE_MINUTES = 180
"""Minutes at the end of a history that are searched for the newest before all of it is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The forecaster that was chosen for a signal, and why."""

    model: str
    why: str
    at: float
    """The newest minute that it was chosen by."""


@dataclass(frozen=True, slots=True)
class Column:
    """The known minutes of one signal, the last of them at `newest`, and how to forecast it."""

    key: Key
    newest: float
    minutes: NDArray[np.float64]
    model: str
    horizon: float
    context: SeriesContext = NOTHING_KNOWN
    edition: int = 0
    """How often more of its past has become known."""
    whole: bool = True
    """Whether all of its past has been read that there is."""
    trust: TrustSpec = _USUAL_TRUST
    chosen: Choice | None = None
    """What was chosen by whoever forecast it before, where that is on record."""

    @property
    def rows(self) -> int:
        """Rows ahead that are asked for."""
        return int(self.horizon // MINUTE)

    @property
    def learner(self) -> tuple[str, int, str]:
        """Whom it may be forecast by: those of whom the same is asked, by the same clock."""
        return self.model, self.rows, self.context.clock

    def end(self) -> float | None:
        """The moment of the newest known minute; None where there is none."""
        for minutes in (self.minutes[-LATE_MINUTES:], self.minutes):
            known = np.flatnonzero(sound(minutes))
            if known.size:
                return self.newest - (minutes.size - 1 - int(known[-1])) * MINUTE
        return None

    def known(self, end: float) -> NDArray[np.float64]:
        """The minutes from the first known one to `end`; NaN where one is no demand."""
        last = self.minutes.size - round((self.newest - end) / MINUTE)
        late = not self.minutes[0] >= 0  # only then all of them have to be searched
        some = self.minutes[int(np.argmax(sound(self.minutes))) if late else 0 : last]
        return only_sound(some) if np.count_nonzero(some < 0) else some


class Task(NamedTuple):
    """One signal to forecast, from what is known up to `end`."""

    column: Column
    end: float
