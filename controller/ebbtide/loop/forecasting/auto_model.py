"""`model: Auto`: for each signal the forecaster that served its own past best.

All are tried in the background, at first sight and once a day. What was chosen stands in the
status, so that a successor goes on with it. Another takes its place only if it is clearly better.
"""

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from ebbtide.forecast.contract import Context, History
from ebbtide.forecast.evaluation.model_choice import BETTER, chosen, trial
from ebbtide.loop.forecasting.cohort import Make
from ebbtide.loop.forecasting.cohorts import TOGETHER
from ebbtide.loop.forecasting.signals import Choice, Column, Key, Task
from ebbtide.loop.ports.background import Background, Done
from ebbtide_policies.demand import DAY

log = logging.getLogger("ebbtide.loop")

AUTO = "Auto"


def nameable(forecasters: Iterable[str]) -> Sequence[str]:
    """Everything that a policy may name as its model."""
    return sorted({*forecasters, AUTO})


class AutoModel:
    """Puts a forecaster in the place of `Auto`."""

    def __init__(self, makers: Mapping[str, Make], background: Background) -> None:
        self._makers, self._background = makers, background
        self._known: dict[Key, Choice] = {}
        self._trying: dict[str, Sequence[Task]] = {}
        self._numbers = count(1)

    def settled(self, columns: Sequence[Column]) -> Iterable[Column]:
        """The columns with a model that can forecast, without those still to be chosen for."""
        for column in columns:
            choice = self._known.get(column.key)
            if column.model != AUTO:
                yield column
            elif choice is not None:
                yield replace(column, model=choice.model)

    def of(self, key: Key) -> Choice | None:
        """What was chosen for a signal."""
        return self._known.get(key)

    @property
    def busy(self) -> bool:
        """Whether forecasters are being tried."""
        return bool(self._trying)

    def take(self, done: Done) -> bool:
        """Take the result of a trial; False where it is none."""
        tasks = self._trying.pop(done.name, None)
        if tasks is None:
            return False
        nothing = dict.fromkeys(self._makers, math.nan)
        failure = done.result if isinstance(done.result, Exception) else None
        if failure:
            names = ", ".join(" ".join(task.column.key) for task in tasks)
            log.error("the forecasters can't be tried on %s", names, exc_info=failure)
        for i, task in enumerate(tasks):
            losses = nothing if failure else {n: float(of[i]) for n, of in done.result.items()}
            choice = _choice(losses, self._known.get(task.column.key), task.end)
            self._known[task.column.key] = replace(choice, why=_FAILED) if failure else choice
        return True

    def begin(self, columns: Iterable[Column]) -> None:
        """Try all forecasters on those of which nothing was chosen today."""
        columns = [column for column in columns if column.model == AUTO]
        keys = {column.key for column in columns}
        self._known = {key: choice for key, choice in self._known.items() if key in keys}
        trying = {task.column.key for tasks in self._trying.values() for task in tasks}
        alike: dict[object, list[Task]] = {}
        for column in columns:
            before = column.chosen
            if before and before.model in self._makers and column.key not in self._known:
                self._known[column.key] = before
            choice, end = self._known.get(column.key), column.end()
            fresh = choice is not None and end is not None and end // DAY == choice.at // DAY
            if end is None or fresh or not column.whole or column.key in trying:
                continue
            shape = end, column.rows, column.known(end).size
            alike.setdefault(shape, []).append(Task(column, end))
        for tasks in alike.values():
            for begin in range(0, len(tasks), TOGETHER):
                part, name = tasks[begin : begin + TOGETHER], f"trial {next(self._numbers)}"
                self._trying[name] = part
                self._background.begin(name, _trial(self._makers, part), slow=True)


_FAILED = "the forecasters can't be tried on its past; the log says why"


def _trial(makers: Mapping[str, Make], tasks: Sequence[Task]) -> Callable[[], object]:
    first = tasks[0]

    def work() -> object:
        minutes = np.stack([task.column.known(task.end) for task in tasks]).T
        context = Context(tuple(task.column.context for task in tasks))
        return trial(makers, History(first.end, minutes), first.column.rows, context)

    return work


def _choice(losses: Mapping[str, float], before: Choice | None, now: float) -> Choice:
    """The choice, and why, for people."""
    model = chosen(losses, before.model if before else "")
    known = sorted((loss, name) for name, loss in losses.items() if math.isfinite(loss))
    if not known:
        return Choice(model, "too little of the past is known to compare forecasters on it", now)
    told = ", ".join(f"{name} {loss:.2f}" for loss, name in known)
    kept = known[0][1] != model
    why = f"; no other is better by {BETTER:.0%}" if kept else ""
    return Choice(model, f"loss on its last days over that of persistence: {told}{why}", now)
