"""Second hands: who else scales the same target. Two of them never do it well."""

from ebbtide.loop.ports import Ref, Resource, Survey
from ebbtide.loop.workload import Workload


def second_hand(workload: Workload, survey: Survey) -> str:
    """Say who else scales this target; empty when nobody does."""
    target = workload.target
    for other in survey.autoscalers:
        if _same(other.target, target):
            return (
                f"HorizontalPodAutoscaler {other.namespace}/{other.name} scales {target} too;"
                " delete it, or leave this policy in DryRun"
            )
    rivals = (p for p in survey.policies if p.key != workload.key)
    claims = sorted(p.key for p in rivals if _same(_target(p), target))
    if claims:
        return f"CapacityPolicy {claims[0]} has {target} as its target too; delete one of them"
    return ""


def _same(one: Ref, other: Ref) -> bool:
    """Whether two references mean one object, in whatever version of its group."""
    groups = (ref.api_version.rpartition("/")[0] for ref in (one, other))
    return one[1:] == other[1:] and len(set(groups)) == 1


def _target(policy: Resource) -> Ref:
    ref = policy.spec.get("scaleTargetRef") or {}
    version, kind, name = (str(ref.get(field, "")) for field in ("apiVersion", "kind", "name"))
    return Ref(version, kind, policy.namespace, name)
