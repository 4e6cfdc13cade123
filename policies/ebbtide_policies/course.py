"""The course of one query of a policy's own: its last minutes, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Number, number


class Followed(NamedTuple):
    """A query whose last so many seconds a policy wants to see."""

    promql: str
    seconds: float


class Course(Protocol):
    """The last minutes of a query. What is not known counts for nothing; NaN: nothing is known."""

    @property
    def newest(self) -> Number:
        """The moment of the newest known minute; NaN when none is known."""

    def median(self, start: Number, end: Number) -> Number:
        """Median of the known minutes from `start` up to, not including, `end`."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """One value a minute, NaN for a gap; the last of them stands at `end`."""

    end: float
    values: NDArray[np.float64]

    @property
    def newest(self) -> float:
        """The moment of the newest known minute."""
        known = np.flatnonzero(np.isfinite(self.values))
        if not known.size:
            return UNKNOWN
        return self.end - float(self.values.size - 1 - known[-1]) * MINUTE

    def median(self, start: Number, end: Number) -> float:
        """Median of the known minutes from `start` up to, not including, `end`."""
        rows = np.arange(self.values.size)
        at = self.end - (self.values.size - 1 - rows) * MINUTE
        inside = (at >= number(start)) & (at < number(end)) & np.isfinite(self.values)
        return float(np.median(self.values[inside])) if inside.any() else UNKNOWN


_NEVER = Minutes(0.0, np.full(1, UNKNOWN))
"""The course of a query that nobody has asked."""


@dataclass(frozen=True, slots=True)
class Courses:
    """The courses of all queries that policies follow, by `policy/key`."""

    known: Mapping[str, Course] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    """Those that tell of another fleet than this one: of that of a day which is replayed."""

    def tells(self, policy: str, key: str) -> bool:
        """Whether one of a policy's queries tells of this very fleet."""
        return f"{policy}/{key}" not in self.foreign

    def of(self, policy: str, key: str) -> Course:
        """The course of one of a policy's queries."""
        return self.known.get(f"{policy}/{key}", _NEVER)


NOT_FOLLOWED = Courses()
"""No query is followed."""
