"""Record, act, confirm: a decision gets out into the world in an order that survives a crash."""

import logging
from collections.abc import Callable
from dataclasses import replace

from ebbtide.errors import ClusterUnavailable, EbbtideError, Refused
from ebbtide.loop.acting.actuators import Actuator, last_step_of
from ebbtide.loop.ports.cluster import Announcement, Cluster, Json, Resource, Target
from ebbtide.loop.record.ledger import Ledger, Step, never_taken
from ebbtide.loop.record.other_hands import MANUAL, ForeignChange
from ebbtide.loop.record.same_target import TARGET, is_replaced
from ebbtide.loop.record.sound_statuses import SoundStatuses
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.reporting.announcer import Announcer
from ebbtide.loop.reporting.conditions import Condition, is_bad, turned
from ebbtide.loop.reporting.staircase import next_steps_section
from ebbtide.loop.reporting.status import (
    account_status,
    heartbeat_of,
    refused_status,
    sentence,
    worth_writing,
)
from ebbtide.loop.tuning.suggestion import changes
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Kind

log = logging.getLogger("ebbtide.loop")

_TOLD_BY_HAND = {"ScaledByHand", "ReplicasReset"}
"""Reasons of events that tell of each change, where a condition turns only with the first."""


class Writer:
    """Writes statuses and events, and takes steps that are on record.

    Where a day is replayed nobody reads a status: it holds no more than the next tick goes by.
    """

    def __init__(self, cluster: Cluster, sound: SoundStatuses, *, read: bool) -> None:
        self._cluster, self._sound, self._read = cluster, sound, read
        self._announcer = Announcer(cluster)

    def carry_out(
        self,
        workload: Workload,
        account: Account,
        ledger: Ledger,
        by: tuple[Actuator, Target],
        elapsed: Callable[[], float],
    ) -> Account:
        """Put the intent on record, take the step, confirm it, tell of it.

        `elapsed` tells the seconds since the observation. Returns the account, with the step.

        Raises:
            EbbtideError: something was not written; the next tick sees how far it came.

        """
        actuator = by[0]
        step = actuator.step(account, ledger)
        workload = actuator.prepared(workload, step)
        taking = step if step and not step.follows else None
        memory = _memory(account, ledger, taking)
        sections = _with_following(actuator.record(workload, memory, ledger, taking), step)
        status = account_status(workload.resource, account, sections, read=self._read)
        now = account.seen.now
        if step is None and not _is_news(workload.resource, status, now):
            return account
        if step is None:
            status |= self._foretold(workload, account)
        recorded = replace(workload, resource=self._write(workload.resource, status))
        try:
            if step:
                self._act(recorded, step, by, ledger)
            if taking:
                taken = replace(taking, at=now + elapsed())
                self._tell_step(recorded, account, taken, actuator)
                confirmed = actuator.confirm(sections, taken)
                confirmed |= self._foretold(workload, account)
                if confirmed != sections:
                    status = account_status(recorded.resource, account, confirmed, read=self._read)
                    self._write(recorded.resource, status)
        finally:  # told last, so that no event keeps a step waiting; and whatever became of it
            self._tell_turns(workload.resource, status, now)
        return replace(account, step=taking)

    def refuse(self, resource: Resource, condition: Condition, now: float) -> None:
        """Say why a workload is not decided on; its capacity stays.

        Raises:
            EbbtideError: it could not be written.

        """
        status = refused_status(resource, condition, now)
        if _is_news(resource, status, now):
            written = self._write(resource, status)
            log.warning("%s: %s", resource.key, condition.message)
            said = Announcement(written, condition.reason, condition.message, warning=True)
            self._announcer.tell(said, condition.reason, now)

    def _write(self, resource: Resource, status: Json) -> Resource:
        written = self._cluster.write_status(resource, status)
        if written.status == status:
            self._sound.wrote(written)
        return written

    def _foretold(self, workload: Workload, account: Account) -> Json:
        """The section of the next steps."""
        if not self._read:
            return {}
        return next_steps_section(workload.policies, account.seen, account.outcome)

    def _act(
        self, workload: Workload, step: Step, by: tuple[Actuator, Target], ledger: Ledger
    ) -> None:
        """Take a step that is on record; say so where it fails."""
        actuator, target = by
        try:
            actuator.act(workload, target, step)
        except ClusterUnavailable as error:
            if isinstance(error, Refused):
                self._settle(workload.resource, step, ledger)
            said = Announcement(workload.resource, "FailedRescale", str(error), warning=True)
            self._announcer.tell(said, said.reason, step.at)
            raise
        if step.follows:
            told = "%s: the minimum follows the fleet: %d -> %d"
            log.info(told, workload.key, step.before, step.after)

    def _settle(self, resource: Resource, step: Step, ledger: Ledger) -> None:
        """Put on record that a step was refused: nothing of it is on its way any more."""
        status = never_taken(resource.status)
        if _goes_down(step) and ledger.memories:
            status = _without_soak(status, ledger)
        try:
            self._cluster.write_status(resource, status)
        except EbbtideError as error:
            log.warning("%s: what was refused is not on record: %s", resource.key, error)

    def _tell_step(
        self, workload: Workload, account: Account, step: Step, actuator: Actuator
    ) -> None:
        """Say one sentence about a step, in the log and as an event."""
        told = sentence(account.seen, account.outcome.decision)
        extra = {"workload": workload.key, "step": step.as_decision()}
        log.info("%s: %s", workload.key, told, extra=extra)
        event = Announcement(workload.resource, actuator.rescaled, told, action="Rescale")
        self._cluster.announce(event)
        binding = account.outcome.decision.binding
        if binding.kind is Kind.ROLLBACK:
            undone = Announcement(workload.resource, binding.reason, binding.message, warning=True)
            self._announcer.tell(undone, undone.reason, account.seen.now)

    def _tell_turns(self, resource: Resource, status: Json, now: float) -> None:
        """Announce a new phase, and every condition whose truth has changed."""
        before = resource.status.get("phase")
        if before and before != status["phase"]:
            told = f"{before} -> {status['phase']}"
            log.info("%s: phase %s", resource.key, told, extra={"workload": resource.key})
            event = Announcement(resource, "PhaseChanged", told, action="Phase")
            self._announcer.tell(event, told, now)
        self._tell_target(resource, status, now)
        self._tell_hand(resource, status.get("hand"), now)
        for reason, message in changes(resource.status, status):
            event = Announcement(resource, reason, message, action="Tune")
            self._announcer.tell(event, reason, now)
        for condition in turned(
            resource.status.get("conditions", []), status.get("conditions", [])
        ):
            if condition["reason"] in _TOLD_BY_HAND:
                continue
            message = condition["message"] or condition["reason"]
            turn = Announcement(resource, condition["reason"], message, is_bad(condition))
            self._announcer.tell(turn, turn.reason, now)

    def _tell_target(self, resource: Resource, status: Json, now: float) -> None:
        """Announce that all begins anew, with another object in the place of the old target."""
        if is_replaced(resource.status, str(status.get(TARGET, ""))):
            told = "the target is another object than before; its descent begins anew"
            log.warning("%s: %s", resource.key, told, extra={"workload": resource.key})
            event = Announcement(resource, "TargetReplaced", told, action="Notice")
            self._announcer.tell(event, event.reason, now)

    def _tell_hand(self, resource: Resource, told: Json | None, now: float) -> None:
        """Announce a change that somebody else made, each time anew."""
        change = ForeignChange.in_status({"hand": told}) if told else None
        if change and told != resource.status.get("hand"):
            log.warning("%s: %s", resource.key, change.message, extra={"workload": resource.key})
            reason = "ScaledByHand" if change.kind == MANUAL else "ReplicasReset"
            event = Announcement(resource, reason, change.message, warning=True, action="Notice")
            self._announcer.tell(event, f"{reason} {change.before} {change.after}", now)


def _is_news(resource: Resource, status: Json, now: float) -> bool:
    """Whether a status is worth writing over the one that is there."""
    return worth_writing(resource.status, status, now, heartbeat_of(resource.key))


def _memory(account: Account, ledger: Ledger, taking: Step | None) -> Json:
    """What policies will remember; of a decision that asks for no step, what they did before."""
    decision = account.outcome.decision
    changes = taking is not None or decision.replicas == decision.current or not ledger.memories
    kept = account.outcome.memories if changes else ledger.memories
    return {name: dict(memory) for name, memory in kept.items()}


def _goes_down(step: Step) -> bool:
    """Whether a step is one of the staircase."""
    return step.after < step.before and not step.follows


def _without_soak(status: Json, ledger: Ledger) -> Json:
    """The status with the last step before one that was refused: that need not rest."""
    kept = {name: section for name, section in status.items() if name != "lastStep"}
    last = last_step_of(ledger)
    return kept | ({"lastStep": last} if last else {})


def _with_following(sections: Json, step: Step | None) -> Json:
    """The sections of a status, with the intent of a minimum that only follows the fleet.

    What came true is no news, so it need not be confirmed: it leaves with the next status.
    """
    if step is None or not step.follows:
        return sections
    return dict(sections) | {"intent": step.as_decision() | {"follows": True}}
