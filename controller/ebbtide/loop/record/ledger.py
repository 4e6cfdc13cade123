"""What is on record of one workload: its fleet, its policies' memories, and the last step."""

from dataclasses import dataclass, field

from ebbtide.api.status.capacity_policy import MOST_DECISIONS
from ebbtide.api.timestamps import epoch_or_none, stamp
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.record.other_hands import NO_INTERFERENCE, Interference
from ebbtide_policies.decide import Memories
from ebbtide_policies.observation import Fleet, LastStep, Mode, Phase

_ONLY_INTENDED = {"settled", "follows", "memory"}
"""What is on record of a step only until it is known what became of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of replicas, and why."""

    at: float
    before: int
    after: int
    phase: str = ""
    reason: str = ""
    message: str = ""
    follows: bool = False
    """Whether it only follows what another autoscaler did: it is no step of the staircase."""

    def as_json(self) -> Json:
        """Where it came from and went, as `lastStep` has it."""
        return {"at": stamp(self.at), "from": self.before, "to": self.after}

    def as_decision(self) -> Json:
        """The whole of it, as `intent` and `decisions` have it."""
        why = {"phase": self.phase, "reason": self.reason, "message": self.message[:500]}
        return self.as_json() | why


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The fleet that decisions are about, and what is remembered of it."""

    fleet: Fleet
    memories: Memories = field(default_factory=dict)
    last_step: LastStep | None = None
    phase: Phase = Phase.PEACE
    interference: Interference = NO_INTERFERENCE
    """What other hands do to the fleet."""


def memories_in(section: Json) -> Memories:
    """The policies' memories that a section of a status holds."""
    found: Memories = section.get("memory", {})
    return found


def last_step_in(section: Json, now: float) -> LastStep | None:
    """The last step that a section of a status holds; one from the future counts as taken now."""
    found = section.get("lastStep")
    at = epoch_or_none(found["at"]) if found else None
    if not found or at is None:
        return None
    return LastStep(min(at, now), found["from"], found["to"])


def phase_in(status: Json) -> Phase:
    """The phase on record."""
    found = status.get("phase")
    return Phase(found) if found in set(Phase) else Phase.PEACE


def phase_since_in(status: Json) -> float:
    """Since when that phase is in force; long ago where it is not known."""
    at = epoch_or_none(status.get("phaseSince"))
    return float("-inf") if at is None else at


def mode_is(status: Json, mode: Mode) -> bool:
    """Whether a status was written in this mode; else nothing in it may be relied on."""
    return status.get("mode") == mode.value


def decisions_in(status: Json) -> list[Json]:
    """The latest decisions on record, oldest first."""
    return list(status.get("decisions", []))


def with_decision(decisions: list[Json], made: Json) -> list[Json]:
    """The record with one more decision, the oldest forgotten; none is there twice."""
    return [*(d for d in decisions if d != made), made][-MOST_DECISIONS:]


def open_intent(status: Json) -> Json | None:
    """A step on record of which nobody knows whether its write is still on its way."""
    intent: Json | None = status.get("intent")
    return None if intent is None or intent.get("settled") else intent


def intent_of(step: Step, memories: Memories) -> Json:
    """A step down as it is put on record, with what policies remembered before it.

    What they will remember is on record as well, as if it were taken. Of a rise that may stay where
    it was not: it is asked for again at the next tick, and a rollback for as long as what was gone
    back to is kept.
    """
    before = {name: dict(memory) for name, memory in memories.items()}
    kept: Json = {"memory": before} if before and step.after < step.before else {}
    return step.as_decision() | kept


def never_taken(status: Json) -> Json:
    """The status once nothing of its intent is on its way any more, nor has come true.

    What policies remember is what it was: a step that was not taken does not end the descent, and
    with it the size of its steps and what signals were at its start.
    """
    intent = {name: value for name, value in status["intent"].items() if name != "memory"}
    memory = status["intent"].get("memory")
    return status | ({"memory": memory} if memory else {}) | {"intent": intent | {"settled": True}}


def as_decision(intent: Json) -> Json:
    """The step that an intent became, as `decisions` have it."""
    return {name: value for name, value in intent.items() if name not in _ONLY_INTENDED}
