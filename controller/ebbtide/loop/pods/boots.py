"""Pods that boot: how long they take, and what keeps those that do not come."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ebbtide.api.timestamps import epoch_or_none
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.pods import Pod
from ebbtide.loop.record.boot_record import BootRecord
from ebbtide.loop.record.ledger import decisions_in, last_step_in
from ebbtide_policies.lead_time import settled, with_rise

WAITED = 15.0
"""A pod that got its node later than this after its creation has waited for one."""
SLACK = 120.0
"""Pods may have been created so long before anybody saw that they boot; older ones flap."""
CAUSED = 60.0
"""A pod that was created no later than this after a patch is of that patch."""
GIVEN_UP = 1800.0
"""Pods that take longer are stuck: those that came are measured without them."""
_IMAGE = ("Image", "ErrImage", "InvalidImage", "RegistryUnavailable")


def in_flight(known: BootRecord, status: Json, target: Target, now: float) -> BootRecord:
    """The record at this tick: pods boot from our own rise, or from when a replica is missing."""
    if known.since is not None:
        return known
    last = last_step_in(status, now)
    rose = last is not None and last.after > last.before and last.at > (known.at or 0.0)
    if last is not None and rose:
        return known._replace(since=float(last.at))
    return known._replace(since=now) if target.ready < target.replicas else known


def complete(known: BootRecord, target: Target, now: float) -> bool:
    """Whether what boots can be measured: all of it is there, or the rest is stuck."""
    if known.since is None:
        return False
    return target.ready >= target.replicas or now - known.since > GIVEN_UP


def measured(known: BootRecord, pods: Iterable[Pod], status: Json, now: float) -> BootRecord:
    """The record once the pods of a rise were looked at.

    Those that never came are left out, and those that were Ready before it began.
    """
    patches = [
        at
        for made in decisions_in(status)
        if made["to"] > made["from"] and (at := epoch_or_none(made["at"])) is not None
    ]
    there, waited = list[float](), list[float]()
    since = now if known.since is None else known.since
    for pod in pods:
        came = pod.ready_since is not None and pod.ready_since >= since
        if pod.ready_since is None or not (came and pod.active and pod.created >= since - SLACK):
            continue
        late = pod.scheduled_since is not None and pod.scheduled_since - pod.created > WAITED
        boot = max(0.0, pod.ready_since - _asked(pod.created, patches))
        (waited if late else there).append(boot)
    if not there and not waited:
        return known._replace(since=None, at=now)
    boots = with_rise(known.boots, there, waited)
    return BootRecord(boots, settled(boots, known.lead), None, now)


def _asked(created: float, patches: Sequence[float]) -> float:
    """When a pod was asked for: at the last patch before it, if that can have been the cause."""
    before = [at for at in patches if created - CAUSED <= at <= created + 1.0]
    return max(before, default=created)


def pending(target: Target, pods: Iterable[Pod]) -> Mapping[str, int]:
    """The replicas of a target that are not Ready, by what keeps them."""
    active = [pod for pod in pods if pod.active]
    found = Counter(_kept_by(pod) for pod in active if pod.ready_since is None)
    missing = target.replicas - len(active)
    if missing > 0:
        found[_not_created(target.failing)] += missing
    return dict(sorted(found.items()))


def _kept_by(pod: Pod) -> str:
    if pod.unschedulable is not None:
        return "Unschedulable"
    return "Image" if pod.waiting.startswith(_IMAGE) else "Booting"


def _not_created(failing: str) -> str:
    """Why pods do not even exist; without a complaint the controller is about to make them."""
    if not failing:
        return "Booting"
    return "Quota" if "quota" in failing.lower() else "FailedCreate"
