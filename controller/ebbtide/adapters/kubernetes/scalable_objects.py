"""Reads one scalable object as the API server gives it: how many, how many ready, rolling out."""

from collections.abc import Iterator
from typing import Any

from ebbtide.adapters.kubernetes.owners import owners_of
from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Json, Target
from ebbtide.loop.ports.loose_json import mapping, whole

_REPLICAS = "f:replicas"
_ROLLING = frozenset({"NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"})
"""Reasons of a Deployment's condition Progressing while a template is rolled out."""


def from_object(ref: Ref, item: Json) -> Target:
    """Return the target that a Deployment, StatefulSet or ReplicaSet is.

    Raises:
        ClusterUnavailable: the object does not say how many replicas it asks for.

    """
    metadata, spec = mapping(item.get("metadata")), mapping(item.get("spec"))
    replicas = whole(spec.get("replicas"))
    if replicas is None:
        raise ClusterUnavailable(
            f"{ref.kind} {ref.namespace}/{ref.name} does not say how many replicas it asks for: "
            "set spec.replicas"
        )
    return Target(
        ref=ref,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        replicas=replicas,
        ready=whole(mapping(item.get("status")).get("readyReplicas")) or 0,
        rollout=rolling_out(ref.kind, item),
        paused=spec.get("paused") is True,
        pod_selector=selector_text(mapping(spec.get("selector"))),
        failing=failing(item),
        owners=owners_of(item, _REPLICAS),
    )


def from_scale(ref: Ref, scale: Json, item: Json) -> Target:
    """Return the target that any object with a scale is.

    A Scale leaves out what is zero. Without a count of ready replicas all that exist are ready.
    """
    metadata, status = mapping(scale.get("metadata")), mapping(scale.get("status"))
    ready = whole(mapping(item.get("status")).get("readyReplicas"))
    return Target(
        ref=ref,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        replicas=whole(mapping(scale.get("spec")).get("replicas")) or 0,
        ready=(whole(status.get("replicas")) or 0) if ready is None else ready,
        rollout=rolling_out(ref.kind, item),
        paused=mapping(item.get("spec")).get("paused") is True,
        pod_selector=str(status.get("selector") or ""),
        failing=failing(item),
        owners=owners_of(item, _REPLICAS),
    )


def failing(item: Json) -> str:
    """What an object says when its controller can't create pods; empty when it can."""
    conditions = mapping(item.get("status")).get("conditions")
    told = [
        str(each.get("message") or each.get("reason") or "ReplicaFailure")
        for each in map(mapping, conditions if isinstance(conditions, list) else ())
        if (each.get("type"), each.get("status")) == ("ReplicaFailure", "True")
    ]
    return next(iter(told), "")


def rolling_out(kind: str, item: Json) -> bool:
    """Whether pods of an older template are being replaced; scaling alone is no rollout."""
    status = mapping(item.get("status"))
    generation = whole(mapping(item.get("metadata")).get("generation"))
    observed = whole(status.get("observedGeneration"))
    if generation is not None and observed is not None and observed < generation:
        return True  # what changed is not known yet: it may be the template
    if "updateRevision" in status:
        return _revising(mapping(item.get("spec")), status)
    return _replacing(kind, status)


def _replacing(kind: str, status: Json) -> bool:
    """Whether a Deployment still has pods of an older template, or has not done with it.

    Counts alone miss the moment in which `Recreate` has removed all old pods; the condition alone
    is missing where progressDeadlineSeconds is unlimited.
    """
    existing, updated = whole(status.get("replicas")), whole(status.get("updatedReplicas"))
    if kind == "Deployment":
        updated = updated or 0  # a Deployment leaves out what is zero; others may not count at all
    if updated is not None and (existing or 0) > updated:
        return True
    conditions = status.get("conditions")
    return any(
        mapping(each).get("type") == "Progressing" and mapping(each).get("reason") in _ROLLING
        for each in (conditions if isinstance(conditions, list) else ())
    )


def _revising(spec: Json, status: Json) -> bool:
    """Whether a StatefulSet has pods that its update strategy will still replace."""
    strategy = mapping(spec.get("updateStrategy"))
    if strategy.get("type") == "OnDelete" or status["updateRevision"] == status.get(
        "currentRevision"
    ):
        return False
    kept = whole(mapping(strategy.get("rollingUpdate")).get("partition")) or 0
    existing, updated = whole(status.get("replicas")), whole(status.get("updatedReplicas"))
    return (updated or 0) < (existing or 0) - kept


def selector_text(selector: Json) -> str:
    """Return a label selector as one string, the way a list of pods wants it."""
    return ",".join((*_labels(selector), *_expressions(selector)))


def _labels(selector: Json) -> Iterator[str]:
    for label, value in mapping(selector.get("matchLabels")).items():
        yield f"{label}={value}"


def _expressions(selector: Json) -> Iterator[str]:
    expressions = selector.get("matchExpressions")
    for each in expressions if isinstance(expressions, list) else ():
        yield _expression(mapping(each))


def _expression(each: dict[str, Any]) -> str:
    label, operator = each.get("key"), each.get("operator")
    values = each.get("values")
    among = ",".join(map(str, values if isinstance(values, list) else ()))
    return {
        "In": f"{label} in ({among})",
        "NotIn": f"{label} notin ({among})",
        "DoesNotExist": f"!{label}",
    }.get(str(operator), str(label))
