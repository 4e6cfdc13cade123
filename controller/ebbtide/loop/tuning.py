"""`objective`: once a day, off the tick, each workload's own last weeks are asked for its settings.

One workload at a time, and at most one begun at a tick: so a thousand of them have their turn in a
few hours, and no tick waits for any. What was found stands in the status, so that a successor goes
on with it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ebbtide.api.objective import Reckoned, Settings, prior
from ebbtide.api.status import stamp
from ebbtide.api.tuning import Tuning
from ebbtide.loop.background import Background, Done, attempted
from ebbtide.loop.cohort import Column
from ebbtide.loop.history import Histories
from ebbtide.loop.observe import per_replica
from ebbtide.loop.ports import MINUTE, Json, Minutes
from ebbtide.loop.tuned import (
    Suggestion,
    applied_in,
    around_event,
    next_applied,
    reckoned_at,
    settings_for,
    suggestion_in,
)
from ebbtide.loop.words import Words
from ebbtide.loop.workload import Workload
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event, Observation

log = logging.getLogger("ebbtide.loop")


class Question(NamedTuple):
    """What is known of one workload, and what has been said of it."""

    workload: str
    """Its key."""
    spec: Json
    """As it is written."""
    objective: float
    minutes: Mapping[str, Minutes]
    """The past of every signal of the demand, in its own unit."""
    per_replica: Mapping[str, float]
    """Demand that one replica carries, by signal."""
    lead_time: float
    """Seconds."""
    events: Sequence[Event]
    """What calendars announced."""
    in_force: Settings
    """The settings that stand in the place of those that are sought."""
    suggested: Settings
    """What was found before."""


Reckon = Callable[[Question], Reckoned]
"""Replays the past of a workload; it may take seconds, and be asked in a process of its own."""


class _Asked(NamedTuple):
    """A replay that goes on."""

    name: str
    key: str
    objective: float
    at: float


class Tuner:
    """Keeps a suggestion for every workload that has an objective."""

    def __init__(self, reckon: Reckon | None, background: Background) -> None:
        self._reckon, self._background = reckon, background
        self._known: dict[str, Suggestion] = {}
        self._tried: dict[str, tuple[float, float]] = {}
        self._asked: _Asked | None = None

    def refresh(
        self,
        workloads: Sequence[Workload],
        columns: Iterable[Column],
        ask: Callable[[Workload, Sequence[Column]], Question],
    ) -> None:
        """Take what was found meanwhile, and ask for the next workload that is due."""
        wanted = {w.key: w for w in workloads if w.spec.objective is not None}
        self._remember(wanted)
        self._take()
        if self._reckon is None or self._asked is not None or not wanted:
            return
        by_key: dict[str, list[Column]] = {}
        for column in columns:
            by_key.setdefault(column.key[0], []).append(column)
        due = [key for key in wanted if self._is_due(wanted[key], by_key.get(key, []))]
        if due:
            key = min(due, key=lambda one: self._tried.get(one, (0.0, 0.0)))
            self._begin(wanted[key], by_key[key], ask, self._reckon)
            self._take()

    def section(self, workload: Workload, seen: Observation) -> Json:
        """What the status says: what is suggested, and what is in force from the next tick on."""
        found = self._known.get(workload.key)
        objective = workload.spec.objective
        if found is None or objective is None:
            return {}
        told = found.as_json()
        if workload.spec.tuning is not Tuning.APPLY:
            return {"tuning": told}
        held = applied_in(workload.resource.status)
        if found.objective == objective.unserved:
            quiet = not around_event(seen)
            held = next_applied(held, found, float(seen.now), quiet, workload.soak)
        return {"tuning": told | ({"applied": held.as_json()} if held else {})}

    def _remember(self, wanted: Mapping[str, Workload]) -> None:
        """Know what statuses have, which another leader may have written; forget what is gone."""
        self._tried = {key: tried for key, tried in self._tried.items() if key in wanted}
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        for key, workload in wanted.items():
            status, known = workload.resource.status, self._known.get(key)
            if key in self._tried and (known is None or reckoned_at(status) == stamp(known.at)):
                continue
            found = suggestion_in(status)
            self._tried.setdefault(key, (0.0, 0.0))
            if found and (known is None or found.at > known.at):
                self._known[key] = found
                self._tried[key] = found.at, found.objective

    def _is_due(self, workload: Workload, columns: Sequence[Column]) -> bool:
        """Whether all of its past is known, and was not asked today for this objective."""
        at, objective = self._tried[workload.key]
        asked = objective == _objective(workload)
        if asked and all(column.newest // DAY == at // DAY for column in columns):
            return False
        ends = [column.end() for column in columns if column.whole]
        if not columns or len(ends) < len(columns) or None in ends:
            return False
        newest = max(end for end in ends if end is not None)
        return newest // DAY != at // DAY or not asked

    def _begin(
        self,
        workload: Workload,
        columns: Sequence[Column],
        ask: Callable[[Workload, Sequence[Column]], Question],
        reckon: Reckon,
    ) -> None:
        at = max(end for column in columns if (end := column.end()) is not None)
        objective = _objective(workload)
        self._tried[workload.key] = at, objective
        known = attempted(partial(ask, workload, columns))
        if not isinstance(known, Question):
            _lament(workload.key, known)
            return
        before = self._known.get(workload.key)
        if before and before.objective == objective:
            known = known._replace(suggested=before.settings)
        self._asked = _Asked(f"tuning {workload.key}", workload.key, objective, at)
        self._background.begin(self._asked.name, partial(reckon, known), slow=True)

    def _take(self) -> None:
        for done in self._background.finished():
            asked, self._asked = self._asked, None
            if asked is not None and asked.key in self._tried:
                self._keep(asked, done)

    def _keep(self, asked: _Asked, done: Done) -> None:
        if isinstance(done.result, Exception):
            _lament(asked.key, done.result)
            return
        found: Reckoned = done.result
        before = self._known.get(asked.key)
        same = before is not None and before.settings == found.settings
        self._known[asked.key] = Suggestion(
            objective=asked.objective,
            settings=found.settings,
            since=before.since if before is not None and same else asked.at,
            why=found.why,
            minutes=found.minutes,
            at=asked.at,
            unserved=found.unserved,
            cost=found.cost,
        )


def _lament(key: str, error: object) -> None:
    """Say why a past was not replayed; whatever is known stays, and tomorrow is another day."""
    why = error if isinstance(error, Exception) else None
    log.error("%s: its past can't be replayed", key, exc_info=why, extra={"workload": key})


def _objective(workload: Workload) -> float:
    said = workload.spec.objective
    return UNKNOWN if said is None else said.unserved


def question(
    words: Words,
    histories: Histories,
    now: float,
    workload: Workload,
    columns: Sequence[Column],
) -> Question:
    """What is known of a workload, ready to be replayed."""
    each = {
        name: per_replica(signal, workload, histories, now)
        for name, signal in workload.signals.items()
    }
    objective = _objective(workload)
    usual = prior(objective)
    return Question(
        workload=workload.key,
        spec=workload.resource.spec,
        objective=objective,
        minutes={column.key[1]: _minutes(column) for column in columns},
        per_replica=each,
        lead_time=workload.lead_time,
        events=tuple(words.events(workload, next(iter(each.values())))),
        in_force=settings_for(workload.spec, applied_in(workload.resource.status)) or usual,
        suggested=usual,
    )


def _minutes(column: Column) -> Minutes:
    return Minutes(column.newest - (column.minutes.size - 1) * MINUTE, column.minutes)
