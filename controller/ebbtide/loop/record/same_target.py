"""Whose record it is: what is on record of one object says nothing of another in its place.

A target that was deleted and made again has its name and its policy, and none of its past; and an
edit of `scaleTargetRef` names another fleet. Taken for the same, their replicas would be a change
by hand: down to what a manifest asks for at first, and a ceiling for an hour.
"""

from dataclasses import replace

from ebbtide.loop.ports.cluster import Json, Resource, Target

TARGET = "targetUid"
"""The section of the status that names the object which the record is of."""
_OF_THE_FLEET = {
    *("memory", "lastStep", "intent", "shadow", "replicas", "hand"),
    *("nextSteps", "heldSince"),
}


def of_target(policy: Resource, target: Target) -> Resource:
    """The policy, without what is on record of another object than its target.

    A write that was meant for the other one can't come true here: it carries the version of that.
    """
    if not is_replaced(policy.status, target.uid):
        return policy
    kept = {name: said for name, said in policy.status.items() if name not in _OF_THE_FLEET}
    return replace(policy, status=kept)


def is_replaced(status: Json, uid: str) -> bool:
    """Whether the record is of another object; one that names none is of any.

    Where decisions are floors it is of the autoscaler, which stays and holds any fleet.
    """
    known = status.get(TARGET)
    return bool(known and uid) and known != uid and "actuator" not in status


def target_section(target: Target) -> Json:
    """The section of the status that names the target."""
    return {TARGET: target.uid} if target.uid else {}
