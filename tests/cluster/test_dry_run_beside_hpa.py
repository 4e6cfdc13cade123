"""A policy in DryRun beside a real HPA: it says what it would do, and writes nothing else.

The operator runs as an account that may not scale anything: a write would be refused and logged.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster.ebbtide_objects import LEASE, RULES, grant, install
from tests.cluster.external_metrics import ExternalMetrics, MetricsServer
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import LOOK, Operator, condition, events_of, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 20
STEP = 2
MORE = FLEET + 5
"""What the HPA is made to ask for meanwhile."""
READ_ONLY = RULES.replace("verbs: [get, patch]", "verbs: [get]")
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
KINDS = ("deployments", "horizontalpodautoscalers", "capacitypolicies", "pods", "replicasets")

pytestmark = pytest.mark.prometheus


@dataclass
class Beside:
    """What was seen while both were there."""

    dry: dict[str, Any] = field(default_factory=dict)
    """The status in DryRun, after the shadow's third step."""
    enforced: dict[str, Any] = field(default_factory=dict)
    """The status in Enforce, two soaks after the mode was changed."""
    stairs: Staircase = field(default_factory=lambda: Staircase([]))
    events: list[dict[str, Any]] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    complaints: list[dict[str, Any]] = field(default_factory=list)


def written_by_ebbtide(plane: Plane, namespace: str) -> set[str]:
    """The kinds in a namespace that ebbtide has written to, each with the subresource."""
    found: set[str] = set()
    for kind in KINDS:
        path = (
            "{range .items[*]}{range .metadata.managedFields[?(@.manager=='ebbtide')]}"
            f"{kind}/{{.subresource}}{{'\\n'}}{{end}}{{end}}"
        )
        listed = plane.kubectl("get", kind, f"-n={namespace}", f"-o=jsonpath={path}")
        found |= set(listed.splitlines())
    return found


@pytest.fixture(scope="module")
def beside(
    plane: Plane, metrics_server: MetricsServer, live_prometheus: PrometheusServer
) -> Beside:
    """Let the shadow go down beside an HPA that scales up, and then ask for Enforce."""
    install(plane)
    seen = Beside()
    with home_of(plane, "beside") as home:
        metrics = ExternalMetrics(metrics_server, home)
        metrics.set("viewers", 100 * FLEET)
        start_fleets(plane, home, [APP], FLEET)
        for manifest in (HPA, LEASE, care(APP, mode="DryRun")):
            plane.apply(manifest, namespace=home)
        grant(plane, home, "reader", READ_ONLY)
        account = plane.kubeconfig_for("reader", home)
        with (
            Watch(plane, home) as watch,
            Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}),
            Operator(plane, home, {"default": live_prometheus.url}, kubeconfig=account) as operator,
        ):
            _go_down(plane, home, seen)
            metrics.set("viewers", 100 * MORE)
            plane.wait(lambda: watch.now(APP) == MORE, 30, "the HPA scales, as ever")
            _enforce(plane, home)
            time.sleep(2 * SOAK)
            seen.enforced = status_of(plane, home, APP)
            seen.events = events_of(plane, home, APP)
            seen.written = written_by_ebbtide(plane, home)
            seen.stairs = watch.until_now(APP)
            operator.stop()
            seen.complaints = operator.complaints
    return seen


def _go_down(plane: Plane, home: str, seen: Beside) -> None:
    def went_down() -> bool:
        status = status_of(plane, home, APP)
        replicas = (status.get("shadow") or {}).get("replicas", FLEET)
        seen.dry = status
        return bool(replicas <= FLEET - 3 * STEP)

    plane.wait(went_down, 40, "the shadow takes three steps")


def _enforce(plane: Plane, home: str) -> None:
    plane.kubectl(
        *("patch", "capacitypolicy", APP, f"-n={home}", "--type=merge"),
        '--patch={"spec": {"mode": "Enforce"}}',
    )

    def counts() -> bool:
        return bool(status_of(plane, home, APP).get("mode") == "Enforce")

    plane.wait(counts, 2 * LOOK, "the mode counts")


def test_the_shadow_goes_down_its_staircase(beside: Beside) -> None:
    told = [
        (str(event["eventTime"]), str(event["note"]))
        for event in beside.events
        if event["reason"] == "DryRunRescale"
    ]
    for number, (_, note) in enumerate(sorted(told)[:3]):
        begun = FLEET - number * STEP
        assert f"[DryRun]: {begun} -> {begun - STEP} replicas (" in note
    assert len(told) >= 3
    assert any("Peace [DryRun]: 20 -> 18 replicas (DescentStep" in note for _, note in told)
    assert beside.dry["mode"] == "DryRun"
    assert beside.dry["replicas"]["desired"] == beside.dry["shadow"]["replicas"]


def test_the_hpa_alone_moves_the_fleet(beside: Beside) -> None:
    assert beside.stairs.replicas == [FLEET, MORE]
    assert "ebbtide" not in beside.stairs.changes[-1].managers


def test_nothing_is_written_but_status_and_events(beside: Beside) -> None:
    assert beside.written == {"capacitypolicies/status"}
    assert beside.events


def test_enforce_beside_an_hpa_is_a_conflict_and_no_write(beside: Beside) -> None:
    said = condition(beside.enforced, "Conflicted")
    assert said["status"] == "True"
    assert f"/{APP} scales Deployment" in said["message"]
    assert beside.enforced["mode"] == "Enforce"
    assert "shadow" not in beside.enforced
    assert "intent" not in beside.enforced
    told = [(event["type"], event["reason"]) for event in beside.events]
    assert ("Warning", "Conflict") in told


def test_nothing_was_refused_and_nothing_failed(beside: Beside) -> None:
    overtaken = "the object has been modified"  # by our edit, while it decided: it tries again
    assert not [one for one in beside.complaints if overtaken not in one["message"]]
