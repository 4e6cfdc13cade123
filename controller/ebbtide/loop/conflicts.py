"""Second hands: who else scales the same target. Two of them never do it well."""

from typing import NamedTuple

from ebbtide.loop.ports import Ref, Resource, Survey
from ebbtide.loop.workload import Workload


class _Object(NamedTuple):
    """A scalable object, in whatever version of its group."""

    group: str
    kind: str
    namespace: str
    name: str


class Claims:
    """Who scales what at one tick, gathered once for all workloads."""

    def __init__(self, survey: Survey) -> None:
        self._autoscalers = {_object(one.target): one for one in reversed(survey.autoscalers)}
        self._policies: dict[_Object, list[str]] = {}
        for policy in (one for one in survey.policies if not one.deleting):
            self._policies.setdefault(_target(policy), []).append(policy.key)

    def second_hand(self, workload: Workload) -> str:
        """Say who else scales the target of a workload; empty when nobody does."""
        target = _object(workload.target)
        other = self._autoscalers.get(target)
        if other:
            return (
                f"HorizontalPodAutoscaler {other.namespace}/{other.name} scales {workload.target}"
                " too; delete it, or leave this policy in DryRun"
            )
        rivals = sorted({*self._policies.get(target, ())} - {workload.key})
        if rivals:
            return (
                f"CapacityPolicy {rivals[0]} has {workload.target} as its target too;"
                " delete one of them"
            )
        return ""


def _object(ref: Ref) -> _Object:
    return _Object(ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name)


def _target(policy: Resource) -> _Object:
    """What a policy scales, read without understanding it: an invalid one may be a rival too."""
    said = policy.spec.get("scaleTargetRef")
    ref = said if isinstance(said, dict) else {}
    version, kind, name = (str(ref.get(field, "")) for field in ("apiVersion", "kind", "name"))
    return _object(Ref(version, kind, policy.namespace, name))
