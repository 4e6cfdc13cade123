"""What is on record on pods themselves: the marks of Ebbtide, and what takes them off again."""

from ebbtide.api.timestamps import epoch_or_none
from ebbtide.loop.ports.cluster import Json, Resource
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, DRAIN_SINCE, WRITER, Marks, Pod


def drain_since(pod: Pod) -> float | None:
    """Since when a pod is to drain by our own word; None where it is not."""
    return epoch_or_none(pod.annotations.get(DRAIN_SINCE)) if DRAIN in pod.labels else None


def is_costed(pod: Pod) -> bool:
    """Whether a pod carries a deletion cost of ours."""
    return pod.deletion_cost is not None and pod.deletion_cost_by == WRITER


def is_marked(pod: Pod) -> bool:
    """Whether a pod carries a mark of ours."""
    return drain_since(pod) is not None or is_costed(pod)


def clean(pod: Pod) -> Marks:
    """What takes all marks of ours off a pod, and nothing of anybody else's."""
    drains = drain_since(pod) is not None
    stale = {DELETION_COST: None} if is_costed(pod) else {}
    return Marks({DRAIN: None} if drains else {}, stale | ({DRAIN_SINCE: None} if drains else {}))


MOST_MARKS = 100
"""Pods that are told to drain, or not to, in one tick: each takes a call of some milliseconds."""


def sessions_on_record(resource: Resource) -> Json:
    """What is on record of the pods; empty while none is marked."""
    found: Json = resource.status.get("sessions") or {}
    return found
