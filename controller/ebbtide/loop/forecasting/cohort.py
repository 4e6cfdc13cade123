"""Signals that are forecast together, by a forecaster of their own that nobody else touches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.api.capacity_policy.forecast import TrustSpec
from ebbtide.forecast.columnwise import geometric_mean
from ebbtide.forecast.contract import (
    LEVELS,
    NOTHING_KNOWN,
    Context,
    Forecaster,
    History,
    SeriesContext,
)
from ebbtide.forecast.evaluation.track_record import TrackRecord
from ebbtide.loop.forecasting.provisional_minutes import ProvisionalMinutes
from ebbtide.loop.ports.metrics import MINUTE
from ebbtide_policies.demand import Outlook

Key = tuple[str, str]
"""A workload's key and the name of one of its signals."""
Make = Callable[[], Forecaster]
"""Makes a forecaster that has learnt nothing yet."""

_USUAL_TRUST = TrustSpec()

TOGETHER = 256
"""Signals that one forecaster learns at most: so many wait for each other at first sight."""

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
            known = np.flatnonzero(~np.isnan(minutes))
            if known.size:
                return self.newest - (minutes.size - 1 - int(known[-1])) * MINUTE
        return None

    def known(self, end: float) -> NDArray[np.float64]:
        """The minutes from the first known one to `end`."""
        last = self.minutes.size - round((self.newest - end) / MINUTE)
        late = np.isnan(self.minutes[0])  # only then all of them have to be searched
        return self.minutes[int(np.argmax(~np.isnan(self.minutes))) if late else 0 : last]


class Task(NamedTuple):
    """One signal to forecast, from what is known up to `end`."""

    column: Column
    end: float


@dataclass(frozen=True, slots=True)
class SignalForecast:
    """What a forecaster said about one signal."""

    task: Task
    outlook: Outlook
    ordinary: NDArray[np.float64]
    experienced: bool
    """Whether enough is known for a forecast that could be followed."""
    ratios: Mapping[int, float]
    """Its error against that of persistence, by minutes ahead; NaN while it is not known."""
    shares: Mapping[int, float]
    """Its error as a share of the demand that came, by minutes ahead."""
    ratio: float
    """The error against that of persistence, over all minutes ahead."""


@dataclass(frozen=True, slots=True)
class FailedForecast:
    """A signal that a forecaster could not forecast."""

    task: Task
    error: Exception


class Cohort:
    """A forecaster, and the record of what it said about its members.

    It is touched by one thread at a time: by the one that works for it, then by that of the loop.
    """

    def __init__(self, name: str, make: Make, members: Sequence[Task]) -> None:
        self.name = name
        self.slow = True
        """Whether a forecast takes long, as the first one may."""
        self.busy = False
        self._make = make
        self._forecaster: Forecaster | None = None
        first = members[0].column
        self._place = {task.column.key: i for i, task in enumerate(members)}
        self._taught = {task.column.key: task.column.edition for task in members}
        self._learner = first.learner
        over = [task.column.trust.over / MINUTE for task in members]
        self._record = TrackRecord(first.rows, np.array(over))
        self._provisional = ProvisionalMinutes(len(members))
        self._seeded = False

    def fits(self, column: Column) -> bool:
        """Whether a signal is still what this forecaster has learnt."""
        taught = self._taught.get(column.key) == column.edition
        return taught and column.learner == self._learner

    def work(self, tasks: Sequence[Task]) -> Sequence[SignalForecast | FailedForecast]:
        """Forecast some of the members; those of one shape in one call."""
        forecaster = self._forecaster = self._forecaster or self._make()
        batches: dict[tuple[float, int], list[Task]] = {}
        for task in tasks:
            shape = task.end, task.column.known(task.end).size
            batches.setdefault(shape, []).append(task)
        said = [each for batch in batches.values() for each in self._one(forecaster, batch)]
        self._seeded = True
        return said

    def _one(
        self, forecaster: Forecaster, tasks: Sequence[Task]
    ) -> Iterable[SignalForecast | FailedForecast]:
        """One call; where that fails, one call for each, as one series must stop no other."""
        try:
            return self._forecast(forecaster, tasks)
        except Exception as error:  # noqa: BLE001 - told by the loop, with the name of the signal
            if len(tasks) == 1:
                return [FailedForecast(tasks[0], error)]
            return [each for task in tasks for each in self._one(forecaster, [task])]

    def _forecast(self, forecaster: Forecaster, tasks: Sequence[Task]) -> Sequence[SignalForecast]:
        columns = [task.column.known(task.end) for task in tasks]
        context = Context(tuple(task.column.context for task in tasks))
        members = np.array([self._place[task.column.key] for task in tasks])
        history = History(tasks[0].end, np.stack(columns).T)
        self._provisional.recall(members, history)
        made = forecaster.forecast(history, tasks[0].column.rows, context)
        self._record.add(members, history, made)
        if not self._seeded and made.measured is not None:
            self._record.seed(members, history, made.measured)
        ratios, shares = self._record.ratios()[:, members], self._record.shares()[:, members]
        every = geometric_mean(ratios).tolist()
        return [
            SignalForecast(
                task=task,
                outlook=Outlook(made.origin, LEVELS, made.values[:, :, i].copy()),
                ordinary=made.ordinary[:, i].copy(),
                experienced=bool(made.trusted[i]),
                ratios=self._by_ahead(ratios[:, i]),
                shares=self._by_ahead(shares[:, i]),
                ratio=every[i],
            )
            for i, task in enumerate(tasks)
        ]

    def _by_ahead(self, values: NDArray[np.float64]) -> Mapping[int, float]:
        return dict(zip(self._record.ahead, values.tolist(), strict=True))
