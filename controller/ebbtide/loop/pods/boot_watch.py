"""Looks at the pods that boot, where somebody needs to know: to measure them, or in a prewarm."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.pods.boots import GIVEN_UP, complete, in_flight, measured, pending
from ebbtide.loop.pods.prewarm import next_event, prewarm, prewarm_late
from ebbtide.loop.ports.cluster import Cluster, Json, Target
from ebbtide.loop.ports.pods import Pod
from ebbtide.loop.record.boot_record import BootRecord, boot_record_in
from ebbtide.loop.reporting.conditions import Condition
from ebbtide.loop.workload import Workload
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.observation import Mode
from ebbtide_policies.snapshot import Snapshot

log = logging.getLogger("ebbtide.loop")


class BootReport(NamedTuple):
    """What came of a look at the pods."""

    sections: Json
    """Of the status: `leadTime` and `prewarm`, where there is something to say."""
    condition: Condition


class BootWatch:
    """Pods are listed only while boots are in flight, and once when they are over."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def look(self, workload: Workload, target: Target, seen: Snapshot) -> BootReport:
        """Measure the rise that is over, and say how the prewarm of the next event stands."""
        settings = workload.settings(Calendar)
        event, status = next_event(seen, settings), workload.resource.status
        known = in_flight(boot_record_in(status), status, target, seen.now)
        over = workload.spec.capacity.measured and complete(known, target, seen.now)
        real = seen.mode is not Mode.DRY_RUN
        wanted = over or (event is not None and real and target.ready < target.replicas)
        pods = self._pods(workload, target) if wanted else None
        if over:
            known = _measured(known, pods, status, seen.now)
        sections: Json = {"leadTime": known.as_json()} if workload.spec.capacity.measured else {}
        found = None
        if event:
            found = prewarm(seen, event, settings, _kept(seen, target, pods))
            sections["prewarm"] = found.as_json()
        return BootReport(sections, prewarm_late(found, _why(target, pods)))

    def _pods(self, workload: Workload, target: Target) -> Sequence[Pod] | None:
        try:
            return self._cluster.pods(target)
        except ClusterUnavailable as error:
            log.warning("%s: %s", workload.key, error, extra={"workload": workload.key})
            return None


def _measured(
    known: BootRecord, pods: Sequence[Pod] | None, status: Json, now: float
) -> BootRecord:
    """The record after a rise; where its pods can't be read it is tried again for a while."""
    if pods is not None:
        return measured(known, pods, status, now)
    given_up = known.since is not None and now - known.since > GIVEN_UP
    return known._replace(since=None, at=now) if given_up else known


def _kept(seen: Snapshot, target: Target, pods: Sequence[Pod] | None) -> Mapping[str, int]:
    """The replicas that are not Ready, by what keeps them; a shadow's only boot."""
    if pods is not None:
        return pending(target, pods)
    booting = int(seen.fleet.current) - int(seen.fleet.ready)
    return {"Booting": booting} if booting > 0 else {}


def _why(target: Target, pods: Sequence[Pod] | None) -> str:
    """The first complaint about pods that do not come."""
    told = (pod.unschedulable.message for pod in pods or () if pod.unschedulable)
    return target.failing or next(filter(None, told), "")
