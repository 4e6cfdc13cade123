"""One forecast a minute of every signal, made beside the ticks and read by each as an `Outlook`.

A forecaster learns weeks of minutes before its first forecast, and a plug-in may take as long as it
likes for every one. So all of it happens in the background: what goes on from minute to minute is
there within the tick, and of what is still being learnt there is no forecast yet, which is said.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ebbtide.loop.forecasting.auto_model import AUTO, AutoModel
from ebbtide.loop.forecasting.cohort import Cohort, FailedForecast, Make, SignalForecast
from ebbtide.loop.forecasting.cohorts import Cohorts, Work
from ebbtide.loop.forecasting.signals import Choice, Column, Key, Task
from ebbtide.loop.forecasting.trust import Trust, at_first, why_not_followed
from ebbtide.loop.ports.background import Background, Done
from ebbtide_policies.demand import Outlook

log = logging.getLogger("ebbtide.loop")
T = TypeVar("T")

SLOW = 0.3
"""Seconds of a forecast from which on the next one keeps no tick waiting."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What is foreseen of one signal, and what is thought of it."""

    forecast: SignalForecast
    trust: Trust

    @property
    def outlook(self) -> Outlook:
        """The forecast."""
        return self.forecast.outlook

    @property
    def ordinary(self) -> NDArray[np.float64]:
        """What an ordinary day asks for, by minute of the (UTC) day."""
        return self.forecast.ordinary

    @property
    def trusted(self) -> bool:
        """Whether it may be followed."""
        return self.forecast.experienced and self.forecast.whole and self.trust.kept


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a forecast is not followed."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Prospects:
    """What there is to say of the forecasts of one workload, by signal."""

    foresights: Mapping[str, Foresight] = field(default_factory=dict)
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    """Why some are not followed."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """What `Auto` chose."""


class Forecasting:
    """Forecasts every signal once for each of its minutes."""

    def __init__(
        self,
        makers: Mapping[str, Make],
        background: Background,
        candidates: Sequence[str] = (),
    ) -> None:
        """Forecast by these; `Auto` picks from the candidates, of which the first is preferred."""
        self._makers, self._background = makers, background
        tried = {name: makers[name] for name in candidates or makers}
        self._auto_model = AutoModel(tried, background)
        self._known: dict[Key, Foresight] = {}
        self._cohorts = Cohorts(makers)
        self._columns: dict[Key, Column] = {}
        self._working: dict[str, Work] = {}

    def refresh(self, columns: Sequence[Column]) -> None:
        """Take what was forecast meanwhile; forecast what is new; forget what nobody asks for."""
        self._take()
        settled = self._settled(columns)
        self._columns = {column.key: column for column in columns} | settled
        self._known = {k: known for k, known in self._known.items() if k in self._columns}
        self._cohorts.keep(self._columns.keys())
        for cohort, tasks in self._due(settled.values()):
            cohort.busy = True
            self._working[cohort.name] = cohort, tasks
            self._background.begin(cohort.name, _work(cohort, tasks), slow=cohort.slow)
        self._take()

    def _settled(self, columns: Sequence[Column]) -> dict[Key, Column]:
        """The columns that a forecaster is known for; a choice may be made at once."""
        self._auto_model.begin(columns)
        self._take()
        return {column.key: column for column in self._auto_model.settled(columns)}

    def of(self, key: Key) -> Foresight | None:
        """What is foreseen of a signal; None before anything is known of it."""
        return self._known.get(key)

    def prospects(self, workload: str, signals: Iterable[str]) -> "Prospects":
        """What is foreseen of the signals of a workload, and what is thought of it."""
        keys = {name: (workload, name) for name in signals}
        return Prospects(
            _known({name: self.of(key) for name, key in keys.items()}),
            _known({name: self.doubt(key) for name, key in keys.items()}),
            _known({name: self._auto_model.of(key) for name, key in keys.items()}),
        )

    def doubt(self, key: Key) -> Doubt | None:
        """Why the forecast of a signal is not followed; None where it is."""
        known, column = self._known.get(key), self._columns.get(key)
        if column is None or known is None:
            return _unknown(column, self._cohorts.of(key))
        if not known.trust.kept:
            return Doubt("ForecastWorse", why_not_followed(known.trust, column.trust))
        if not known.forecast.experienced:
            return Doubt("ForecastUntrusted", "too little of its past is known")
        if not known.forecast.whole:
            return Doubt("ForecastFailed", "some of what is foreseen is no number")
        return None

    def _due(self, columns: Iterable[Column]) -> Sequence[Work]:
        """What is to be forecast now, and by whom."""
        ends = [(column, column.end()) for column in columns]
        stale = [Task(c, end) for c, end in ends if end is not None and self._is_stale(c, end)]
        slow = self._auto_model.busy or any(cohort.slow for cohort, _ in self._working.values())
        return self._cohorts.due(stale, at_leisure=not slow)

    def _is_stale(self, column: Column, end: float) -> bool:
        """Whether there is a new minute, more of the past, or something that people have said."""
        known = self._known.get(column.key)
        if known is None:
            return True
        then = known.forecast.task.column
        return (known.outlook.origin, then.context, then.edition, then.model, then.horizon) != (
            end,
            column.context,
            column.edition,
            column.model,
            column.horizon,
        )

    def _take(self) -> None:
        """Take what the background has done."""
        for done in self._background.finished():
            if self._auto_model.take(done):
                continue
            cohort, tasks = self._working.pop(done.name)
            cohort.busy, cohort.slow = False, done.seconds > SLOW
            for each in _results(done, tasks):
                if isinstance(each, SignalForecast):
                    self._keep(each)
                else:
                    name = " ".join(each.task.column.key)
                    model = each.task.column.model
                    log.error("%s can't forecast %s", model, name, exc_info=each.error)

    def _keep(self, forecast: SignalForecast) -> None:
        """Keep a forecast, and judge by the minute that was scored with it."""
        key, wanted = forecast.task.column.key, forecast.task.column.trust
        if key not in self._columns:
            return
        known = self._known.get(key)
        if known is None or known.forecast.task.column.model != forecast.task.column.model:
            trust = at_first(forecast.ratio, forecast.ratios, wanted)
        else:
            trust = known.trust.after(forecast.ratio, forecast.ratios, wanted, forecast.task.end)
        slim = replace(forecast.task.column, minutes=np.zeros(0))
        self._known[key] = Foresight(replace(forecast, task=Task(slim, forecast.task.end)), trust)


def _known(found: Mapping[str, T | None]) -> Mapping[str, T]:
    return {name: value for name, value in found.items() if value is not None}


def _work(cohort: Cohort, tasks: Sequence[Task]) -> Callable[[], object]:
    return lambda: cohort.work(tasks)


def _results(done: Done, tasks: Sequence[Task]) -> Sequence[SignalForecast | FailedForecast]:
    """What a cohort said of its signals; nothing, where there is no forecaster at all."""
    if isinstance(done.result, Exception):
        return [FailedForecast(task, done.result) for task in tasks]
    results: Sequence[SignalForecast | FailedForecast] = done.result
    return results


def _unknown(column: Column | None, cohort: Cohort | None) -> Doubt:
    """Why there is no forecast at all."""
    if column is None or column.end() is None:
        return Doubt("ForecastUntrusted", "nothing of its past is known")
    if not column.whole:
        return Doubt("ForecastLearning", "its past is still being read")
    if column.model == AUTO:
        return Doubt("ForecastLearning", "the forecasters are being tried on its past")
    if cohort is None or cohort.busy:
        return Doubt("ForecastLearning", f"{column.model} is learning its past")
    return Doubt("ForecastFailed", f"{column.model} can't forecast it; the log says why")
