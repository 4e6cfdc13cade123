"""Reads what else of a namespace a descent or a rise meets: disruption budgets and quotas."""

from collections.abc import Iterable, Mapping, Sequence

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer
from ebbtide.adapters.kubernetes.own_objects import name_of
from ebbtide.adapters.kubernetes.pod_shape import holds, quantity
from ebbtide.adapters.kubernetes.pods import Pods
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.loose_json import mapping, whole
from ebbtide.loop.preflight.budgets_and_quotas import Budget, Quota

_PODS = ("pods", "count/pods")


def budgets_and_quotas(
    server: ApiServer, target: Target
) -> tuple[Sequence[Budget], Sequence[Quota]]:
    """Return the disruption budgets that cover the pods of a target, and its quotas.

    Raises:
        ClusterUnavailable: something can't be read.

    """
    pods, where = Pods(server).of(target), target.ref.namespace
    covering = budgets(server, where, pods[0].labels) if pods else ()
    return list(covering), list(quotas(server, where))


def budgets(server: ApiServer, namespace: str, labels: Mapping[str, str]) -> Iterable[Budget]:
    """Return the PodDisruptionBudgets that cover a pod with these labels.

    Raises:
        ClusterUnavailable: they can't be listed.

    """
    for item in server.items(Place("policy", "v1", "poddisruptionbudgets", namespace)):
        selector = mapping(item.get("spec")).get("selector")
        if selector is not None and selects(mapping(selector), labels):  # without one: no pod
            yield _budget(item)


def quotas(server: ApiServer, namespace: str) -> Iterable[Quota]:
    """Return the quotas that limit how many pods a namespace may have.

    Raises:
        ClusterUnavailable: they can't be listed.

    """
    for item in server.quotas(namespace):
        status = mapping(item.get("status"))
        hard, used = mapping(status.get("hard")), mapping(status.get("used"))
        for limit in (name for name in _PODS if name in hard):
            name = f"ResourceQuota {name_of(item)} ({limit})"
            yield Quota(name, int(quantity(hard[limit])), int(quantity(used.get(limit))))


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether a label selector names a pod with these labels; an empty one names all."""
    wanted = mapping(selector.get("matchLabels"))
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(k) == v for k, v in wanted.items()) and all(
        holds(mapping(each), labels) for each in expressions
    )


def _budget(item: Json) -> Budget:
    spec = mapping(item.get("spec"))
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    keeps = f"maxUnavailable: {most}" if least is None else f"minAvailable: {least}"
    allowed = whole(mapping(item.get("status")).get("disruptionsAllowed")) or 0
    never = least == "100%" or most in (0, "0", "0%")
    name = f"PodDisruptionBudget {name_of(item)}"
    return Budget(name, keeps, whole(least), never, allowed)
