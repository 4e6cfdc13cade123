"""What stands between a workload and Enforce: checks of what was read, and what to do next."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.observing.conflicts import Claims, switched_off
from ebbtide.loop.ports.autoscalers import Owner
from ebbtide.loop.ports.cluster import Target
from ebbtide.loop.record.other_hands import AUTOSCALING, GITOPS, OURS
from ebbtide.loop.workload import Workload


class Verdict(StrEnum):
    """How a check came out."""

    WELL = "ok"
    LOOK = "look"
    """Nothing stands in the way, but somebody should know."""
    STOP = "stop"
    """With this, Enforce is refused or does harm."""


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    next: str = ""
    """What to do; empty when nothing is to be done."""


def preflight(
    workload: Workload, target: Target | ClusterUnavailable, claims: Claims
) -> Iterable[Check]:
    """Look at everything that the survey tells of a workload."""
    if isinstance(target, ClusterUnavailable):
        yield Check("target", Verdict.STOP, str(target))  # an error says itself what to do
        return
    yield Check("target", Verdict.WELL, f"{target.ref} can be scaled; it has {target.replicas}")
    yield _second_hand(workload, claims)
    yield _owner(target)
    yield _pods(workload, target)
    if target.paused:
        yield Check("rollout", Verdict.LOOK, "its rollout is paused", "resume it: nothing goes")


def _second_hand(workload: Workload, claims: Claims) -> Check:
    other = claims.second_hand(workload)
    if other is None:
        one = claims.floor_of(workload)
        told = f"decisions are floors of {one}" if one else "nobody else scales it"
        return Check("second hand", Verdict.WELL, told)
    found, _, todo = other.message.partition("; ")
    return Check("second hand", Verdict.STOP, found, todo)


def _owner(target: Target) -> Check:
    """Who owns spec.replicas: one that declares it will write it back."""
    owners = [one for one in target.owners if not one.manager.startswith(OURS)]
    declared = next((one for one in owners if one.applied or one.manager in GITOPS), None)
    if declared:
        return Check(
            "spec.replicas", _weight(declared), _told(declared), handover(target, declared)
        )
    by_hand = next((one for one in owners if one.manager not in AUTOSCALING), None)
    if by_hand:
        todo = f"take replicas out of the file that {by_hand.manager} applies, if there is one"
        return Check("spec.replicas", Verdict.LOOK, f"{by_hand.manager} wrote it last", todo)
    return Check("spec.replicas", Verdict.WELL, "no file declares it")


def _weight(owner: Owner) -> Verdict:
    return Verdict.STOP if owner.manager in GITOPS else Verdict.LOOK


def _told(owner: Owner) -> str:
    return f"{owner.manager} {'declares' if owner.applied else 'writes'} it, and will write it back"


def handover(target: Target, owner: Owner) -> str:
    """How to hand spec.replicas over without a drop to 1, as a person types it."""
    ref, count = target.ref, target.replicas
    if not owner.applied:
        return (
            f"1. kubectl -n {ref.namespace} apply edit-last-applied {ref.kind.lower()}/{ref.name}: "
            "delete spec.replicas there  2. delete it in the repository, then sync"
        )
    body = (
        f'{{"apiVersion":"{ref.api_version}","kind":"{ref.kind}","metadata":{{"name":"{ref.name}"}},'
        f'"spec":{{"replicas":{count}}}}}'
    )
    return (
        f"1. echo '{body}' | kubectl -n {ref.namespace} apply --server-side "
        f"--field-manager={OURS}-handover -f -  2. delete spec.replicas in the repository, then "
        f"sync: the number stays at {count}, as {OURS}-handover owns it too"
    )


def _pods(workload: Workload, target: Target) -> Check:
    if switched_off(workload, target):
        todo = "scale it to one or more: a fleet at zero is switched off"
        return Check("pods", Verdict.STOP, "it is at zero", todo)
    told = f"{target.ready} of {target.replicas} are Ready"
    if target.failing:
        told += f": {target.failing}"
    if target.ready < target.replicas:
        return Check("pods", Verdict.LOOK, told, "nothing is let go until all are")
    return Check("pods", Verdict.WELL, told)
