"""How a decision reaches a fleet: by the API server, in a shadow, or not at all.

An actuator says which fleet decisions are about, how a step is put on record before it is taken,
and how it is taken. Dry-run is one more actuator, so nothing else in the house asks for the mode.
"""

from dataclasses import replace
from typing import NamedTuple, Protocol

from ebbtide.api.status import stamp
from ebbtide.loop.ledger import (
    Ledger,
    Step,
    decisions_in,
    last_step_in,
    memories_in,
    mode_is,
    moment,
    phase_in,
    with_decision,
)
from ebbtide.loop.ports import Cluster, Json, Target
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Fleet, Mode


class Actuator(Protocol):
    """The way from a decision to a fleet."""

    acts: bool
    """Whether steps are taken at all."""
    rescaled: str
    """The reason of the event that tells of a step."""

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """What is on record of the fleet that decisions are about."""

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The sections of the status that are written before a step is taken."""

    def act(self, target: Target, step: Step) -> None:
        """Take a step that is on record.

        Raises:
            ClusterUnavailable: it was not taken, or nobody knows.

        """

    def confirm(self, recorded: Json, step: Step) -> Json:
        """Those sections once the step is taken, `step.at` no sooner than it was."""


class Withheld:
    """Nothing is done to the fleet, as somebody else is doing it."""

    acts = False
    rescaled = "Withheld"

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The real fleet."""
        status = workload.resource.status
        known = mode_is(status, mode)
        return Ledger(
            fleet=Fleet(current=target.replicas, ready=target.ready, rollout=target.rollout),
            memories=memories_in(status) if known else {},
            last_step=last_step_in(status, now) if known else None,
            phase=phase_in(status),
        )

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """What was on record stays: a step that is not taken leaves no trace."""
        status = workload.resource.status
        return _sections(dict(ledger.memories), ledger) | {"decisions": decisions_in(status)}

    def act(self, target: Target, step: Step) -> None:
        """Do nothing."""

    def confirm(self, recorded: Json, step: Step) -> Json:
        """Nothing to add."""
        return recorded


class Scale(Withheld):
    """The real fleet, moved through the scale subresource."""

    acts = True
    rescaled = "SuccessfulRescale"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The real fleet; a step that came true unconfirmed may have been taken just now."""
        ledger = super().ledger(workload, target, mode, now)
        intent = workload.resource.status.get("intent")
        if ledger.last_step and intent and intent["to"] == target.replicas:
            return replace(ledger, last_step=ledger.last_step._replace(at=now))
        return ledger

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The memory as if the step were taken, and the intent: a successor can't take it twice."""
        sections = _sections(memory, ledger)
        sections["decisions"] = _with_fulfilled(workload.resource.status, ledger)
        if step:
            sections |= {"intent": step.as_decision(), "lastStep": step.as_json()}
        return sections

    def act(self, target: Target, step: Step) -> None:
        """Patch the scale subresource."""
        self._cluster.patch_scale(target, step.after)

    def confirm(self, recorded: Json, step: Step) -> Json:
        """The intent is fulfilled, and part of history; the step rests from when it was taken."""
        rest = {key: value for key, value in recorded.items() if key != "intent"}
        decisions = with_decision(recorded["decisions"], recorded["intent"])
        return rest | {"lastStep": step.as_json(), "decisions": decisions}


class Shadow(Withheld):
    """The fleet that DryRun would have by now: it lives in the status and nowhere else.

    Its pods boot in the workload's lead time. A step is taken by putting it on record.
    """

    acts = True
    rescaled = "DryRunRescale"

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The shadow on record; at first sight it is what the real fleet is."""
        status = workload.resource.status
        shadow = _shadow_in(status)
        if not shadow or not mode_is(status, mode):
            current = target.replicas
            return Ledger(fleet=Fleet(current=current, ready=current), phase=phase_in(status))
        replicas = int(shadow["replicas"])
        booting = sum(boot.replicas for boot in _boots(shadow) if boot.at > now)
        return Ledger(
            fleet=Fleet(current=replicas, ready=replicas - booting),
            memories=memories_in(shadow),
            last_step=last_step_in(shadow, now),
            phase=phase_in(status),
        )

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The shadow after the step."""
        boots = _boots(_shadow_in(workload.resource.status))
        replicas = int(ledger.fleet.current)
        if step:
            boots = [boot for boot in boots if boot.at > step.at]
            boots = _moved(boots, step, workload.lead_time)
            replicas = step.after
        shadow: Json = {"replicas": replicas, "memory": memory}
        shadow["boots"] = [{"at": stamp(at), "replicas": count} for at, count in boots]
        last = step.as_json() if step else _last_step(ledger)
        decisions = decisions_in(workload.resource.status)
        if step:
            decisions = with_decision(decisions, step.as_decision())
        return {
            "shadow": shadow | ({"lastStep": last} if last else {}),
            "decisions": decisions,
        }


def _with_fulfilled(status: Json, ledger: Ledger) -> list[Json]:
    """The decisions, with an intent whose writer did not live to see that it came true."""
    intent, decisions = status.get("intent"), decisions_in(status)
    if intent and intent["to"] == int(ledger.fleet.current):
        return with_decision(decisions, intent)
    return decisions


def _sections(memory: Json, ledger: Ledger) -> Json:
    last = _last_step(ledger)
    return {"memory": memory} | ({"lastStep": last} if last else {})


def _last_step(ledger: Ledger) -> Json | None:
    last = ledger.last_step
    if last is None:
        return None
    return Step(float(last.at), int(last.before), int(last.after)).as_json()


class _Boot(NamedTuple):
    """Replicas of a shadow that are ready from a moment on."""

    at: float
    replicas: int


def _shadow_in(status: Json) -> Json:
    """The shadow on record; empty when there is none, or none that can be understood."""
    shadow: Json = status.get("shadow") or {}
    return shadow if shadow.get("replicas", -1) >= 0 else {}


def _boots(shadow: Json) -> list[_Boot]:
    timed = [(moment(row["at"]), row["replicas"]) for row in shadow.get("boots", [])]
    return [_Boot(at, count) for at, count in timed if at is not None]


def _moved(boots: list[_Boot], step: Step, lead_time: float) -> list[_Boot]:
    """The boots after a step: a rise adds one, a fall takes what has not booted first."""
    if step.after > step.before:
        return [*boots, _Boot(step.at + lead_time, step.after - step.before)]
    gone, left = step.before - step.after, []
    for boot in sorted(boots, reverse=True):
        taken = min(boot.replicas, gone)
        gone -= taken
        if boot.replicas > taken:
            left.append(_Boot(boot.at, boot.replicas - taken))
    return sorted(left)
