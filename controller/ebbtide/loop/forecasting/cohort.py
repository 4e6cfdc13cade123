"""Signals that are forecast together, by a forecaster of their own that nobody else touches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.columnwise import geometric_mean
from ebbtide.forecast.contract import LEVELS, Context, Floats, Forecaster, History, Joinable
from ebbtide.loop.forecasting.members import first_met, together
from ebbtide.loop.forecasting.signals import Column, Key, Task
from ebbtide_policies.demand import Outlook

Make = Callable[[], Forecaster]
"""Makes a forecaster that has learnt nothing yet."""


@dataclass(frozen=True, slots=True)
class SignalForecast:
    """What a forecaster said about one signal."""

    task: Task
    outlook: Outlook
    ordinary: NDArray[np.float64]
    experienced: bool
    """Whether enough is known for a forecast that could be followed."""
    whole: bool
    """Whether all that is foreseen are numbers."""
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
        self.forecaster: Forecaster | None = None
        """None before the first forecast."""
        self.members = first_met(members)
        self._learner = members[0].column.learner
        self._seeded = False
        self._odd: set[Key] = set()
        """Members that the forecaster choked on: they are asked for apart, and stop no other."""

    def fits(self, column: Column) -> bool:
        """Whether a signal is still what this forecaster has learnt."""
        taught = self.members.taught.get(column.key) == column.edition
        return taught and column.learner == self._learner

    @property
    def joinable(self) -> bool:
        """Whether its forecaster can go on with what others have learnt, and chokes on nobody."""
        return isinstance(self.forecaster, Joinable) and not self._odd

    def join(self, own: Sequence[Key], others: Sequence[tuple["Cohort", Sequence[Key]]]) -> None:
        """Go on with these of the own members, and of those of others, which are done with."""
        parts = [(self, own), *others]
        self.members = together([(cohort.members, keys) for cohort, keys in parts])
        if isinstance(self.forecaster, Joinable):
            self.forecaster.join([each.forecaster for each, _ in others if each.forecaster])
        self.slow = True

    def work(self, tasks: Sequence[Task]) -> Sequence[SignalForecast | FailedForecast]:
        """Forecast some of the members; those that are known to the same minute in one call."""
        forecaster = self.forecaster = self.forecaster or self._make()
        batches: dict[tuple[float, Key | None], list[Task]] = {}
        for task in tasks:
            key = task.column.key
            batches.setdefault((task.end, key if key in self._odd else None), []).append(task)
        said = [each for batch in batches.values() for each in self._one(forecaster, batch)]
        self._odd = {each.task.column.key for each in said if isinstance(each, FailedForecast)}
        self._seeded = True
        return said

    def _one(
        self, forecaster: Forecaster, tasks: Sequence[Task]
    ) -> Iterable[SignalForecast | FailedForecast]:
        """One call; where that fails, one for each half, as one series must stop no other."""
        try:
            return self._forecast(forecaster, tasks)
        except Exception as error:  # noqa: BLE001 - told by the loop, with the name of the signal
            if len(tasks) == 1:
                return [FailedForecast(tasks[0], error)]
            half = len(tasks) // 2
            halves = tasks[:half], tasks[half:]
            return [each for part in halves for each in self._one(forecaster, part)]

    def _forecast(self, forecaster: Forecaster, tasks: Sequence[Task]) -> Sequence[SignalForecast]:
        context = Context(tuple(task.column.context for task in tasks))
        members, record = self.members.at(tasks), self.members.record
        history = _history(tasks)
        self.members.provisional.recall(members, history)
        made = forecaster.forecast(history, tasks[0].column.rows, context)
        record.add(members, history, made)
        if not self._seeded and made.measured is not None:
            record.seed(members, history, made.measured)
        ratios, shares = record.ratios()[:, members], record.shares()[:, members]
        every = geometric_mean(ratios).tolist()
        whole = np.asarray(np.isfinite(made.values).all(axis=(0, 1)))
        return [
            SignalForecast(
                task=task,
                outlook=Outlook(made.origin, LEVELS, made.values[:, :, i].copy()),
                ordinary=made.ordinary[:, i].copy(),
                experienced=bool(made.trusted[i]),
                whole=bool(whole[i]),
                ratios=self._by_ahead(ratios[:, i]),
                shares=self._by_ahead(shares[:, i]),
                ratio=every[i],
            )
            for i, task in enumerate(tasks)
        ]

    def _by_ahead(self, values: NDArray[np.float64]) -> Mapping[int, float]:
        return dict(zip(self.members.record.ahead, values.tolist(), strict=True))


def _history(tasks: Sequence[Task]) -> History:
    """What is known of some signals up to the same minute, with gaps where a past is shorter."""
    columns = [task.column.known(task.end) for task in tasks]
    minutes: Floats = np.full((len(tasks), max(column.size for column in columns)), np.nan)
    for row, column in zip(minutes, columns, strict=True):
        row[row.size - column.size :] = column
    return History(tasks[0].end, minutes.T)
