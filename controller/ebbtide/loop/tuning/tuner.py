"""`objective`: once a day, off the tick, each workload's own last weeks are asked for its settings.

One workload at a time, and at most one begun in two ticks: so a thousand of them have their turn
in a third of a day, and no tick waits for any. What is to be begun is on record a tick before, and
what was found stands in the status, so that a successor goes on with it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ebbtide.api.capacity_policy.objective import Reckoned, Tuning
from ebbtide.api.timestamps import stamp
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.ports.background import Background, attempted
from ebbtide.loop.ports.cluster import Cluster, Json
from ebbtide.loop.record.applied_settings import Aim, applied_in
from ebbtide.loop.reporting.conditions import Condition
from ebbtide.loop.tuning.retries import ATTEMPT, FAILED, Attempt, Failure, failed, failing
from ebbtide.loop.tuning.suggestion import (
    Suggestion,
    around_event,
    begun_with,
    fresh,
    next_applied,
    reckoned_at,
    suggestion_in,
    waiting,
)
from ebbtide.loop.tuning.tuning_input import TuningInput, aim_of
from ebbtide.loop.workload import Workload
from ebbtide_policies.demand import DAY
from ebbtide_policies.snapshot import Snapshot

log = logging.getLogger("ebbtide.loop")


Reckon = Callable[[TuningInput], Reckoned]
"""Replays the past of a workload; it may take seconds, and be asked in a process of its own."""
Ask = Callable[[Workload, Sequence[Column]], TuningInput]
"""Puts together what is known of a workload."""


class _Asked(NamedTuple):
    """A replay that goes on."""

    name: str
    key: str
    aim: Aim
    at: float
    generation: int


class Tuner:
    """Keeps a suggestion for every workload that has an objective."""

    def __init__(self, reckon: Reckon | None, background: Background) -> None:
        self._reckon, self._background = reckon, background
        self._known: dict[str, Suggestion] = {}
        self._tried: dict[str, tuple[float, Aim | None]] = {}
        self._failed: dict[str, Failure] = {}
        self._turns: dict[str, float] = {}
        self._intended = ""
        """The workload whose replay is to begin, or goes on."""
        self._attempt: Attempt | None = None
        """That replay."""
        self._asked: _Asked | None = None

    def refresh(
        self,
        workloads: Sequence[Workload],
        columns: Iterable[Column],
        ask: Ask,
        now: float,
    ) -> None:
        """Take what was found meanwhile, and ask for the next workload that is due."""
        wanted = {w.key: w for w in workloads if w.spec.objective is not None}
        self._remember(wanted, now)
        self._take(now)
        if self._reckon is None or self._asked is not None or not wanted:
            return
        by_key: dict[str, list[Column]] = {}
        for column in columns:
            by_key.setdefault(column.key[0], []).append(column)
        due = [key for key in wanted if self._is_due(wanted[key], by_key.get(key, []), now)]
        key, attempt = self._intended, self._attempt
        if key in due and attempt and attempt.on_record(wanted[key].resource.status):
            self._begin(wanted[key], by_key[key], ask, self._reckon, now)
            self._take(now)
        else:
            self._intend(due, now)

    def _intend(self, due: Sequence[str], now: float) -> None:
        """Choose what is begun once it is on record; what did not get there has its turn later."""
        self._intended = min(due, key=lambda one: self._turns.get(one, 0.0), default="")
        if self._intended:
            before = self._failed.get(self._intended)
            self._attempt = Attempt(now, before.times + 1 if before else 1)
            self._turns[self._intended] = now

    def section(self, workload: Workload, seen: Snapshot) -> Json:
        """What the status says: what is suggested, and what is in force from the next tick on."""
        attempt = self._attempt_of(workload.key) if self._reckon else None
        return ({ATTEMPT: attempt.as_json()} if attempt else {}) | self._suggested(workload, seen)

    def _attempt_of(self, key: str) -> Attempt | None:
        """The replay of a workload that is to begin or goes on; else the last one, if it failed."""
        if key == self._intended:
            return self._attempt
        failure = self._failed.get(key)
        return failure.attempt if failure else None

    def _suggested(self, workload: Workload, seen: Snapshot) -> Json:
        found, resource = self._known.get(workload.key), workload.resource
        if workload.spec.objective is None:
            return {}
        if workload.spec.tuning is not Tuning.APPLY:
            told = found and found.as_json() | {"waiting": waiting(found, resource.spec)}
            return {"tuning": told} if told else {}
        held, quiet = applied_in(resource.status), not around_event(seen)
        held = next_applied(held, found, aim_of(workload), seen.now, quiet, workload.soak)
        if found is None and held is None:
            return {}
        told = found.as_json() if found else resource.status["tuning"]
        return {"tuning": told | ({"applied": held.as_json()} if held else {})}

    def withdraw(self, cluster: Cluster) -> None:
        """Take the replay that is to begin or goes on off the record: who is told to stop ends it.

        Raises:
            Conflict: its policy was written meanwhile.
            ClusterUnavailable: the API server did not answer.

        """
        key, attempt, self._intended = self._intended, self._attempt, ""
        policies = cluster.survey().policies if key else ()
        for policy in policies:
            if policy.key == key and attempt and attempt.on_record(policy.status):
                status = {name: told for name, told in policy.status.items() if name != ATTEMPT}
                before = self._attempt_of(key)
                cluster.write_status(
                    policy, status | ({ATTEMPT: before.as_json()} if before else {})
                )

    def conditions(self, workload: Workload) -> Iterable[Condition]:
        """Whether its past could be replayed; nothing where nobody asks for it."""
        if self._reckon is None or workload.spec.objective is None:
            return
        failure = self._failed.get(workload.key)
        well = "PastReplayed", "its past can be replayed"
        told = ("ReplayFailed", failure.told()) if failure else well
        yield Condition(FAILED, failure is not None, *told)

    def _remember(self, wanted: Mapping[str, Workload], now: float) -> None:
        """Know what statuses have, which another leader may have written; forget what is gone."""
        self._tried = {key: tried for key, tried in self._tried.items() if key in wanted}
        self._known = {key: known for key, known in self._known.items() if key in wanted}
        self._failed = {key: failure for key, failure in self._failed.items() if key in wanted}
        self._turns = {key: turn for key, turn in self._turns.items() if key in wanted}
        for key, workload in wanted.items():
            status, known = workload.resource.status, self._known.get(key)
            if key in self._tried and (known is None or reckoned_at(status) == stamp(known.at)):
                continue
            found = suggestion_in(status)
            failure = failing(status, now, workload.resource.generation)
            if failure and key not in self._tried:
                self._failed[key] = failure
            self._tried.setdefault(key, (0.0, None))
            if found and (known is None or (fresh(found.at, now) and found.at > known.at)):
                self._known[key] = found
                self._tried[key] = found.at, found.aim

    def _is_due(self, workload: Workload, columns: Sequence[Column], now: float) -> bool:
        """Whether all of its past is known, and was not asked today for what is aimed at."""
        failure = self._failed.get(workload.key)
        if failure is not None and failure.waits(workload.resource.generation, now):
            return False
        at, aim = self._tried[workload.key]
        asked = aim == aim_of(workload)
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
        ask: Ask,
        reckon: Reckon,
        now: float,
    ) -> None:
        at = max(end for column in columns if (end := column.end()) is not None)
        key, aim = workload.key, aim_of(workload)
        asked = _Asked(f"tuning {key}", key, aim, at, workload.resource.generation)
        self._tried[key] = at, aim
        known = attempted(partial(ask, workload, columns))
        if not isinstance(known, TuningInput):
            self._intended = ""
            self._lament(asked, known, now)
            return
        before = self._known.get(key)
        if before and before.objective == aim.objective:
            settings = begun_with(before, aim.plant)
            known = known._replace(suggested=settings, suggested_by=before.minutes)
        self._asked = asked
        self._background.begin(asked.name, partial(reckon, known), slow=True)

    def _take(self, now: float) -> None:
        for done in self._background.finished():
            asked, self._asked, self._intended = self._asked, None, ""
            if asked is None or asked.key not in self._tried:
                continue
            if isinstance(done.result, Exception):
                self._lament(asked, done.result, now)
            else:
                self._keep(asked, done.result)

    def _lament(self, asked: _Asked, error: object, now: float) -> None:
        """Say why a past was not replayed, and ask again in a while; what is known stays."""
        failure = failed(self._failed.get(asked.key), now, error, asked.generation)
        self._failed[asked.key] = failure
        self._tried[asked.key] = asked.at, None
        why, extra = error if isinstance(error, Exception) else None, {"workload": asked.key}
        log.error("%s: %s", asked.key, failure.told(), exc_info=why, extra=extra)

    def _keep(self, asked: _Asked, found: Reckoned) -> None:
        self._failed.pop(asked.key, None)
        before = self._known.get(asked.key)
        same = before is not None and before.settings == found.settings
        self._known[asked.key] = Suggestion(
            objective=asked.aim.objective,
            settings=found.settings,
            since=before.since if before is not None and same else asked.at,
            why=found.why,
            minutes=found.minutes,
            at=asked.at,
            unserved=found.unserved,
            cost=found.cost,
            plant=asked.aim.plant,
        )
