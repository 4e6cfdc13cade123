"""Reads HorizontalPodAutoscalers and KEDA's ScaledObjects, and writes the minimum of one."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.owners import owners_of
from ebbtide.api.kinds import GROUP
from ebbtide.loop.ports.autoscalers import Autoscaler, Held, Ref
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.loose_json import mapping, whole

HPA = "HorizontalPodAutoscaler"
SCALED_OBJECT = "ScaledObject"
HPAS = Place("autoscaling", "v2", "horizontalpodautoscalers")
SCALED_OBJECTS = Place("keda.sh", "v1alpha1", "scaledobjects")
HELD = f"{GROUP}/minimum"
"""The annotation of an autoscaler that says what Ebbtide wrote, for whom, and what was before."""
_KEDA_MOST = 100
"""The maximum of a ScaledObject that names none."""
_FIELDS = {HPA: "minReplicas", SCALED_OBJECT: "minReplicaCount"}


def autoscalers(
    hpas: Iterable[Json], scaled_objects: Iterable[Json], ours: Iterable[Ref]
) -> tuple[Autoscaler, ...]:
    """Return every autoscaler once: an HPA that KEDA has made belongs to its ScaledObject.

    One that scales a target of ours names it just as our policy does.
    """
    known = {_identity(ref): ref for ref in ours}
    found = [_scaled_object(item) for item in scaled_objects]
    seen = {(one.namespace, one.name) for one in found}
    found += [
        one
        for item in hpas
        if (one := _hpa(item)).kind == HPA or (one.namespace, one.name) not in seen
    ]
    return tuple(one._replace(target=known.get(_identity(one.target), one.target)) for one in found)


def place_of(autoscaler: Autoscaler) -> Place:
    """Return where an autoscaler is found."""
    place = HPAS if autoscaler.kind == HPA else SCALED_OBJECTS
    return place._replace(namespace=autoscaler.namespace, name=autoscaler.name)


def minimum_patch(
    autoscaler: Autoscaler, resource_version: str, replicas: int | None, held: Held | None
) -> Json:
    """Return the merge patch that sets a minimum, and notes or forgets what stood there before."""
    said = held._asdict().items() if held else ()
    noted = None if held is None else json.dumps({k: v for k, v in said if v != ""})
    metadata = {"resourceVersion": resource_version, "annotations": {HELD: noted}}
    return {"metadata": metadata, "spec": {_FIELDS[autoscaler.kind]: replicas}}


def untouched(item: Json, autoscaler: Autoscaler) -> bool:
    """Whether it still is the same object, with the minimum and the note that were read."""
    now = as_now(item, autoscaler)
    same = (autoscaler.uid, autoscaler.minimum, autoscaler.maximum, autoscaler.held)
    return same == (now.uid, now.minimum, now.maximum, now.held)


def as_now(item: Json, known: Autoscaler) -> Autoscaler:
    """Return an autoscaler that is known as the API server has it now."""
    now = _hpa(item) if known.kind == HPA else _scaled_object(item)
    return now._replace(target=known.target)


def ref_of(ref: Json, namespace: str) -> Ref:
    """Return the object that a reference names; without a version, one of apps/v1."""
    version, kind, name = (str(ref.get(key) or "") for key in ("apiVersion", "kind", "name"))
    return Ref(version or "apps/v1", kind, namespace, name)


def _hpa(item: Json) -> Autoscaler:
    """Return an HPA; one that KEDA has made goes by the name of its ScaledObject, unreadable."""
    metadata, spec = mapping(item.get("metadata")), mapping(item.get("spec"))
    namespace = str(metadata.get("namespace") or "")
    target = ref_of(mapping(spec.get("scaleTargetRef")), namespace)
    keda = _maker(metadata)
    if keda:
        return Autoscaler(namespace, keda, target, SCALED_OBJECT)
    return _read(item, HPA, target, whole(spec.get("maxReplicas")))


def _scaled_object(item: Json) -> Autoscaler:
    metadata, spec = mapping(item.get("metadata")), mapping(item.get("spec"))
    ref = {"kind": "Deployment", **mapping(spec.get("scaleTargetRef"))}
    target = ref_of(ref, str(metadata.get("namespace") or ""))
    most = whole(spec.get("maxReplicaCount"))
    return _read(item, SCALED_OBJECT, target, _KEDA_MOST if most is None else most)


def _read(item: Json, kind: str, target: Ref, maximum: int | None) -> Autoscaler:
    metadata, field = mapping(item.get("metadata")), _FIELDS[kind]
    return Autoscaler(
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        target=target,
        kind=kind,
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        minimum=whole(mapping(item.get("spec")).get(field)),
        maximum=maximum,
        held=_held(mapping(metadata.get("annotations")).get(HELD)),
        owners=owners_of(item, f"f:{field}"),
    )


def _held(text: Any) -> Held | None:
    """Return what an annotation notes; None where there is none, or none that we could have made.

    A note that somebody has garbled is lost, and what is there counts as people's own.
    """
    try:
        noted = mapping(json.loads(text)) if isinstance(text, str) else {}
    except ValueError:
        return None
    policy, before, wrote = noted.get("policy"), noted.get("before"), whole(noted.get("wrote"))
    if not isinstance(policy, str) or wrote is None:
        return None
    fence, leaving = (str(noted.get(name) or "") for name in ("fence", "leaving"))
    return Held(policy, whole(before), wrote, fence, leaving)


def _maker(metadata: Mapping[str, Any]) -> str:
    """Return the name of the ScaledObject that an HPA was made for; empty where there is none."""
    owners = metadata.get("ownerReferences")
    makers = [mapping(each) for each in owners] if isinstance(owners, list) else []
    names = [str(each.get("name") or "") for each in makers if each.get("kind") == SCALED_OBJECT]
    return names[0] if names else ""


def _identity(ref: Ref) -> tuple[str, str, str, str]:
    """Return what stays the same when an object is named by another version of its group."""
    return (ref.api_version.partition("/")[0], ref.kind, ref.namespace, ref.name)
