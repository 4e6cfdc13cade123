"""Second hands: who else scales the same target. Two of them never do it well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ebbtide.api.capacity_policy.other_hands import ActuatorKind
from ebbtide.api.capacity_policy.settings_by_phase import least_replicas
from ebbtide.loop.ports.autoscalers import Autoscaler, Ref
from ebbtide.loop.ports.cluster import Json, Resource, Survey, Target
from ebbtide.loop.ports.loose_json import mapping
from ebbtide.loop.record.other_hands import (
    GITOPS,
    RESET,
    ForeignChange,
    Interference,
    ReplicasFound,
    SecondHand,
    left_in,
    noticed,
)
from ebbtide.loop.workload import Workload
from ebbtide_policies.lanes import UNLIMITED
from ebbtide_policies.observation import Mode, OtherHands, Phase

HANDOVER = "`ebbtide preflight` says how to hand it over without a drop"
_ALARMED = {Phase.PREWARM.value, Phase.WAR.value}


class _Object(NamedTuple):
    """A scalable object, in whatever version of its group."""

    group: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Situation:
    """Where one workload stands at a tick: what it was, what it is, and how far it may go."""

    workload: Workload
    target: Target
    mode: Mode
    now: float

    @property
    def status(self) -> Json:
        """What is on record; nothing that was written in another mode counts."""
        status = self.workload.resource.status
        return status if status.get("mode") == self.mode.value else {}

    @property
    def floors(self) -> bool:
        """Whether decisions are floors of an autoscaler."""
        return self.workload.spec.actuator is ActuatorKind.AUTOSCALER_FLOOR


class Claims:
    """Who scales what at one tick, gathered once for all workloads."""

    def __init__(self, survey: Survey) -> None:
        self._autoscalers: dict[_Object, list[Autoscaler]] = {}
        for one in survey.autoscalers:
            self._autoscalers.setdefault(_object(one.target), []).append(one)
        self._policies: dict[_Object, list[str]] = {}
        for policy in (one for one in survey.policies if not one.deleting and _writes(one)):
            self._policies.setdefault(_target(policy), []).append(policy.key)

    def interference(self, situation: Situation) -> Interference:
        """What other hands do to a workload whose target is there."""
        workload = situation.workload
        autoscaler = None if situation.mode is Mode.DRY_RUN else self.floor_of(workload)
        change = None if situation.mode is Mode.DRY_RUN else _foreign_change(situation, autoscaler)
        conflict = self.second_hand(workload) or (
            None if situation.floors else _owned(situation, change)
        )
        most = autoscaler.maximum if autoscaler else None
        hands = OtherHands(
            paused=situation.target.paused,
            zero=situation.mode is not Mode.DRY_RUN and switched_off(workload, situation.target),
            reset=conflict.message if conflict and not conflict.yields else "",
            most=UNLIMITED if most is None else float(most),
        )
        return Interference(conflict, change, hands, autoscaler)

    def floor_of(self, workload: Workload) -> Autoscaler | None:
        """The one whose minimum decisions are written to; None where nothing can be."""
        if workload.spec.actuator is not ActuatorKind.AUTOSCALER_FLOOR:
            return None
        found = self._autoscalers.get(_object(workload.target), [])
        return found[0] if not _floors(workload, found) else None

    def second_hand(self, workload: Workload) -> SecondHand | None:
        """Say who else scales the target of a workload; None when nobody does."""
        target = _object(workload.target)
        floors = workload.spec.actuator is ActuatorKind.AUTOSCALER_FLOOR
        found = self._autoscalers.get(target, [])
        said = _floors(workload, found) if floors else _scales(workload, found)
        if said:
            return said
        rivals = self.rivals(workload)
        if rivals:
            return SecondHand(
                "Conflict",
                f"CapacityPolicy {rivals[0]} has {workload.target} as its target too;"
                " delete one of them, or leave one in DryRun",
            )
        return None

    def rivals(self, workload: Workload) -> Sequence[str]:
        """The other policies that may write the target of a workload, by `namespace/name`."""
        return sorted({*self._policies.get(_object(workload.target), ())} - {workload.key})


def switched_off(workload: Workload, target: Target) -> bool:
    """Whether somebody else has scaled a fleet to zero.

    Zero is ours to leave where min is 0 in any phase, or was when Ebbtide itself went there.
    """
    last = workload.resource.status.get("lastStep")
    ours = least_replicas(workload.spec.replicas) == 0 or (last is not None and last["to"] == 0)
    return target.replicas == 0 and not ours


def _scales(workload: Workload, found: Sequence[Autoscaler]) -> SecondHand | None:
    if not found:
        return None
    return SecondHand(
        "Conflict",
        f"{found[0]} scales {workload.target} too; delete it, leave this policy in DryRun, or let "
        "it have the floor only (actuator: AutoscalerFloor)",
    )


def _floors(workload: Workload, found: Sequence[Autoscaler]) -> SecondHand | None:
    """What keeps decisions from being floors of the one autoscaler that scales the target."""
    if not found:
        return SecondHand(
            "NoAutoscaler",
            f"no HorizontalPodAutoscaler and no ScaledObject scales {workload.target}, so there is "
            "no floor to set; create one, or write actuator: Scale",
        )
    if len(found) > 1:
        return SecondHand(
            "Conflict", f"{found[0]} and {found[1]} both scale {workload.target}; delete one"
        )
    if not found[0].resource_version:
        return SecondHand(
            "NoAutoscaler", f"{found[0]} can't be read: allow the verb list on scaledobjects"
        )
    return None


def _foreign_change(situation: Situation, autoscaler: Autoscaler | None) -> ForeignChange | None:
    """What somebody else has changed: replicas, or the minimum that decisions are written to."""
    keep, status = situation.workload.spec.manual_scaling.respect_for, situation.status
    if not situation.floors:
        known = {} if status.get("actuator") else status
        target = situation.target
        found = ReplicasFound(target.replicas, left_in(known), target.owners)
        return noticed(known, found, keep, situation.now)
    held = autoscaler.held if autoscaler else None
    if autoscaler is None or held is None or held.policy != situation.workload.key:
        return None
    found = ReplicasFound(autoscaler.least, [held.wrote], autoscaler.owners)
    return noticed(status, found, keep, situation.now)


def _owned(situation: Situation, change: ForeignChange | None) -> SecondHand | None:
    """Who declares the replicas of the target, or keeps writing them back."""
    target = situation.workload.target
    if change and change.kind == RESET:
        return SecondHand(
            "ReplicasReset",
            f"{change.by} writes spec.replicas of {target} back to {change.after}; {HANDOVER}",
            yields=situation.status.get("phase") not in _ALARMED,
        )
    declared = [owner.manager for owner in situation.target.owners if owner.manager in GITOPS]
    if declared:
        return SecondHand(
            "ReplicasOwned", f"{declared[0]} owns spec.replicas of {target}; {HANDOVER}"
        )
    return None


def _writes(policy: Resource) -> bool:
    """Whether a policy may write replicas; one that says nothing is in DryRun."""
    return str(policy.spec.get("mode", Mode.DRY_RUN.value)) != Mode.DRY_RUN.value


def _object(ref: Ref) -> _Object:
    return _Object(ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name)


def _target(policy: Resource) -> _Object:
    """What a policy scales, read without understanding it: an invalid one may be a rival too."""
    ref = mapping(policy.spec.get("scaleTargetRef"))
    version, kind, name = (str(ref.get(field, "")) for field in ("apiVersion", "kind", "name"))
    return _object(Ref(version, kind, policy.namespace, name))
