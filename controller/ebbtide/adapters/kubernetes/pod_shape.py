"""What one pod asks for, and where it may be: read from its spec as quotas and schedulers do."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.loose_json import mapping, maps
from ebbtide.planning.readiness.site import LIMITS, PODS

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+)?([numkMGTPE]|[KMGTPE]i)?")
_DECIMAL = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_DECIMAL |= {unit: 10.0 ** (6 + 3 * i) for i, unit in enumerate("MGTPE")}
_BINARY = {f"{unit}i": 1024.0 ** (i + 1) for i, unit in enumerate("KMGTPE")}
_KEPT_OFF = {"NoSchedule", "NoExecute"}


def quantity(text: Any) -> float:
    """A quantity of Kubernetes (`100m`, `2Gi`, `1e3`) as a number; 0 for what is none."""
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        return 0.0
    number, exponent, unit = found.groups(default="")
    try:
        return float(number + exponent) * (_DECIMAL | _BINARY)[unit]
    except ValueError:
        return 0.0


def quantities(value: Any) -> dict[str, float]:
    """The amounts of a list of resources, by their names."""
    return {str(name): quantity(text) for name, text in mapping(value).items()}


def asks(spec: Json) -> dict[str, float]:
    """What a pod asks for: its requests, its limits (`limits.cpu`), and one of `pods`."""
    requests = _in_all(spec, "requests")
    limits = _in_all(spec, "limits")
    return {PODS: 1.0, **requests, **{f"{LIMITS}{name}": much for name, much in limits.items()}}


def _in_all(spec: Json, kind: str) -> Mapping[str, float]:
    """What the containers ask for together, or the hungriest of those that run before them.

    Sidecars run all the time, the later of the others beside them. What the pod says for itself
    counts instead. Its overhead comes on top, of limits only where there is one.
    """
    running = _sum(_resources(one, kind) for one in maps(spec.get("containers")))
    sidecars: Counter[str] = Counter()
    highest: Counter[str] = Counter()
    for one in maps(spec.get("initContainers")):
        wanted = Counter(_resources(one, kind))
        if one.get("restartPolicy") == "Always":
            sidecars.update(wanted)
            wanted = Counter()
        highest |= _sum((sidecars, wanted))
    total = {**(highest | _sum((running, sidecars))), **_resources(spec, kind)}
    overhead = quantities(spec.get("overhead"))
    counts = kind == "requests"
    return _sum((total, {n: much for n, much in overhead.items() if counts or n in total}))


def _resources(owner: Json, kind: str) -> dict[str, float]:
    return quantities(mapping(owner.get("resources")).get(kind))


def _sum(parts: Iterable[Mapping[str, float]]) -> "Counter[str]":
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def may_be_on(spec: Json, node: Json) -> bool:
    """Whether labels and taints of a node let a pod be there; its room is another matter."""
    labels = mapping(mapping(node.get("metadata")).get("labels"))
    taints = maps(mapping(node.get("spec")).get("taints"))
    wanted = mapping(spec.get("nodeSelector"))
    tolerated = maps(spec.get("tolerations"))
    return (
        all(labels.get(name) == value for name, value in wanted.items())
        and _likes(spec, labels)
        and all(any(_tolerates(one, taint) for one in tolerated) for taint in _hard(taints))
    )


def _hard(taints: Iterable[Json]) -> Iterable[Json]:
    return (taint for taint in taints if taint.get("effect") in _KEPT_OFF)


def _tolerates(toleration: Json, taint: Json) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    same = (toleration.get("key"), toleration.get("value") or "")
    return same == (taint.get("key"), taint.get("value") or "")


def _likes(spec: Json, labels: Json) -> bool:
    """Whether what the pod requires of its node holds; one of the terms has to."""
    affinity = mapping(mapping(spec.get("affinity")).get("nodeAffinity"))
    required = mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    terms = maps(required.get("nodeSelectorTerms"))
    return not terms or any(
        all(holds(each, labels) for each in maps(term.get("matchExpressions"))) for term in terms
    )


def holds(expression: Json, labels: Mapping[str, str]) -> bool:
    """Whether what is required of labels is so; of pods as of nodes."""
    value, named = labels.get(str(expression.get("key"))), expression.get("values") or []
    operator = expression.get("operator")
    if operator in {"Gt", "Lt"}:
        try:
            left, right = int(str(value)), int(str(named[0]))
        except (ValueError, IndexError):
            return False
        return left > right if operator == "Gt" else left < right
    known: dict[object, bool] = {
        "In": value in named,
        "NotIn": value not in named,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return known.get(operator, False)


def tied(spec: Json) -> bool:
    """Whether a rule of the pod keeps pods apart from each other, which is not reckoned with."""
    apart = mapping(mapping(spec.get("affinity")).get("podAntiAffinity"))
    spread = maps(spec.get("topologySpreadConstraints"))
    return bool(apart.get("requiredDuringSchedulingIgnoredDuringExecution")) or any(
        one.get("whenUnsatisfiable") == "DoNotSchedule" for one in spread
    )
