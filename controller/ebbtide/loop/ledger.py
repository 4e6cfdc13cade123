"""What is on record of one workload: its fleet, its policies' memories, and the last step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ebbtide.api.status import MOST_DECISIONS, epoch, stamp
from ebbtide.loop.ports import Json
from ebbtide_policies.decide import Memories
from ebbtide_policies.observation import Fleet, LastStep, Mode, Phase


@dataclass(frozen=True, slots=True)
class Step:
    """One change of replicas, and why."""

    at: float
    before: int
    after: int
    phase: str = ""
    reason: str = ""
    message: str = ""

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


def moment(text: object) -> float | None:
    """Epoch seconds of a moment in a status; None when it is none."""
    try:
        return epoch(text) if isinstance(text, str) else None
    except ValueError:
        return None


def memories_in(section: Json) -> Memories:
    """The policies' memories that a section of a status holds; what is no memory is left out."""
    found = section.get("memory")
    if not isinstance(found, Mapping):
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, Mapping)}


def last_step_in(section: Json) -> LastStep | None:
    """The last step that a section of a status holds."""
    found = section.get("lastStep")
    if not isinstance(found, Mapping):
        return None
    at, before, after = moment(found.get("at")), found.get("from"), found.get("to")
    if at is None or not isinstance(before, int) or not isinstance(after, int):
        return None
    return LastStep(at, before, after)


def phase_in(status: Json) -> Phase:
    """The phase on record."""
    found = status.get("phase")
    return Phase(found) if found in set(Phase) else Phase.PEACE


def mode_is(status: Json, mode: Mode) -> bool:
    """Whether a status was written in this mode; else nothing in it may be relied on."""
    return status.get("mode") == mode.value


def decisions_in(status: Json) -> list[Json]:
    """The latest decisions on record, oldest first."""
    found = status.get("decisions")
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []


def with_decision(decisions: list[Json], made: Json) -> list[Json]:
    """The record with one more decision, the oldest forgotten; none is there twice."""
    return [*(d for d in decisions if d != made), made][-MOST_DECISIONS:]
