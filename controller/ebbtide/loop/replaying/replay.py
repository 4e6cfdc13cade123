"""Decides again on what was recorded, by the code that decides live: tick for tick the same.

The forecast is as it was recorded, or made anew from the recorded minutes. Whether it was followed
then, and everything else of the observation, stays as it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ebbtide.api.reading.compose import Plugins
from ebbtide.api.reading.error_messages import place
from ebbtide.errors import InvalidInput
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.replaying.exact_json import (
    context_from_json,
    decision_json,
    from_json,
    observation_from_json,
)
from ebbtide.loop.replaying.recorded_observation import (
    AnsweredCourse,
    AnsweredDemand,
    RecordedAnswers,
)
from ebbtide.loop.replaying.recorder import FOREIGN, FORMAT, MEMORIES
from ebbtide_policies.contract import Policy
from ebbtide_policies.course import Courses
from ebbtide_policies.decide import decide
from ebbtide_policies.demand import MINUTE, NO_LOOK, Look, Signal
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Demand
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN


class Replayed(NamedTuple):
    """One workload at one tick: what was decided then, and what is decided now."""

    at: float
    workload: str
    then: Json
    now: Json
    foreseen: bool
    """Whether the forecast was made anew."""

    @property
    def same(self) -> bool:
        """Whether it is the same decision, bound for bound."""
        return self.then == self.now

    @property
    def apart(self) -> int:
        """By how many replicas the decisions differ."""
        return abs(int(self.then["replicas"]) - int(self.now["replicas"]))


@dataclass(slots=True)
class _Past:
    """The minutes of a signal, as far as they were told."""

    newest: float
    minutes: NDArray[np.float64]
    forecast: Json = field(default_factory=dict)
    """How a forecast was asked for, and of which minute it was; empty before the first."""
    edition: int = 0
    """How often all of it was told anew."""

    def advance(self, newest: float, fresh: Iterable[tuple[float, float]]) -> None:
        """Move the window, and write what was new."""
        by, size = round((newest - self.newest) / MINUTE), self.minutes.size
        if by > 0:
            self.minutes = np.concatenate((self.minutes[by:], np.full(min(by, size), UNKNOWN)))
        self.newest = newest
        for moment, value in fresh:
            self.minutes[size - 1 - round((newest - moment) / MINUTE)] = value


_NUMBERS = {
    "per_replica": "perReplica",
    "age": "age",
    "alive": "alive",
    "alive_at_least": "aliveAtLeast",
    "trusted": "trusted",
}


@dataclass(slots=True)
class Replay:
    """Reads the lines of a recording in order."""

    plugins: Plugins
    forecasting: Forecasting | None = None
    """Makes forecasts anew; None: they are as they were recorded."""
    _policies: dict[str, tuple[Policy[Any], ...]] = field(default_factory=dict)
    _seen: dict[str, Json] = field(default_factory=dict)
    _pasts: dict[tuple[str, str], _Past] = field(default_factory=dict)
    _at: float = 0.0

    def of(self, lines: Iterable[Json]) -> Iterator[Replayed]:
        """Decide again on every tick.

        Raises:
            InvalidInput: a line is none of a recording, or needs a policy that is not installed.

        """
        try:
            yield from self._each(lines)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise InvalidInput(
                "a line of the recording can't be understood; replay it with the version that "
                f"wrote it: {type(error).__name__}: {error}"
            ) from error

    def _each(self, lines: Iterable[Json]) -> Iterator[Replayed]:
        for at, together in groupby(lines, key=lambda line: line.get("at")):
            ticks = list(together)
            if at is None:
                for line in ticks:
                    self._learn(line)
                continue
            known = [(line, self._advanced(line)) for line in ticks]
            self._at = at
            self._foresee()
            yield from (self._decided(line, parts) for line, parts in known)

    def _learn(self, line: Json) -> None:
        """Take in what later ticks rest on."""
        if "policies" in line and line.get("format") == FORMAT:
            self._policies[line["policies"]] = tuple(self._made(line["settings"]))
        elif "history" in line:
            minutes = [UNKNOWN if each is None else each for each in line["minutes"]]
            key = line["history"], line["signal"]
            known = self._pasts.get(key)
            told = np.array(minutes, dtype=np.float64)
            if known is None:
                self._pasts[key] = _Past(line["newest"], told)
            else:
                known.newest, known.minutes = line["newest"], told
                known.edition += 1
        else:
            raise InvalidInput(f"this is no line of a recording: {str(line)[:80]}")

    def _made(self, settings: Mapping[str, Any]) -> Iterator[Policy[Any]]:
        known = {policy.name: policy for policy in (*ALWAYS, *OPTIONAL, *SPOKEN)}
        for name, written in settings.items():
            policy = known.get(name) or self.plugins.get(name)
            if policy is None:
                raise InvalidInput(f"the policy {name!r} of the recording is not installed")
            try:
                yield policy(policy.Settings.model_validate(written))
            except ValidationError as error:
                wrong = error.errors()[0]
                at = ".".join((name, place(wrong["loc"])))
                raise InvalidInput(
                    f"{at} of the recording: {wrong['msg']}; replay it with the version that "
                    "wrote it"
                ) from error

    def _advanced(self, line: Json) -> Json:
        """What was seen at a tick, with what has not changed since the one before."""
        workload = line["tick"]
        parts: Json = self._seen.get(workload, {}) | line["seen"]
        self._seen[workload] = parts
        for name, told in line["demand"].items():
            past = self._pasts.get((workload, name))
            if past:
                past.advance(told["newest"], from_json(told["fresh"]))
                past.forecast |= told.get("forecast", {})
        return parts

    def _foresee(self) -> None:
        """Forecast every signal of which there was a forecast, up to the minute that it was of."""
        if self.forecasting:
            columns = [_column(key, past) for key, past in self._pasts.items() if past.forecast]
            self.forecasting.refresh(columns)

    def _demand(self, workload: str, name: str, told: Json) -> Demand:
        """The demand of a signal by its answers; by its minutes, where a forecast is made anew."""
        numbers = {ours: from_json(told[theirs]) for ours, theirs in _NUMBERS.items()}
        past = self._pasts.get((workload, name))
        found = self.forecasting.of((workload, name)) if self.forecasting else None
        if found is None or past is None or "forecast" not in told:
            return AnsweredDemand(RecordedAnswers(from_json(told["answers"])), name, **numbers)
        numbers.pop("age")
        return Signal(
            name=name,
            now=self._at,
            newest=past.newest,
            minutes=past.minutes,
            look=Look(**told["look"]) if told["look"] else NO_LOOK,
            outlook=found.outlook,
            ordinary=found.ordinary,
            **numbers,
        )

    def _decided(self, line: Json, parts: Json) -> Replayed:
        workload = line["tick"]
        if workload not in self._policies:
            raise InvalidInput(f"the recording of {workload} does not begin with its policies")
        said = {name: each for name, each in parts.items() if name not in (MEMORIES, FOREIGN)}
        courses = {
            key: AnsweredCourse(RecordedAnswers(from_json(a))) for key, a in line["courses"].items()
        }
        demand = [self._demand(workload, name, told) for name, told in line["demand"].items()]
        told = Courses(courses, frozenset(parts[FOREIGN]))
        seen = observation_from_json(said, demand=tuple(demand), courses=told)
        outcome = decide(self._policies[workload], seen, from_json(parts[MEMORIES]))
        anew = any(isinstance(each, Signal) for each in demand)
        now = decision_json(outcome.decision)
        return Replayed(line["at"], workload, line["decided"], now, anew)


def _column(key: tuple[str, str], past: _Past) -> Column:
    """A signal as the loop had it forecast: up to the minute that its forecast was of."""
    told = past.forecast
    known = past.minutes.size - round((past.newest - told["origin"]) / MINUTE)
    return Column(
        key=key,
        newest=told["origin"],
        minutes=past.minutes[:known],
        model=told["model"],
        horizon=told["horizon"],
        context=context_from_json(told["context"]),
        edition=past.edition,
    )
