"""What the operator may do, and what it does, in the same words: (API group, resource, verb)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ebbtide.adapters.kubernetes.api_server import ApiServer, connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.lease import KubernetesLease, LeaseSettings
from ebbtide.loop.ports.autoscalers import Held
from ebbtide.loop.ports.cluster import Announcement, Resource, Target
from ebbtide.loop.ports.pods import DRAIN, Marks
from tests.adapters.http_api import Answer, Call, HttpApi, http_api, refusal

Right = tuple[str, str, str]
Kind = tuple[str, str, str]
"""Group and version, kind, plural."""

APPS: tuple[Kind, ...] = (
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "ReplicaSet", "replicasets"),
    ("apps/v1", "StatefulSet", "statefulsets"),
)
HPAS = "horizontalpodautoscalers"
_OWN = "/apis/ebbtide.dev/v1alpha1"
_NEVER_SEEN_TWICE = {"uid": "u", "resourceVersion": "1", "namespace": "live"}


def granted(roles: Iterable[dict[str, Any]]) -> set[Right]:
    """Return what these roles allow."""
    return {
        (group, resource, verb)
        for role in roles
        for rule in role.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(kinds: Iterable[Kind], folder: Path) -> set[Right]:
    """Return what the operator asks of an API server to care for fleets of these kinds.

    One tick of everything that can happen: lead, survey, write a status, mark pods, shut the door
    behind a write that was lost, scale against a conflict, tell of it, set the minimum of an
    autoscaler, stop leading.
    """
    with http_api() as api:
        kinds = tuple(kinds)
        _serve(api, kinds)
        server = connect(api.kubeconfig(folder / "kubeconfig"))
        try:
            _live(server)
        finally:
            server.close()
        return set(filter(None, map(_right, api.calls)))


def _live(server: ApiServer) -> None:
    settings = LeaseSettings(namespace="ebbtide", name="ebbtide", identity="me")
    lease = KubernetesLease(server, settings, monotonic=lambda: 1.0, now=lambda: 1.0)
    lease.renew()
    cluster = KubernetesCluster(server, may_write=lambda: lease.held, now=lambda: 1.0)
    survey = cluster.survey()
    for policy in survey.policies:
        cluster.announce(Announcement(cluster.write_status(policy, {}), "Test", "test"))
    for target in survey.targets.values():
        assert isinstance(target, Target), target
        for pod in cluster.pods(replace(target, pod_selector="app=edge")):
            cluster.mark_pod(pod, Marks(labels={DRAIN: "true"}))
        cluster.patch_scale(cluster.fence(target, "2026-11-11T12:00:00Z"), 2)
    for one in survey.autoscalers:
        cluster.patch_minimum(one, 2, Held("live/deployments", 1, 2))
    cluster.set_finalizer(survey.policies[0], "ebbtide.dev/put-back", True)
    assert all(isinstance(policy, Resource) for policy in survey.policies)
    lease.release()


def _serve(api: HttpApi, kinds: tuple[Kind, ...]) -> None:
    names = [plural for _, _, plural in kinds]
    policies = [_policy(kind) for kind in kinds]
    api.on("GET", f"{_OWN}/capacitypolicies", {"items": policies})
    for plural in ("eventprofiles", "capacityoverrides"):
        api.on("GET", f"{_OWN}/{plural}", {"items": []})
    like = {"events": {"double-11": {"expect": [{"like": "double-11-2025", "times": 1}]}}}
    api.on("GET", f"{_OWN}/eventcalendars", {"items": [{"spec": like}]})
    for group, plural in (("autoscaling/v2", HPAS), ("keda.sh/v1alpha1", "scaledobjects")):
        _serve_autoscaler(api, f"/apis/{group}/namespaces/live/{plural}")
    api.on("PATCH", f"{_OWN}/namespaces/live/capacitypolicies/{names[0]}", policies[0])
    api.on("POST", "/apis/events.k8s.io/v1/namespaces/live/events", {})
    for policy, name in zip(policies, names, strict=True):
        api.on("PUT", f"{_OWN}/namespaces/live/capacitypolicies/{name}/status", policy)
    for kind in kinds:
        _serve_fleet(api, kind)
    pod = {"metadata": {**_NEVER_SEEN_TWICE, "name": "edge-1"}, "spec": {"nodeName": "a"}}
    api.on("GET", "/api/v1/namespaces/live/pods", {"items": [pod]})
    api.on("PATCH", "/api/v1/namespaces/live/pods/edge-1", pod)
    api.on("GET", "/api/v1/nodes", {"items": []})
    lease = "/apis/coordination.k8s.io/v1/namespaces/ebbtide/leases/ebbtide"
    free: dict[str, Any] = {"metadata": {}, "spec": {}}
    api.on("GET", lease, free, {**free, "spec": {"holderIdentity": "me"}})
    api.on("PUT", lease, free)


def _serve_autoscaler(api: HttpApi, here: str) -> None:
    one = {"metadata": {**_NEVER_SEEN_TWICE, "name": "one"}, "spec": {}}
    api.on("GET", here, {"items": [one]})
    api.on("GET", f"{here}/one", one)
    conflict = refusal(409, "Conflict", "it has changed")
    api.on("PATCH", f"{here}/one", conflict, Answer(body=one))


def _serve_fleet(api: HttpApi, kind: Kind) -> None:
    version, name, plural = kind
    here = f"/apis/{version}/namespaces/live/{plural}"
    fleet = {"metadata": {**_NEVER_SEEN_TWICE, "name": plural}, "spec": {"replicas": 1}}
    conflict = refusal(409, "Conflict", "it has changed")
    api.on("GET", here, {"items": [fleet]})
    api.on("GET", f"{here}/{plural}", fleet)
    api.on("GET", f"{here}/{plural}/scale", fleet)
    api.on("PATCH", f"{here}/{plural}/scale", Answer(body=fleet), conflict, Answer(body=fleet))
    served = [{"name": plural, "kind": name}, {"name": f"{plural}/scale", "kind": "Scale"}]
    api.on("GET", f"/apis/{version}", {"resources": served})


def _policy(kind: Kind) -> dict[str, Any]:
    version, name, plural = kind
    ref = {"apiVersion": version, "kind": name, "name": plural}
    return {"metadata": {**_NEVER_SEEN_TWICE, "name": plural}, "spec": {"scaleTargetRef": ref}}


def _right(call: Call) -> Right | None:
    """Return the right that a call needs; discovery is everybody's."""
    within, *parts = call.path.removeprefix("/").split("/")
    group, _version, *rest = ["", *parts] if within == "api" else parts
    if not rest:
        return None
    plural, name, sub = _within(iter(rest))
    verb = {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(call.method)
    return group, f"{plural}/{sub}" if sub else plural, verb or ("get" if name else "list")


def _within(rest: Iterator[str]) -> tuple[str, str, str]:
    plural = next(rest)
    if plural == "namespaces":
        next(rest)
        plural = next(rest)
    return plural, next(rest, ""), next(rest, "")
