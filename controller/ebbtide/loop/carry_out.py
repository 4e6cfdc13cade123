"""Record, act, confirm: a decision gets out into the world in an order that survives a crash."""

import logging

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.actuators import Actuator
from ebbtide.loop.conditions import Condition, turned
from ebbtide.loop.ledger import Ledger, Step
from ebbtide.loop.ports import Announcement, Cluster, Json, Resource, Target
from ebbtide.loop.report import (
    Account,
    account_status,
    refused_status,
    sentence,
    worth_writing,
)
from ebbtide.loop.workload import Workload

log = logging.getLogger("ebbtide.loop")

_BAD_WHEN = {"Ready": "False", "MetricsAvailable": "False", "ForecastTrusted": "False"}


class Writer:
    """Writes statuses and events, and takes steps that are on record."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def carry_out(
        self,
        workload: Workload,
        account: Account,
        ledger: Ledger,
        by: tuple[Actuator, Target],
    ) -> None:
        """Put the intent on record, take the step, confirm it, tell of it.

        Raises:
            ClusterUnavailable: something was not written; the next tick sees how far it came.

        """
        actuator, target = by
        step = _step(account) if actuator.acts else None
        memory: Json = {name: dict(kept) for name, kept in account.outcome.memories.items()}
        sections = actuator.record(workload, memory, ledger, step)
        resource = workload.resource
        status = account_status(resource, account, sections)
        if step or worth_writing(resource.status, status, account.seen.now):
            written = self._cluster.write_status(resource, status)
            self._tell_turns(resource, status)
            resource = written
        if step is None:
            return
        self._act(resource, actuator, target, step)
        said = sentence(account.seen, account.outcome.decision)
        log.info(said, extra={"workload": workload.key, "step": step.as_decision()})
        confirmed = account_status(workload.resource, account, actuator.confirm(sections))
        if confirmed != status:
            self._cluster.write_status(resource, confirmed)
        self._cluster.announce(Announcement(resource, actuator.rescaled, said, action="Rescale"))

    def refuse(self, resource: Resource, condition: Condition, now: float) -> None:
        """Say why a workload is not decided on; its capacity stays.

        Raises:
            ClusterUnavailable: it could not be written.

        """
        status = refused_status(resource, condition, now)
        if worth_writing(resource.status, status, now):
            written = self._cluster.write_status(resource, status)
            log.warning("%s: %s", resource.key, condition.message)
            said = Announcement(written, condition.reason, condition.message, warning=True)
            self._cluster.announce(said)

    def _act(self, resource: Resource, actuator: Actuator, target: Target, step: Step) -> None:
        try:
            actuator.act(target, step)
        except ClusterUnavailable as error:
            said = Announcement(resource, "FailedRescale", str(error), warning=True)
            self._cluster.announce(said)
            raise

    def _tell_turns(self, resource: Resource, status: Json) -> None:
        """Announce a new phase, and every condition whose truth has changed."""
        before = resource.status.get("phase")
        if before and before != status["phase"]:
            told = f"{before} -> {status['phase']}"
            log.info("%s: phase %s", resource.key, told, extra={"workload": resource.key})
            self._cluster.announce(Announcement(resource, "PhaseChanged", told, action="Phase"))
        for condition in turned(resource.status.get("conditions"), status["conditions"]):
            warning = condition["status"] == _BAD_WHEN.get(condition["type"], "True")
            message = condition["message"] or condition["reason"]
            turn = Announcement(resource, condition["reason"], message, warning)
            self._cluster.announce(turn)


def _step(account: Account) -> Step | None:
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
