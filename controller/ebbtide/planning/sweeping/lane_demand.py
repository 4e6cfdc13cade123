"""The demand that the lanes of a replay see at one tick, read from tables of all ticks.

A lane is one variant of the policies in one stretch of time. A question that is asked with the same
numbers at every tick, as policies do, is answered for all ticks once, and then only looked up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ebbtide.planning.sweeping.seen_demand import SeenDemand
from ebbtide.planning.sweeping.seen_past import Rows
from ebbtide_policies.lanes import Flag, Lanes, Number


class Place(NamedTuple):
    """Where lanes are: at which tick each of them, and in which workload."""

    ticks: Rows
    workload: Rows | None = None
    """The workload of each lane, by its number; None: there is only one."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Answers of some workloads for all ticks, by question and by the numbers it was asked with."""

    demands: Sequence[SeenDemand]
    """One signal of each workload."""
    _known: dict[tuple[object, ...], tuple[Lanes, Rows | None]] = field(default_factory=dict)
    _columns: dict[tuple[object, ...], Lanes] = field(default_factory=dict)

    def look_up(self, question: str, asked: tuple[Number, ...], at: Place) -> Lanes:
        """The answers of a question where lanes are, as wide as it is asked."""
        whose: Number = 0.0 if at.workload is None else np.asarray(at.workload, dtype=np.float64)
        key = (question, *(_key(number) for number in (whose, *asked)))
        if key not in self._known:
            self._known[key] = self._answered(question, (whose, *asked))
        table, column = self._known[key]
        found: Lanes = table[at.ticks] if column is None else table[at.ticks, column]
        return found

    def _answered(self, question: str, asked: tuple[Number, ...]) -> tuple[Lanes, Rows | None]:
        """A column for each different way in which lanes ask, and the column of each lane.

        The first number of a way is that of the workload.
        """
        if all(np.ndim(number) == 0 for number in asked):
            return self._column(question, tuple(map(float, asked))), None
        lanes = np.broadcast_arrays(*asked)
        rows = np.stack([numbers.reshape(-1) for numbers in lanes], axis=1)
        ways, column = np.unique(rows, axis=0, return_inverse=True)
        table = np.stack([self._column(question, tuple(way)) for way in ways.tolist()], axis=1)
        return table, column.reshape(lanes[0].shape)

    def _column(self, question: str, asked: tuple[float, ...]) -> Lanes:
        key, (workload, *numbers) = (question, *asked), asked
        if key not in self._columns:
            answer: Callable[..., Lanes] = getattr(self.demands[int(workload)], question)
            self._columns[key] = answer(*numbers)
        return self._columns[key]

    def usual(self, at: Place, start: Number, end: Number) -> Lanes:
        """Highest demand of an ordinary day between two moments, where lanes are."""
        if at.workload is None:
            return self.demands[0].usual(at.ticks, start, end)
        ticks, whose, *moments = np.broadcast_arrays(at.ticks, at.workload, start, end)
        found = np.empty(ticks.shape)
        for number, demand in enumerate(self.demands):
            mine = whose == number
            found[mine] = demand.usual(ticks[mine], *(moment[mine] for moment in moments))
        return found


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
    at: Place

    @property
    def per_replica(self) -> Number:
        """Demand that one replica carries at its target load, in its own unit."""
        return self._own([one.per_replica for one in self.tables.demands])

    @property
    def alive(self) -> Number:
        """The share of scrape targets that answer."""
        if all(one.alive is None for one in self.tables.demands):
            return 1.0
        return self.tables.look_up("answering", (), self.at)

    @property
    def alive_at_least(self) -> Number:
        """The share below which demand is not believed."""
        return self._own([one.alive_at_least for one in self.tables.demands])

    def _own(self, each: Sequence[float]) -> Number:
        """Of the numbers of all workloads that of each lane's own."""
        whose = self.at.workload
        return each[0] if whose is None else np.array(each)[whose]

    @property
    def age(self) -> Lanes:
        """Seconds since the newest known demand."""
        return self.tables.look_up("age", (), self.at)

    @property
    def trusted(self) -> Flag:
        """Whether there is a forecast that may be followed."""
        found: Flag = self.tables.look_up("trusted", (), self.at).astype(np.bool_)
        return found

    def present(self) -> Lanes:
        """Demand in the newest known minute, or more where a look since then found it."""
        return self.tables.look_up("present", (), self.at)

    def peak(self, seconds: Number, until: Number = 0.0) -> Lanes:
        """Highest known demand of the `seconds` that end `until` before the newest known minute."""
        return self.tables.look_up("peak", (seconds, until), self.at)

    def lingering(self, seconds: Number, early: Number, since: Number) -> Lanes:
        """Highest demand of the last `seconds` that may yet come back."""
        return self.tables.look_up("lingering", (seconds, early, since), self.at)

    def covered(self, seconds: Number) -> Lanes:
        """Share of the minutes in the last `seconds` that are known."""
        return self.tables.look_up("covered", (seconds,), self.at)

    def gap(self, seconds: Number) -> Lanes:
        """Length of the longest gap that reaches into the last `seconds`."""
        return self.tables.look_up("gap", (seconds,), self.at)

    def largest_drop(self, seconds: Number) -> Lanes:
        """Largest share lost from one known minute to the next in the last `seconds`."""
        return self.tables.look_up("largest_drop", (seconds,), self.at)

    def slope(self, seconds: Number) -> Lanes:
        """Change per second over the last `seconds`."""
        return self.tables.look_up("slope", (seconds,), self.at)

    def surge(self, seconds: Number, over: Number) -> Lanes:
        """How far demand rises within `seconds`, as it was in the time `over`."""
        return self.tables.look_up("surge", (seconds, over), self.at)

    def repeated(self, days: Number, before: Number, after: Number) -> Lanes:
        """Highest demand that came on two of the last `days` days at this time of day."""
        return self.tables.look_up("repeated", (days, before, after), self.at)

    def ahead(self, quantile: Number, seconds: Number) -> Lanes:
        """Highest value of the forecast's `quantile` over [now, now + `seconds`]."""
        return self.tables.look_up("ahead", (quantile, seconds), self.at)

    def usual(self, start: Number, end: Number) -> Lanes:
        """Highest demand of an ordinary day between the two moments."""
        return self.tables.usual(self.at, start, end)
