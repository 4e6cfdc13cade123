"""Pods that drain for a policy which goes are open again: nobody else would ever take the marks."""

import logging
from collections.abc import Iterable

from ebbtide.errors import EbbtideError, NotFound
from ebbtide.loop.escorted import MOST_MARKS, record_of
from ebbtide.loop.pods import Pod
from ebbtide.loop.ports import Announcement, Cluster, Json, Resource, Target
from ebbtide.loop.rolls import clean, is_marked

log = logging.getLogger("ebbtide.loop")


def open_ends(cluster: Cluster, policy: Resource, target: object) -> Iterable[str]:
    """Take the marks off the pods of a policy that goes; tell of those that still carry any."""
    if not (record_of(policy) or _has_sessions(policy.spec)):
        return
    if isinstance(target, Target):
        yield from _unmarked(cluster, policy, target)
    elif target is not None and not isinstance(target, NotFound):
        yield f"the pods of {policy.key}: {target}"


def _unmarked(cluster: Cluster, policy: Resource, target: Target) -> Iterable[str]:
    try:
        marked = [pod for pod in cluster.pods(target) if pod.active and is_marked(pod)]
    except EbbtideError as error:
        yield f"the pods of {target.ref}: {error}"
        return
    done = sum(_is_opened(cluster, pod) for pod in marked[:MOST_MARKS])
    if done:
        told = f"{done} pods that were to drain are open again, as their policy goes"
        cluster.announce(Announcement(policy, "PodsReopened", told, action="PutBack"))
    if marked:  # looked at once more at the next tick
        yield f"{len(marked)} pods that were to drain"


def _is_opened(cluster: Cluster, pod: Pod) -> bool:
    try:
        cluster.mark_pod(pod, clean(pod))
    except EbbtideError as error:
        log.warning("pod %s is not open again yet: %s", pod.key, error)
        return False
    return True


def _has_sessions(spec: Json) -> bool:
    policies = spec.get("policies")
    return isinstance(policies, dict) and "sessions" in policies
