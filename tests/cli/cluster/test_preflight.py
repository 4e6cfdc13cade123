"""`ebbtide preflight`: what stands between a workload and Enforce, over the wire."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.http_api import HttpApi, refusal
from tests.cli.conftest import Ebbtide

OWN = "/apis/ebbtide.dev/v1alpha1"
NAMESPACES = "namespaces/live"
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}
SPEC = {
    "scaleTargetRef": REF,
    "demand": {"query": "sum(viewers)"},
    "capacity": {"perReplica": 100},
    "replicas": {"min": 1, "max": 100},
}


def owned(manager: str, operation: str) -> dict[str, Any]:
    """An entry of managedFields that owns the replicas."""
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def serve(
    api: HttpApi, *, owners: list[dict[str, Any]], hpas: list[Any], ready: int = 20, **more: Any
) -> None:
    """A cluster with one policy, with more in its spec, and its Deployment of twenty."""
    head = {"name": "edge", "namespace": "live", "uid": "p"}
    policy = {"metadata": head, "spec": SPEC | more}
    api.on("GET", f"{OWN}/capacitypolicies", {"items": [policy]})
    for plural in ("eventcalendars", "capacityoverrides"):
        api.on("GET", f"{OWN}/{plural}", {"items": []})
    fleet = {
        "metadata": {"name": "edge", "namespace": "live", "uid": "d", "managedFields": owners},
        "spec": {"replicas": 20, "selector": {"matchLabels": {"app": "edge"}}},
        "status": {"readyReplicas": ready, "replicas": 20, "updatedReplicas": 20},
    }
    api.on("GET", f"/apis/apps/v1/{NAMESPACES}/deployments", {"items": [fleet]})
    api.on("GET", f"/apis/autoscaling/v2/{NAMESPACES}/horizontalpodautoscalers", {"items": hpas})
    missing = refusal(404, "NotFound", "the server could not find the requested resource")
    api.on("GET", f"/apis/keda.sh/v1alpha1/{NAMESPACES}/scaledobjects", missing)
    pod = {"metadata": {"name": "edge-1", "namespace": "live", "labels": {"app": "edge"}}}
    api.on("GET", "/api/v1/namespaces/live/pods", {"items": [pod]})
    api.on("GET", f"/apis/policy/v1/{NAMESPACES}/poddisruptionbudgets", {"items": []})
    api.on("GET", "/api/v1/namespaces/live/resourcequotas", {"items": []})
    review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    api.on("POST", review, {"status": {"allowed": True}})


@pytest.fixture
def kubeconfig(api: HttpApi, tmp_path: Path) -> str:
    return f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"


def test_a_workload_that_nobody_else_touches_is_ready(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[owned("ebbtide", "Update")], hpas=[])
    told = ebbtide("preflight", "live/edge", kubeconfig)
    assert told.code == 0
    assert "live/edge  ready for Enforce" in told.out
    assert "this account may patch deployments/scale in live" in told.out


@pytest.mark.parametrize(("model", "code"), [("Auto", 0), ("Oracle", 1)])
def test_a_forecaster_may_be_named_as_the_operator_knows_it(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, model: str, code: int
) -> None:
    serve(api, owners=[owned("ebbtide", "Update")], hpas=[], forecast={"model": model})
    told = ebbtide("preflight", "live/edge", kubeconfig)
    assert told.code == code
    assert ("'Oracle' is not one of Auto, DSP" in told.out) is bool(code)


def test_a_gitops_tool_is_named_with_the_way_to_hand_over(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[owned("kustomize-controller", "Apply")], hpas=[])
    told = ebbtide("preflight", "--json", kubeconfig)
    assert told.code == 1
    checks = {check["name"]: check for check in json.loads(told.out)["live/edge"]}
    assert checks["spec.replicas"]["verdict"] == "stop"
    assert "kustomize-controller declares it" in checks["spec.replicas"]["found"]
    assert '"spec":{"replicas":20}' in checks["spec.replicas"]["next"]
    assert "--field-manager=ebbtide-handover" in checks["spec.replicas"]["next"]


@pytest.mark.parametrize(
    ("owner", "found", "todo"),
    [
        pytest.param(
            owned("argocd-controller", "Update"), "argocd-controller writes", "edit-last-applied",
            id="a tool that patches",
        ),
        pytest.param(
            owned("kubectl", "Update"), "kubectl wrote it last", "take replicas out", id="a person"
        ),
        pytest.param(owned("kubectl", "Apply"), "kubectl declares it", "handover", id="a file"),
    ],
)  # fmt: skip
def test_whoever_owns_the_replicas_is_told_of(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, owner: Any, found: str, todo: str
) -> None:
    serve(api, owners=[owner], hpas=[])
    told = ebbtide("preflight", "--json", kubeconfig)
    checks = {check["name"]: check for check in json.loads(told.out)["live/edge"]}
    assert found in checks["spec.replicas"]["found"]
    assert todo in checks["spec.replicas"]["next"]


def test_an_hpa_stops_it_and_pods_that_are_not_ready_are_told_of(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    hpa = {"metadata": {"name": "by-cpu", "namespace": "live"}, "spec": {"scaleTargetRef": REF}}
    serve(api, owners=[], hpas=[hpa], ready=18)
    told = ebbtide("preflight", kubeconfig)
    assert told.code == 1
    assert "1 to settle first" in told.out
    assert "HorizontalPodAutoscaler live/by-cpu scales Deployment live/edge too" in told.out
    assert "AutoscalerFloor" in told.out
    assert "18 of 20 are Ready" in told.out


def test_what_to_do_about_a_missing_target_is_said_once(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[], hpas=[])
    api.on("GET", f"/apis/apps/v1/{NAMESPACES}/deployments", {"items": []})
    told = ebbtide("preflight", kubeconfig)
    assert told.code == 1
    assert "Deployment live/edge is not there" in told.out
    assert " ".join(told.out.split()).count("create it, or correct spec.scaleTargetRef") == 1


def test_a_policy_that_is_not_there_is_said(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[], hpas=[])
    told = ebbtide("preflight", "live/origin", kubeconfig)
    assert (told.code, told.err) == (3, "ebbtide: there is no CapacityPolicy live/origin\n")


def test_a_policy_that_is_being_deleted_is_no_more(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[], hpas=[])
    head = {"name": "edge", "namespace": "live", "uid": "p"}
    going = {**head, "deletionTimestamp": "2026-11-11T12:00:00Z"}
    api.on("GET", f"{OWN}/capacitypolicies", {"items": [{"metadata": going, "spec": SPEC}]})
    for named, why in ((("live/edge",), "live/edge"), ((), "to look at; `ebbtide check` looks at")):
        told = ebbtide("preflight", *named, kubeconfig)
        assert (told.code, told.out) == (3, "")
        assert told.err.startswith(f"ebbtide: there is no CapacityPolicy {why}")


def budget(**spec: Any) -> dict[str, Any]:
    """A PodDisruptionBudget over the pods of the Deployment."""
    spec = {"selector": {"matchLabels": {"app": "edge"}}, **spec}
    return {"metadata": {"name": "edge"}, "spec": spec, "status": {"disruptionsAllowed": 2}}


@pytest.mark.parametrize(
    ("spec", "sign", "told"),
    [
        pytest.param(
            {"maxUnavailable": 0}, "look", "lets no pod be evicted", id="none may ever go"
        ),
        pytest.param(
            {"minAvailable": "100%"}, "look", "lets no pod be evicted", id="all have to stay"
        ),
        pytest.param(
            {"minAvailable": 18}, "look", "at 18 replicas or fewer no pod", id="a fixed number"
        ),
        pytest.param({"minAvailable": "90%"}, "ok", "2 may be evicted now", id="a share"),
        pytest.param(
            {"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}},
            None,
            "",
            id="other pods",
        ),
        pytest.param({"selector": None, "maxUnavailable": 0}, None, "", id="no pods at all"),
    ],
)
def test_a_disruption_budget_says_what_it_means_for_the_way_down(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, spec: Any, sign: str | None, told: str
) -> None:
    serve(api, owners=[], hpas=[])
    here = f"/apis/policy/v1/{NAMESPACES}/poddisruptionbudgets"
    api.on("GET", here, {"items": [budget(**spec)]})
    answer = ebbtide("preflight", "--json", kubeconfig)
    assert answer.code == 0
    checks = [c for c in json.loads(answer.out)["live/edge"] if c["name"] == "disruption budget"]
    assert [check["verdict"] for check in checks] == ([sign] if sign else [])
    assert all(told in check["found"] for check in checks)


@pytest.mark.parametrize(
    ("hard", "sign", "told"),
    [
        pytest.param("50", "look", "room for 30 more pods: 50 replicas", id="low"),
        pytest.param("200", "ok", "that is enough for replicas.max (100)", id="high"),
        pytest.param("1k", "ok", "that is enough for replicas.max (100)", id="as the server tells"),
    ],
)
def test_a_quota_that_stops_a_rise_is_told_before_the_event(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, hard: str, sign: str, told: str
) -> None:
    serve(api, owners=[], hpas=[])
    status = {"hard": {"pods": hard, "requests.cpu": "40"}, "used": {"pods": "20"}}
    quota = {"metadata": {"name": "team"}, "status": status}
    api.on("GET", "/api/v1/namespaces/live/resourcequotas", {"items": [quota]})
    answer = ebbtide("preflight", "--json", kubeconfig)
    [check] = [c for c in json.loads(answer.out)["live/edge"] if c["name"] == "quota"]
    assert check["verdict"] == sign
    assert told in check["found"]


def test_what_may_not_be_read_is_said_and_stops_nothing(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, owners=[], hpas=[])
    refused = refusal(403, "Forbidden", "cannot list")
    api.on("GET", f"/apis/policy/v1/{NAMESPACES}/poddisruptionbudgets", refused)
    answer = ebbtide("preflight", "--json", kubeconfig)
    assert answer.code == 0
    assert "allow the verb list on poddisruptionbudgets" in answer.out
    assert "its queries were not asked" in answer.out


def test_a_source_that_is_not_for_the_namespace_stops_it(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, tmp_path: Path
) -> None:
    serve(api, owners=[], hpas=[])
    config = tmp_path / "sources.yaml"
    config.write_text("sources: {default: {url: 'http://127.0.0.1:9', namespaces: [media]}}")
    answer = ebbtide("preflight", f"--config={config}", kubeconfig)
    assert answer.code == 1
    assert "no metrics source default for namespace live" in answer.out
