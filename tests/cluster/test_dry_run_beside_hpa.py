"""A policy in DryRun beside a real HPA: it says what it would do, and writes nothing else."""

import time
from typing import Any

from tests.cluster.ebbtide_objects import RULES, grant, install
from tests.cluster.external_metrics import ExternalMetrics
from tests.cluster.feed import Feed, constant
from tests.cluster.operator import TICK, Operator, condition, events_of, status_of
from tests.cluster.plane import Plane
from tests.cluster.watch import Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 20
STEP = 2
READ_ONLY = RULES.replace("verbs: [get, patch]", "verbs: [get]")
LEASE = "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: ebbtide}, spec: {}}"
HPA = f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {APP}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {APP}}}
  minReplicas: 1
  maxReplicas: 40
  metrics:
    - type: External
      external: {{metric: {{name: viewers}}, target: {{type: AverageValue, averageValue: "100"}}}}
"""


def managers(plane: Plane, namespace: str) -> set[tuple[str, str]]:
    """What ebbtide has written in a namespace: kinds, and the subresource of each."""
    text = ("deployments", "horizontalpodautoscalers", "capacitypolicies", "pods", "replicasets")
    found = []
    for kind in text:
        path = (
            "{range .items[*]}{range .metadata.managedFields[?(@.manager=='ebbtide')]}"
            f"{kind} {{.subresource}}{{'\\n'}}{{end}}{{end}}"
        )
        found += plane.kubectl("get", kind, f"-n={namespace}", f"-o=jsonpath={path}").splitlines()
    return {(kind, part) for kind, _, part in (line.partition(" ") for line in found)}


def shadow(plane: Plane, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = status_of(plane, namespace, APP).get("shadow") or {}
    return found


def test_the_shadow_goes_down_while_the_hpa_alone_drives(
    plane: Plane,
    namespace: str,
    external_metrics: ExternalMetrics,
    live_prometheus: PrometheusServer,
) -> None:
    install(plane)
    external_metrics.set("viewers", 100 * FLEET)
    start_fleets(plane, namespace, [APP], FLEET)
    plane.apply(HPA, namespace=namespace)
    plane.apply(LEASE, namespace=namespace)
    plane.apply(care(APP, mode="DryRun"), namespace=namespace)
    grant(plane, namespace, "reader", READ_ONLY)
    reader = plane.kubeconfig_for("reader", namespace)
    sources = {"default": live_prometheus.url}
    with (
        Watch(plane, namespace) as watch,
        Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}),
        Operator(plane, namespace, sources, kubeconfig=reader) as operator,
    ):
        seen: list[tuple[float, int]] = []

        def went_down() -> bool:
            replicas = shadow(plane, namespace).get("replicas", FLEET)
            if not seen or seen[-1][1] != replicas:
                seen.append((time.time(), int(replicas)))
            return bool(replicas <= FLEET - 3 * STEP)

        plane.wait(went_down, 40, "the shadow takes three steps")
        assert [replicas for _, replicas in seen] == [FLEET, 18, 16, 14]
        external_metrics.set("viewers", 100 * (FLEET + 5))
        plane.wait(lambda: watch.now(APP) == FLEET + 5, 30, "the HPA scales, as ever")
        status = status_of(plane, namespace, APP)
        assert status["mode"] == "DryRun"
        assert condition(status, "Conflicted")["status"] == "True"
        told = [each["reason"] for each in events_of(plane, namespace, APP)]
        assert "DryRunRescale" in told

        plane.kubectl(
            *("patch", "capacitypolicy", APP, f"-n={namespace}", "--type=merge"),
            '--patch={"spec": {"mode": "Enforce"}}',
        )

        def withheld() -> bool:
            found = status_of(plane, namespace, APP)
            return found.get("mode") == "Enforce" and "shadow" not in found

        plane.wait(withheld, 5 * TICK, "the mode counts")
        time.sleep(2 * SOAK)
        print(plane.kubectl("describe", "cp", APP, f"-n={namespace}"))
        assert condition(status_of(plane, namespace, APP), "Conflicted")["status"] == "True"
        assert watch.of(APP).replicas == [FLEET, FLEET + 5]
        assert "ebbtide" not in watch.of(APP).changes[-1].managers
        assert managers(plane, namespace) == {("capacitypolicies", "status")}
        assert not [line for line in operator.log if line["level"] != "info"]
        print([e["reason"] for e in events_of(plane, namespace, APP)])
