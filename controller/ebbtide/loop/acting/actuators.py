"""How a decision reaches a fleet: by the API server, in a shadow, or not at all.

An actuator says which fleet decisions are about, how a step is put on record before it is taken,
and how it is taken. Dry-run is one more actuator, so nothing else in the house asks for the mode.
"""

from dataclasses import replace
from typing import Protocol

from ebbtide.loop.ports.cluster import Cluster, Json, Target
from ebbtide.loop.record.ledger import (
    Ledger,
    Step,
    as_decision,
    decisions_in,
    intent_of,
    last_step_in,
    memories_in,
    mode_is,
    open_intent,
    phase_in,
    with_decision,
)
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Fleet, LastStep, Mode


class Actuator(Protocol):
    """The way from a decision to a fleet."""

    rescaled: str
    """The reason of the event that tells of a step."""

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """What is on record of the fleet that decisions are about."""

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The sections of the status that are written before a step is taken."""

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """The step that a decision asks for; None where there is none to take."""

    def prepared(self, workload: Workload, step: Step | None) -> Workload:
        """The workload, once all is in place that a step, or none, needs.

        Raises:
            ClusterUnavailable: it could not be put in place.

        """

    def act(self, workload: Workload, target: Target, step: Step) -> None:
        """Take a step that is on record.

        Raises:
            ClusterUnavailable: it was not taken, or nobody knows.

        """

    def confirm(self, recorded: Json, step: Step) -> Json:
        """Those sections once the step is taken, `step.at` no sooner than it was."""


class Withheld:
    """Nothing is done to the fleet, as somebody else is doing it."""

    rescaled = "Withheld"

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The real fleet."""
        status = workload.resource.status
        known = self.known(status, mode)
        return Ledger(
            fleet=Fleet(current=target.replicas, ready=target.ready, rollout=target.rollout),
            memories=memories_in(status) if known else {},
            last_step=last_step_in(status, now) if known else None,
            phase=phase_in(status),
        )

    def known(self, status: Json, mode: Mode) -> bool:
        """Whether what is on record may be relied on."""
        return mode_is(status, mode)

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """None is taken."""
        return None

    def prepared(self, workload: Workload, step: Step | None) -> Workload:
        """Nothing is needed."""
        return workload

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """What was on record stays: a step that is not taken leaves no trace."""
        status = workload.resource.status
        kept, intent = sections_of(dict(ledger.memories), ledger), open_intent(status)
        kept |= {"intent": intent} if intent else {}
        return kept | {"decisions": decisions_in(status)}

    def act(self, workload: Workload, target: Target, step: Step) -> None:
        """Do nothing."""

    def confirm(self, recorded: Json, step: Step) -> Json:
        """Nothing to add."""
        return recorded


class Scale(Withheld):
    """The real fleet, moved through the scale subresource."""

    rescaled = "SuccessfulRescale"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """The real fleet; a step that came true unconfirmed may have been taken just now."""
        ledger = super().ledger(workload, target, mode, now)
        status = workload.resource.status
        intent = status.get("intent") if self.known(status, mode) else None
        if not intent or intent["to"] != target.replicas or intent.get("follows"):
            return ledger
        return replace(ledger, last_step=LastStep(now, intent["from"], intent["to"]))

    def known(self, status: Json, mode: Mode) -> bool:
        """Whether it was written in this mode, by this actuator."""
        return mode_is(status, mode) and "actuator" not in status

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """The change that was decided."""
        return decided(account)

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The memory as if the step were taken, and the intent: a successor can't take it twice."""
        sections = sections_of(memory, ledger)
        sections["decisions"] = with_fulfilled(workload.resource.status, int(ledger.fleet.current))
        if step:
            intent = intent_of(step, ledger.memories)
            sections |= {"intent": intent, "lastStep": step.as_json()}
        return sections

    def act(self, workload: Workload, target: Target, step: Step) -> None:
        """Patch the scale subresource."""
        self._cluster.patch_scale(target, step.after)

    def confirm(self, recorded: Json, step: Step) -> Json:
        """The intent is fulfilled, and part of history; the step rests from when it was taken."""
        rest = {key: value for key, value in recorded.items() if key != "intent"}
        decisions = with_decision(recorded["decisions"], as_decision(recorded["intent"]))
        return rest | {"lastStep": step.as_json(), "decisions": decisions}


def decided(account: Account) -> Step | None:
    """The change of replicas that a decision is; None where it is none."""
    decision, seen = account.outcome.decision, account.seen
    if decision.replicas == decision.current:
        return None
    binding = decision.binding
    return Step(
        at=seen.now,
        before=decision.current,
        after=decision.replicas,
        phase=seen.phase.value,
        reason=binding.reason,
        message=binding.message,
    )


def with_fulfilled(status: Json, replicas: int) -> list[Json]:
    """The decisions, with an intent whose writer did not live to see that it came true."""
    intent, decisions = status.get("intent"), decisions_in(status)
    if intent and intent["to"] == replicas and not intent.get("follows"):
        return with_decision(decisions, as_decision(intent))
    return decisions


def sections_of(memory: Json, ledger: Ledger) -> Json:
    """What is remembered of a fleet, as the status has it."""
    last, change = last_step_of(ledger), ledger.interference.change
    found: Json = {"memory": memory} | ({"lastStep": last} if last else {})
    return found | ({"hand": change.as_json()} if change else {})


def last_step_of(ledger: Ledger) -> Json | None:
    """The last step, as the status has it; None where there is none."""
    last = ledger.last_step
    if last is None:
        return None
    return Step(float(last.at), int(last.before), int(last.after)).as_json()
