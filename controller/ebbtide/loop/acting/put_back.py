"""What was written for a policy is put back when the policy goes, or no longer asks for it.

Minimums of autoscalers, and marks on pods that drain.
"""

import logging
from collections.abc import Collection, Iterable, Mapping

from ebbtide.api.timestamps import stamp
from ebbtide.errors import EbbtideError, InvalidInput, NotFound
from ebbtide.loop.acting.autoscaler_floor import holds_for
from ebbtide.loop.acting.finalizer import FINALIZER
from ebbtide.loop.observing.conflicts import Claims
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Ref
from ebbtide.loop.ports.cluster import Announcement, Cluster, Json, Resource, Survey, Target
from ebbtide.loop.ports.pods import Pod
from ebbtide.loop.record.pod_marks import MOST_MARKS, clean, is_marked, sessions_on_record
from ebbtide.loop.reporting.announcer import Announcer
from ebbtide.loop.workload import Workload
from ebbtide_policies.observation import Mode

log = logging.getLogger("ebbtide.loop")

PATIENCE = 300.0
"""Seconds of an operator that may write, after which a policy that is asked to go is let go.

Whether all is put back or not. While nobody was there to put anything back, nobody was patient.
"""

Understood = Mapping[str, Workload | InvalidInput]
Driven = Collection[tuple[str, str]]
"""Every policy in force whose decisions are floors, with the name of its autoscaler."""


class PutBack:
    """Puts minimums of autoscalers back, and lets go of the policies they were written for."""

    def __init__(self, cluster: Cluster, max_mode: Mode) -> None:
        self._cluster, self._max_mode = cluster, max_mode
        self._announcer = Announcer(cluster)
        self._leaving: dict[str, float] = {}
        """Since when policies that are asked to go have been seen to, by their uid."""

    def tend(
        self, survey: Survey, understood: Understood, claims: Claims, now: float
    ) -> Mapping[str, Resource]:
        """Put back what nobody asks for any more. A failure is tried again at the next tick.

        Of policies that can't be understood nobody knows what they ask for: nothing of theirs is
        touched while they are there. Returns those that were let go of, as they are now.
        """
        workloads = [w for w in understood.values() if isinstance(w, Workload)]
        driven = {
            (w.key, one.name)
            for w in workloads
            if w.mode_under(self._max_mode) is not Mode.DRY_RUN and (one := claims.floor_of(w))
        }
        doubtful = understood.keys() - {w.key for w in workloads}
        policies = {policy.key: policy for policy in survey.policies}
        for one in survey.autoscalers:
            policy = policies.get(one.held.policy) if one.held else None
            if one.held and self._is_over(one, policy, driven, doubtful):
                self._safely(policy, one, one.held, now)
        held = [policy for policy in survey.policies if FINALIZER in policy.finalizers]
        going = [policy.uid for policy in held if policy.deleting]
        self._leaving = {uid: self._leaving.get(uid, now) for uid in going}
        tended = [policy for policy in held if policy.deleting or policy.key not in doubtful]
        released = [self._release(policy, survey, driven, now) for policy in tended]
        return {policy.key: policy for policy in released if policy}

    def _is_over(
        self, one: Autoscaler, policy: Resource | None, driven: Driven, doubtful: Collection[str]
    ) -> bool:
        """Whether the policy that a minimum was written for is gone, or asks for something else."""
        if policy is None or policy.deleting:
            return True
        return policy.key not in doubtful and (policy.key, one.name) not in driven

    def _safely(self, policy: Resource | None, one: Autoscaler, held: Held, now: float) -> None:
        try:
            self._put_back(policy, one, held, now)
        except EbbtideError as error:
            log.warning("%s: its minimum is not put back yet: %s", one, error)

    def _put_back(self, policy: Resource | None, one: Autoscaler, held: Held, now: float) -> None:
        """Write the old minimum, unless somebody has written another since.

        First it is noted that this write is coming: a successor whose policy is there again can
        shut the door behind it (`ebbtide.loop.fences`).
        """
        if not held.leaving:
            noted = held._replace(leaving=stamp(now))
            one = self._cluster.patch_minimum(one, one.minimum, noted)
        before = one.minimum if held.wrote != one.least else held.before
        self._cluster.patch_minimum(one, before, None)
        told = f"the minimum of {one} is {_shown(before)} again"
        log.info("%s: %s", held.policy, told)
        if policy:
            event = Announcement(policy, "MinimumPutBack", told, action="PutBack")
            self._announcer.tell(event, told, now)

    def _release(
        self, policy: Resource, survey: Survey, driven: Driven, now: float
    ) -> Resource | None:
        """Take the finalizer away once nothing is held, or the time for it has run out.

        A policy that stays sees to its minimum and to its marked pods itself.
        """
        needed = sessions_on_record(policy) or any(key == policy.key for key, _ in driven)
        if needed and not policy.deleting:
            return None
        target = _read(policy, survey.targets)
        marked = reopen_pods(self._cluster, policy, target) if policy.deleting else ()
        left = [*_held_for(policy, survey.autoscalers, target), *marked]
        late = now - self._leaving.get(policy.uid, now) > PATIENCE
        if left and not late:
            return None  # seen again at the next tick, when it has taken effect
        try:
            if left:
                self._give_up(policy, left, now)
            return self._cluster.set_finalizer(policy, FINALIZER, False)
        except EbbtideError as error:
            log.warning("%s: it is not let go of yet: %s", policy.key, error)
            return None

    def _give_up(self, policy: Resource, left: Iterable[str], now: float) -> None:
        told = f"not put back within {PATIENCE:.0f} s, see to it by hand: {', '.join(left)}"
        log.error("%s: %s", policy.key, told)
        event = Announcement(policy, "NotPutBack", told, warning=True, action="PutBack")
        self._announcer.tell(event, event.reason, now)


def _held_for(policy: Resource, autoscalers: Iterable[Autoscaler], target: object) -> Iterable[str]:
    """What still holds a value that was written for a policy, or can't be looked at."""
    yield from (str(one) for one in autoscalers if holds_for(policy, one))
    if isinstance(target, EbbtideError) and not isinstance(target, NotFound):
        yield f"what was written for {policy.key}: {target}"


def _read(policy: Resource, targets: Mapping[Ref, object]) -> object:
    """What was read of a policy's target."""
    ref = policy.spec.get("scaleTargetRef") or {}
    mine = (policy.namespace, ref.get("kind"), ref.get("name"))
    found = (one for at, one in targets.items() if (at.namespace, at.kind, at.name) == mine)
    return next(found, None)


def _shown(minimum: int | None) -> str:
    return "unset" if minimum is None else str(minimum)


def reopen_pods(cluster: Cluster, policy: Resource, target: object) -> Iterable[str]:
    """Take the marks off the pods of a policy that goes; tell of those that still carry any."""
    counts = sessions_on_record(policy) or _has_sessions(policy.spec)
    if counts and isinstance(target, Target):
        yield from _unmarked(cluster, policy, target)


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
