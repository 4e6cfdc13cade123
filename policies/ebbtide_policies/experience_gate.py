"""`experienceGate`: a step is taken only while users fare well, and taken back when they do not.

A signal is convicting only by what was measured after a step could show in it (`delay`): so a
breach from before, or one that came with a rollout, holds capacity and takes nothing back.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings, stored_number
from ebbtide_policies.course import Followed
from ebbtide_policies.experience import GateSignal, Reading, Trial, read, trial_of
from ebbtide_policies.lanes import (
    NOTHING,
    Flag,
    Number,
    as_number,
    every,
    opposite,
    reached,
    some,
    where,
)
from ebbtide_policies.observation import Mode, Observation
from ebbtide_policies.quantities import Duration

BREACHES = ("ExperienceRollback", "ExperienceGate", "ExperienceWorse", "ExperienceUnknown")
"""The reasons that tell of users who fare badly, or of whom nothing is known; the worst first."""
_KEPT = 1800.0
"""Seconds of a signal that are seen beyond its window and delay."""


class ExperienceGateSettings(PolicySettings):
    """The signals, and what a breach costs in time."""

    signals: Annotated[dict[str, GateSignal], Field(max_length=16)] = Field(
        {}, description="Signals, by a name of your own."
    )
    most: int = Field(
        16, ge=1, description="A breach doubles the next soak, up to so many times the usual one."
    )
    calm: Duration = Field(
        1800.0, gt=0, description="Time without a breach after which a longer soak is halved."
    )


class ExperienceGate(Policy[ExperienceGateSettings]):
    """Holds the way down while users fare badly, and takes the last step back if it was the cause.

    Memory: `replicas`, the number after the last decision that changed it; `descending`, 1 from the
    first step of a descent on, with the level of each signal at that moment (`level NAME`, -1 where
    it said nothing); `factor`, by how much a soak is longer since the moment `at`, and `back`, the
    number of replicas that was gone back to then; `set`, which signals were set, and `setAt`, since
    when: as what another signal would have said is not known, nothing goes for one soak after an
    edit, or a phase with other signals.
    """

    name = "experienceGate"
    Settings = ExperienceGateSettings

    def followed(self) -> Mapping[str, Followed]:
        """The PromQL of every signal."""
        return {
            name: Followed(signal.query, _KEPT + signal.window + signal.delay)
            for name, signal in self.settings.signals.items()
        }

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """For each signal a pace; and a rollback where the last step did harm."""
        foreign = [
            name for name in self.settings.signals if not seen.courses.tells(self.name, name)
        ]
        if foreign:
            said = "{}: of that day, and so of the fleet of that day: not modelled"
            yield self._pace(NOTHING, "ExperienceNotModelled", said, ", ".join(foreign))
        if foreign and len(foreign) == len(self.settings.signals):
            return
        yield self._edited(seen, memory)
        trial = self._trial(seen, memory)
        for name, reading in self._readings(seen, memory, trial):
            if name not in foreign:
                yield from self._holds(seen, name, reading, trial)
                yield self._rollback(seen, name, reading, trial)
        yield from self._after_a_breach(seen, memory)

    def _edited(self, seen: Observation, memory: Memory) -> Bound:
        """One soak in which other signals than before have to show how users fare."""
        same, now = memory.get("set", self._set) == self._set, as_number(seen.now)
        since = where(same, memory.get("setAt", 0.0), now)
        pace = self._pace(
            where(now - since < seen.soak, seen.fleet.current, NOTHING),
            "ExperienceEdited",
            "other signals have been set for {:.0f} s; nothing goes in the first {:.0f} s",
            now - since,
            seen.soak,
        )
        return replace(pace, until=since + seen.soak)

    @cached_property
    def _set(self) -> float:
        """What is set, as one number."""
        return float(zlib.crc32(repr(self.settings.signals).encode()))

    def _holds(self, seen: Observation, name: str, found: Reading, trial: Trial) -> Iterator[Bound]:
        signal, current = self.settings.signals[name], seen.fleet.current

        def pace(shut: Flag, reason: str, detail: str, *values: object) -> Bound:
            shut = shut & opposite(found.silent)
            return self._pace(where(shut, current, NOTHING), reason, detail, name, *values)

        yield pace(np.isnan(found.value), "ExperienceUnknown", "{}: the signal is not known")
        beyond = "{} is {:.4g}, and may be at most {:.4g}"
        if signal.at_least is not None:
            beyond = "{} is {:.4g}, and may be at least {:.4g}"
        yield pace(found.beyond_limit, "ExperienceGate", beyond, found.value, signal.limit)
        yield pace(
            found.worse,
            "ExperienceWorse",
            "{} is {:.4g}; at the start of the descent it was {:.4g}",
            found.value,
            found.level,
        )
        yield pace(
            trial.stepped & opposite(found.newest >= trial.shows_from(signal.delay)),
            "ExperienceAwaited",
            "{}: nothing is known of what came {:.0f} s after the last step",
            signal.delay,
        )

    def _rollback(self, seen: Observation, name: str, found: Reading, trial: Trial) -> Bound:
        return Bound(
            Kind.ROLLBACK,
            where(found.convicting & self._may_go_back(seen), trial.before, NOTHING),
            self.name,
            "ExperienceRollback",
            "{} went to {:.4g} after the step from {:.0f} to {:.0f} replicas",
            (name, found.value, trial.before, trial.after),
        )

    def _after_a_breach(self, seen: Observation, memory: Memory) -> Iterator[Bound]:
        """What was gone back to is kept for one soak, and the next one is longer."""
        soak, current = seen.soak * self._factor(seen, memory), seen.fleet.current
        kept = (memory["back"] > NOTHING) & (seen.now - memory["at"] < soak)
        yield Bound(
            Kind.ROLLBACK,
            where(kept, memory["back"], NOTHING),
            self.name,
            "ExperienceRollback",
            "a step was taken back to {:.0f} replicas; they stay for {:.0f} s",
            (memory["back"], soak),
            until=memory["at"] + soak,
        )
        moved = memory["at"] if seen.last_step is None else seen.last_step.at
        longer = (soak > seen.soak) & (seen.now - moved < soak)
        shut = self._pace(
            where(longer, current, NOTHING),
            "ExperienceSoaking",
            "{:.0f} s of {:.0f} s have passed: the soak is longer after a breach",
            seen.now - moved,
            soak,
        )
        yield replace(shut, until=moved + soak)

    def _trial(self, seen: Observation, memory: Memory) -> Trial:
        return trial_of(seen, seen.soak * self._factor(seen, memory))

    def _readings(
        self, seen: Observation, memory: Memory, trial: Trial
    ) -> Iterator[tuple[str, Reading]]:
        """What every signal says now, and whether the last step is to blame."""
        for name, signal in self.settings.signals.items():
            yield name, read(seen, signal, (self.name, name), memory.get(_level(name), -1.0), trial)

    def _may_go_back(self, seen: Observation) -> Flag:
        """Whether it is our fleet that the signals tell of, and ours to move."""
        return seen.mode is not Mode.DRY_RUN and not seen.withheld

    def _factor(self, seen: Observation, memory: Memory) -> Number:
        """By how much the soak is longer now: halved by every spell of calm."""
        spells = np.floor(np.maximum(seen.now - memory["at"], 0.0) / self.settings.calm)
        return np.maximum(1.0, memory["factor"] * np.exp2(-spells))

    def _pace(self, replicas: Number, reason: str, detail: str, *values: object) -> Bound:
        return Bound(Kind.PACE_DOWN, replicas, self.name, reason, detail, values)

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        """Take the stored memory if it is sound; else no descent has begun, and no breach is."""
        levels = [_level(name) for name in self.settings.signals]
        fresh: dict[str, Number] = {
            "replicas": seen.fleet.current,
            "descending": 0.0,
            "factor": 1.0,
            "at": as_number(seen.now),
            "back": 0.0,
            "set": self._set,
            "setAt": 0.0,
        } | dict.fromkeys(levels, -1.0)
        told = {"set": fresh["set"], "setAt": 0.0, **(stored or {})}  # new to older memories
        found = {key: stored_number(told, key) for key in fresh if key not in levels}
        past = every(reached(seen.now, max(found["at"], found["setAt"])))
        sound = past and found["factor"] >= 1.0 and found["descending"] <= 1
        if np.isnan(sum(found.values())) or not sound:
            return fresh
        found["factor"] = min(found["factor"], self.settings.most)  # no edit ends a breach
        known = {key: stored_number(stored, key) for key in levels}
        return found | {key: -1.0 if np.isnan(level) else level for key, level in known.items()}

    def remember(self, seen: Observation, memory: Memory, replicas: Number) -> Memory:
        """Keep the levels that a descent begins with, and every breach that was answered."""
        current = seen.fleet.current
        if some(memory.get("set", self._set) != self._set):
            memory = {**memory, "set": self._set, "setAt": as_number(seen.now)}
        if not some(replicas != current):
            return memory
        fell, rose = replicas < current, replicas > current
        trial = self._trial(seen, memory)
        readings = dict(self._readings(seen, memory, trial))
        guilty: Flag = False
        for reading in readings.values():
            guilty = guilty | reading.convicting
        undone = rose & guilty & self._may_go_back(seen)
        returning = rose & (memory["back"] >= replicas) & opposite(undone)
        goes_on = (memory["descending"] > 0) & (memory["replicas"] == current)
        keeps = (fell & goes_on) | undone | returning
        begins = fell & opposite(goes_on)
        doubled = np.minimum(self.settings.most, 2.0 * self._factor(seen, memory))
        learnt: dict[str, Number] = {
            "replicas": where(fell | rose, replicas, memory["replicas"]),
            "descending": where(fell | keeps, 1.0, 0.0),
            "factor": where(undone, doubled, memory["factor"]),
            "at": where(undone, as_number(seen.now), memory["at"]),
            "back": where(undone, trial.before, where(returning, memory["back"], NOTHING)),
        }
        for name, reading in readings.items():
            started = where(np.isnan(reading.value), -1.0, reading.value)
            kept = where(keeps, memory.get(_level(name), -1.0), -1.0)
            learnt[_level(name)] = where(begins, started, kept)
        kept_too = {key: memory[key] for key in ("set", "setAt") if key in memory}
        return kept_too | {k: where(fell | rose, v, memory.get(k, v)) for k, v in learnt.items()}


def _level(name: str) -> str:
    return f"level {name}"
