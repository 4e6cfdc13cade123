"""Proves that the control plane of the cluster tests behaves as the tests rely on."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.external_metrics import ExternalMetrics
from tests.cluster.manifests import deployment
from tests.cluster.marked_pods import MarkedPods
from tests.cluster.plane import KubectlError, Plane

TIDE_CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tides.plane.test}
spec:
  group: plane.test
  scope: Namespaced
  names: {kind: Tide, plural: tides, singular: tide}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {height: {type: integer}}}
"""
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def replicas_are(
    plane: Plane, namespace: str, name: str, count: int, field: str = "readyReplicas"
) -> Callable[[], bool]:
    def holds() -> bool:
        status = plane.get("deployment", name, namespace=namespace)["status"]
        return bool(status.get(field, 0) == count and status.get("replicas", 0) == count)

    return holds


def start(plane: Plane, namespace: str, name: str, replicas: int, **settings: str) -> None:
    """Apply a Deployment and wait until all of it is Ready."""
    plane.apply(deployment(name, replicas, **settings), namespace=namespace)
    ready = replicas_are(plane, namespace, name, replicas)
    plane.wait(ready, 60, f"{replicas} replicas of {name} are Ready")


def test_server_and_kubectl_are_the_pinned_version(plane: Plane) -> None:
    if plane.own is None:
        pytest.skip("the version of a cluster by KUBECONFIG is its owner's choice")
    versions = plane.kubectl("version")
    assert versions.count("v1.36.") == 2, versions


def test_two_hundred_replicas_become_ready_on_fake_nodes(plane: Plane, namespace: str) -> None:
    start(plane, namespace, "edge", 200)
    pods = plane.items("pod", namespace=namespace, selector="app=edge")
    assert len(pods) == 200
    assert len({pod["spec"]["nodeName"] for pod in pods}) > 1


def test_boot_annotation_holds_a_pod_back(plane: Plane, namespace: str) -> None:
    plane.apply(deployment("slow", 1, boot="3s"), namespace=namespace)
    started = time.monotonic()
    plane.wait(replicas_are(plane, namespace, "slow", 1), 30, "the slow pod is Ready")
    assert time.monotonic() - started >= 3


def test_drain_annotation_keeps_a_deleted_pod_in_termination(plane: Plane, namespace: str) -> None:
    start(plane, namespace, "busy", 1, drain="60s")
    plane.kubectl("scale", "deployment/busy", "--replicas=0", f"--namespace={namespace}")
    pods = plane.wait(
        lambda: [
            pod
            for pod in plane.items("pod", namespace=namespace)
            if "deletionTimestamp" in pod["metadata"]
        ],
        10,
        "the pod is in termination",
    )
    assert len(pods) == 1


def test_stale_resource_version_gets_409_on_scale(plane: Plane, namespace: str) -> None:
    start(plane, namespace, "edge", 2)
    seen = plane.get("deployment", "edge", namespace=namespace)["metadata"]["resourceVersion"]
    _patch_scale(plane, namespace, replicas=3, resource_version=seen)
    with pytest.raises(KubectlError, match="Conflict"):
        _patch_scale(plane, namespace, replicas=4, resource_version=seen)
    assert plane.get("deployment", "edge", namespace=namespace)["spec"]["replicas"] == 3


def _patch_scale(plane: Plane, namespace: str, replicas: int, resource_version: str) -> None:
    body = {"metadata": {"resourceVersion": resource_version}, "spec": {"replicas": replicas}}
    plane.kubectl(
        *("patch", "deployment", "edge", "--subresource=scale", "--type=merge"),
        *(f"--patch={json.dumps(body)}", f"--namespace={namespace}"),
    )


def test_pods_with_the_lowest_deletion_cost_go_first(plane: Plane, namespace: str) -> None:
    start(plane, namespace, "edge", 20, drain="60s")
    pods = MarkedPods(plane, namespace)
    names = pods.names()
    victims = set(sorted(names)[::4])
    for name in names:
        cost = -10 if name in victims else 10
        plane.kubectl("annotate", "pod", name, f"{DELETION_COST}={cost}", "-n", namespace)
    plane.kubectl("scale", "deployment/edge", "--replicas=15", f"--namespace={namespace}")
    plane.wait(replicas_are(plane, namespace, "edge", 15), 30, "five replicas are gone")
    assert names - pods.names() == victims


def test_service_account_without_rights_gets_403(plane: Plane, namespace: str) -> None:
    plane.kubectl("create", "serviceaccount", "guest", f"--namespace={namespace}")
    guest = plane.kubeconfig_for("guest", namespace)
    with pytest.raises(KubectlError, match="Forbidden"):
        plane.kubectl("get", "pods", f"--namespace={namespace}", kubeconfig=guest)
    plane.kubectl(
        *("create", "rolebinding", "guest", "--clusterrole=view"),
        *(f"--serviceaccount={namespace}:guest", f"--namespace={namespace}"),
    )
    plane.wait(lambda: _may_list_pods(plane, namespace, guest), 10, "the bound guest may list pods")


def _may_list_pods(plane: Plane, namespace: str, kubeconfig: Path) -> bool:
    try:
        plane.kubectl("get", "pods", f"--namespace={namespace}", kubeconfig=kubeconfig)
    except KubectlError:
        return False
    return True


def test_custom_resource_can_be_applied_and_read(plane: Plane, namespace: str) -> None:
    plane.define(TIDE_CRD)
    tide = {"apiVersion": "plane.test/v1", "kind": "Tide", "metadata": {"name": "spring"}}
    plane.apply({**tide, "spec": {"height": 4}}, namespace=namespace)
    assert plane.get("tide", "spring", namespace=namespace)["spec"] == {"height": 4}
    with pytest.raises(KubectlError, match=r"spec\.height"):
        plane.apply({**tide, "spec": {"height": "tall"}}, namespace=namespace)


def test_hpa_follows_an_external_metric(
    plane: Plane, namespace: str, external_metrics: ExternalMetrics
) -> None:
    start(plane, namespace, "edge", 1)
    external_metrics.set("viewers", 45)
    plane.apply(_hpa("edge", "viewers", per_replica="10"), namespace=namespace)
    plane.wait(replicas_are(plane, namespace, "edge", 5), 30, "45 viewers bring 5 replicas")
    external_metrics.set("viewers", 20)
    plane.wait(replicas_are(plane, namespace, "edge", 2), 40, "20 viewers leave 2 replicas")
    external_metrics.remove("viewers")
    plane.wait(
        lambda: "FailedGetExternalMetric" in plane.kubectl("get", "hpa", "-ojson", "-n", namespace),
        20,
        "the HPA says that its metric is gone",
    )


def test_everything_goes_on_after_the_api_server_came_back(plane: Plane, namespace: str) -> None:
    start(plane, namespace, "edge", 2)
    plane.restart_apiserver(crash=True)
    start(plane, namespace, "edge", 6)


def test_paused_scheduler_leaves_pods_unbound(plane: Plane, namespace: str) -> None:
    with plane.paused("kube-scheduler"):
        plane.apply(deployment("edge", 3), namespace=namespace)
        created = replicas_are(plane, namespace, "edge", 3, field="unavailableReplicas")
        plane.wait(created, 20, "three pods exist")
        time.sleep(1)  # long enough for a scheduler that still ran
        pods = plane.items("pod", namespace=namespace)
        assert not any("nodeName" in pod["spec"] for pod in pods)
    plane.wait(replicas_are(plane, namespace, "edge", 3), 30, "the scheduler went on")


def _hpa(target: str, metric: str, per_replica: str) -> dict[str, Any]:
    external = {
        "metric": {"name": metric},
        "target": {"type": "AverageValue", "averageValue": per_replica},
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": target},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicas": 1,
            "maxReplicas": 50,
            "metrics": [{"type": "External", "external": external}],
        },
    }
