"""The demand that the lanes of a replay see at one tick, read from tables of all ticks.

A lane is one variant of the policies in one stretch of time. A question that is asked with the same
numbers at every tick, as policies do, is answered for all ticks once, and then only looked up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.seen_demand import SeenDemand
from ebbtide_policies.lanes import Flag, Lanes, Number

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tables:
    """Answers for all ticks, by question and by the numbers that it was asked with."""

    demand: SeenDemand
    _known: dict[tuple[object, ...], tuple[Lanes, Rows | None]] = field(default_factory=dict)
    _columns: dict[tuple[object, ...], Lanes] = field(default_factory=dict)

    def look_up(self, question: str, asked: tuple[Number, ...], ticks: Rows) -> Lanes:
        """The answers of a question at the ticks at which lanes are, as wide as it is asked."""
        key = (question, *(_key(number) for number in asked))
        if key not in self._known:
            self._known[key] = self._answered(question, asked)
        table, column = self._known[key]
        found: Lanes = table[ticks] if column is None else table[ticks, column]
        return found

    def _answered(self, question: str, asked: tuple[Number, ...]) -> tuple[Lanes, Rows | None]:
        """A column for each different way in which lanes ask, and the column of each lane."""
        if all(np.ndim(number) == 0 for number in asked):
            return self._column(question, tuple(map(float, asked))), None
        lanes = np.broadcast_arrays(*asked)
        rows = np.stack([numbers.reshape(-1) for numbers in lanes], axis=1)
        ways, column = np.unique(rows, axis=0, return_inverse=True)
        table = np.stack([self._column(question, tuple(way)) for way in ways.tolist()], axis=1)
        return table, column.reshape(lanes[0].shape)

    def _column(self, question: str, asked: tuple[float, ...]) -> Lanes:
        key = (question, *asked)
        if key not in self._columns:
            answer: Callable[..., Lanes] = getattr(self.demand, question)
            self._columns[key] = answer(*asked)
        return self._columns[key]


def _key(number: Number) -> object:
    """What tells a number, or lanes of them, from others."""
    if isinstance(number, (float, int)):
        return float(number)
    lanes = np.asarray(number, dtype=np.float64)
    return lanes.shape, lanes.tobytes()


@dataclass(frozen=True, slots=True)
class LaneDemand:
    """One signal at the tick that each lane is at: one entry a stretch of time, or one a lane."""

    name: str
    tables: Tables
    ticks: Rows
    alive: float = 1.0
    alive_at_least: float = 0.0

    @property
    def per_replica(self) -> float:
        """Demand that one replica carries at load 1.0, in its own unit."""
        return self.tables.demand.per_replica

    @property
    def age(self) -> Lanes:
        """Seconds since the newest known minute."""
        return self.tables.look_up("age", (), self.ticks)

    @property
    def trusted(self) -> Flag:
        """Whether there is a forecast that may be followed."""
        found: Flag = self.tables.look_up("trusted", (), self.ticks).astype(np.bool_)
        return found

    def present(self) -> Lanes:
        """Demand in the newest known minute."""
        return self.tables.look_up("present", (), self.ticks)

    def peak(self, seconds: Number, until: Number = 0.0) -> Lanes:
        """Highest known demand of the `seconds` that end `until` before the newest known minute."""
        return self.tables.look_up("peak", (seconds, until), self.ticks)

    def lingering(self, seconds: Number, early: Number, since: Number) -> Lanes:
        """Highest demand of the last `seconds` that may yet come back."""
        return self.tables.look_up("lingering", (seconds, early, since), self.ticks)

    def covered(self, seconds: Number) -> Lanes:
        """Share of the minutes in the last `seconds` that are known."""
        return self.tables.look_up("covered", (seconds,), self.ticks)

    def gap(self, seconds: Number) -> Lanes:
        """Length of the longest gap that reaches into the last `seconds`."""
        return self.tables.look_up("gap", (seconds,), self.ticks)

    def largest_drop(self, seconds: Number) -> Lanes:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        return self.tables.look_up("largest_drop", (seconds,), self.ticks)

    def slope(self, seconds: Number) -> Lanes:
        """Change per second over the last `seconds`."""
        return self.tables.look_up("slope", (seconds,), self.ticks)

    def surge(self, seconds: Number, over: Number) -> Lanes:
        """How far demand rises within `seconds`, as it was in the time `over`."""
        return self.tables.look_up("surge", (seconds, over), self.ticks)

    def repeated(self, days: Number, before: Number, after: Number) -> Lanes:
        """Highest demand that came on two of the last `days` days at this time of day."""
        return self.tables.look_up("repeated", (days, before, after), self.ticks)

    def ahead(self, quantile: Number, seconds: Number) -> Lanes:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`]."""
        return self.tables.look_up("ahead", (quantile, seconds), self.ticks)

    def usual(self, start: Number, end: Number) -> Lanes:
        """Highest demand of an ordinary day between the two moments."""
        return self.tables.demand.usual(self.ticks, start, end)
