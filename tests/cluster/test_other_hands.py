"""Other hands on a real control plane: autoscalers, a person, and a GitOps tool."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.ebbtide_objects import LEASE, RULES, grant, install
from tests.cluster.external_metrics import ExternalMetrics, MetricsServer
from tests.cluster.feed import Feed, constant
from tests.cluster.keda import Keda, install_kind, scaled_object
from tests.cluster.manifests import deployment
from tests.cluster.plane import A_MINUTE, Plane
from tests.cluster.running_operator import LOOK, Operator, condition, events_of, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

HELD, PERSON, REPO, EVENTS, BOTH, JOINED = "edge", "origin", "media", "events", "both", "joined"
APPS = (HELD, PERSON, REPO, EVENTS, BOTH, JOINED)
FLEET, STEP = 20, 2
BEFORE = 4
"""The minimum that people gave the HPA, and the ScaledObject."""
MOST = 40
BY_HAND = FLEET + 6
HPA = f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: by-viewers}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {HELD}}}
  minReplicas: {BEFORE}
  maxReplicas: 40
  metrics:
    - type: External
      external: {{metric: {{name: viewers}}, target: {{type: AverageValue, averageValue: "100"}}}}
"""
JOINS = f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: by-nothing}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {JOINED}}}
  minReplicas: 1
  maxReplicas: 40
  metrics:
    - type: External
      external: {{metric: {{name: nobody}}, target: {{type: AverageValue, averageValue: "100"}}}}
"""
"""An HPA without a metric: it moves nothing, and so shows who else does."""

MINIMUMS = (
    ("horizontalpodautoscalers", "{.spec.minReplicas}"),
    ("scaledobjects", "{.spec.minReplicaCount}"),
)

pytestmark = pytest.mark.prometheus


@dataclass
class Seen:
    """What was seen of three fleets, each with somebody else's hand on it."""

    minimums: Staircase = field(default_factory=lambda: Staircase(()))
    """Of the HPA, until it was put back."""
    stairs: dict[str, Staircase] = field(default_factory=dict)
    by_hand: dict[str, Any] = field(default_factory=dict)
    """The status a while after a person had scaled up."""
    reset: dict[str, Any] = field(default_factory=dict)
    """The status once the tool had written back."""
    events: dict[str, set[str]] = field(default_factory=dict)
    put_back: dict[str, Any] = field(default_factory=dict)
    """The HPA after its policy was deleted."""
    left: Staircase = field(default_factory=lambda: Staircase(()))
    """Its fleet, from before its policy was deleted until the minimum was back."""
    events_minimums: Staircase = field(default_factory=lambda: Staircase(()))
    """Of the ScaledObject, until it was put back."""
    events_put_back: dict[str, Any] = field(default_factory=dict)
    """The ScaledObject after its policy was deleted."""
    both: dict[str, Any] = field(default_factory=dict)
    """The status of a policy with actuator Scale, whose target a ScaledObject has."""
    joined_at: float = 0.0
    """When an HPA was put on a target whose descent had begun."""
    joined: dict[str, Any] = field(default_factory=dict)
    """The status once that was seen."""
    traces: list[str] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)


def gitops(plane: Plane, home: str) -> None:
    """What a GitOps tool does at every sync: apply what the repository declares."""
    declared = json.dumps(deployment(REPO, FLEET, boot="1s"))
    plane.kubectl(
        *("apply", "--server-side", "--force-conflicts", "--field-manager=deployer"),
        *("-f-", f"-n={home}"),
        stdin=declared,
    )


@pytest.fixture(scope="module")
def seen(plane: Plane, metrics_server: MetricsServer, live_prometheus: PrometheusServer) -> Seen:
    """Let descents begin, and lay a hand on each."""
    install(plane)
    install_kind(plane)
    found = Seen()
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "hands"))
        metrics = ExternalMetrics(metrics_server, home)
        metrics.set("viewers", 100 * FLEET)
        _started(plane, home)
        stack.enter_context(Keda(plane, home, EVENTS))
        account = _account(plane, home)
        watch = stack.enter_context(Watch(plane, home))
        of_hpa, of_object = (stack.enter_context(Watch(plane, home, *of)) for of in MINIMUMS)
        low = constant(0.2 * FLEET * PER_REPLICA)
        stack.enter_context(Feed(live_prometheus, dict.fromkeys(APPS, low)))
        operator = stack.enter_context(
            Operator(plane, home, {"default": live_prometheus.url}, kubeconfig=account)
        )
        plane.wait(
            lambda: min(of_hpa.now("by-viewers"), of_object.now(EVENTS)) >= FLEET - STEP,
            60,
            "the floors hold their fleets",
        )
        metrics.set("viewers", 100)  # from now on the HPA wants one
        _lay_hands(plane, home, watch, found)
        plane.wait(
            lambda: max(of_hpa.now("by-viewers"), of_object.now(EVENTS)) <= FLEET - 4 * STEP,
            90,
            "the minimums go down their staircases",
        )
        _followed(plane, watch)
        found.minimums = of_hpa.until_now("by-viewers")
        found.events_minimums = of_object.until_now(EVENTS)
        found.stairs = {app: watch.until_now(app) for app in APPS}
        metrics.set("viewers", 100 * FLEET)  # so that it has no reason to let the fleet go
        _put_back(plane, home, watch, found)
        found.events = {app: {e["reason"] for e in events_of(plane, home, app)} for app in APPS}
        operator.stop()
        found.traces = operator.stack_traces
        found.refusals = operator.said("may not")
    return found


def _account(plane: Plane, home: str) -> Path:
    grant(plane, home, "operator", RULES)
    return plane.kubeconfig_for("operator", home)


def _followed(plane: Plane, watch: Watch) -> None:
    def low() -> bool:
        return max(watch.now(HELD), watch.now(EVENTS)) <= FLEET - 3 * STEP

    plane.wait(low, 30, "the fleets follow")


def _started(plane: Plane, home: str) -> None:
    """Run the fleets, and let the tool have applied its own."""
    start_fleets(plane, home, APPS, FLEET)
    gitops(plane, home)
    _begin(plane, home)


def _begin(plane: Plane, home: str) -> None:
    for manifest in (
        HPA,
        LEASE,
        care(HELD, actuator="AutoscalerFloor"),
        care(PERSON),
        care(REPO),
        scaled_object(EVENTS, BEFORE, MOST),
        scaled_object(BOTH, BEFORE, MOST),
        care(EVENTS, actuator="AutoscalerFloor"),
        care(BOTH),
        care(JOINED),
    ):
        plane.apply(manifest, namespace=home)


def _put_back(plane: Plane, home: str, watch: Watch, seen: Seen) -> None:
    plane.wait(lambda: watch.now(HELD) == FLEET, 60, "the HPA itself holds the fleet")
    deleted = time.time()
    plane.kubectl("delete", "capacitypolicy", HELD, f"-n={home}", A_MINUTE)
    seen.put_back = plane.get("hpa", "by-viewers", namespace=home)
    seen.left = watch.until_now(HELD).between(deleted)
    plane.kubectl("delete", "capacitypolicy", EVENTS, f"-n={home}", A_MINUTE)
    seen.events_put_back = plane.get("scaledobject", EVENTS, namespace=home)
    seen.both = status_of(plane, home, BOTH)


def _lay_hands(plane: Plane, home: str, watch: Watch, seen: Seen) -> None:
    plane.wait(lambda: 0 < watch.now(REPO) < FLEET, 60, "one step has gone")
    gitops(plane, home)
    plane.wait(
        lambda: condition(status_of(plane, home, REPO), "Conflicted").get("status") == "True",
        2 * LOOK,
        "the tool is named",
    )
    seen.reset = status_of(plane, home, REPO)
    plane.wait(lambda: 0 < watch.now(JOINED) < FLEET, 60, "one step has gone")
    plane.apply(JOINS, namespace=home)
    seen.joined_at = time.time()
    plane.wait(lambda: 0 < watch.now(PERSON) < FLEET, 60, "one step has gone")
    plane.kubectl("scale", f"deployment/{PERSON}", f"--replicas={BY_HAND}", f"-n={home}")

    def noticed() -> dict[str, Any]:
        status = status_of(plane, home, PERSON)
        return status if condition(status, "ScaledByHand").get("status") == "True" else {}

    def joined() -> dict[str, Any]:
        status = status_of(plane, home, JOINED)
        return status if condition(status, "Conflicted").get("status") == "True" else {}

    seen.by_hand = plane.wait(noticed, 2 * LOOK, "it is noticed")
    seen.joined = plane.wait(joined, 2 * LOOK, "it is seen")


def test_the_minimum_goes_down_the_staircase_and_the_fleet_behind_it(seen: Seen) -> None:
    assert max(went for _, went in seen.minimums.drops()) <= STEP
    print(seen.stairs[HELD].told(HELD, SOAK))
    assert seen.stairs[HELD].largest_drop(SOAK) <= STEP
    assert seen.stairs[HELD].at(time.time()) <= FLEET - 3 * STEP


def test_the_minimum_of_a_scaled_object_goes_down_the_same_way(seen: Seen) -> None:
    assert max(went for _, went in seen.events_minimums.drops()) <= STEP
    assert seen.stairs[EVENTS].largest_drop(SOAK) <= STEP
    assert seen.stairs[EVENTS].at(time.time()) <= FLEET - 3 * STEP


def test_the_minimum_of_a_scaled_object_is_put_back(seen: Seen) -> None:
    assert seen.events_put_back["spec"]["minReplicaCount"] == BEFORE
    assert "ebbtide.dev/minimum" not in seen.events_put_back["metadata"].get("annotations", {})


def test_a_scaled_object_on_a_target_that_is_to_be_scaled_stops_all_writes(seen: Seen) -> None:
    said = condition(seen.both, "Conflicted")
    assert (said["status"], said["reason"]) == ("True", "Conflict")
    assert said["message"].startswith("ScaledObject")
    assert seen.stairs[BOTH].replicas == [FLEET]


def test_an_hpa_that_comes_in_mid_descent_stops_all_writes_within_one_tick(seen: Seen) -> None:
    said = condition(seen.joined, "Conflicted")
    assert (said["status"], said["reason"]) == ("True", "Conflict")
    assert "by-nothing" in said["message"]
    stopped = datetime.fromisoformat(said["lastTransitionTime"]).timestamp()
    since = [at for at, _ in seen.stairs[JOINED].drops() if at > seen.joined_at]
    print(f"it was seen after {stopped - seen.joined_at:.2f} s; steps since: {len(since)}")
    assert len(since) <= 1, "the tick that had begun before; the others have room for more"
    assert all(at <= stopped for at in since)


def test_the_policy_that_goes_puts_the_minimum_back_and_leaves_the_fleet(seen: Seen) -> None:
    assert seen.put_back["spec"]["minReplicas"] == BEFORE
    assert "ebbtide.dev/minimum" not in seen.put_back["metadata"].get("annotations", {})
    assert seen.left.replicas == [FLEET]


def test_what_a_person_scales_up_stays_and_says_until_when(seen: Seen) -> None:
    assert seen.stairs[PERSON].replicas[-1] == BY_HAND
    hand = seen.by_hand["hand"]
    assert (hand["by"], hand["kind"], hand["to"]) == ("kubectl", "Manual", BY_HAND)
    assert seen.by_hand["binding"]["reason"] == "ManualFloor"
    assert seen.by_hand["lastStep"]["to"] < FLEET
    assert condition(seen.by_hand, "ScaledByHand")["status"] == "True"
    assert "ScaledByHand" in seen.events[PERSON]


def test_a_gitops_tool_that_writes_back_is_named_and_nothing_is_written_any_more(
    seen: Seen,
) -> None:
    said = condition(seen.reset, "Conflicted")
    assert said["reason"] == "ReplicasReset"
    assert said["message"].startswith("deployer writes spec.replicas of Deployment")
    assert seen.stairs[REPO].replicas[-1] == FLEET
    assert "ReplicasReset" in seen.events[REPO]


def test_nothing_was_refused_and_nothing_failed(seen: Seen) -> None:
    assert not seen.traces
    assert not seen.refusals
