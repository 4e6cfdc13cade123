"""From war to peace on a real control plane: phases, measured boots, and a prewarm that is late."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.manifests import deployment
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, condition, events_of, home_of, status_of
from tests.cluster.workloads import PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APPS = ("words", "boots", "quota", "nodes")
FLEET = 10
BOOT = 6.0
pytestmark = [pytest.mark.prometheus, pytest.mark.timeout(400)]


def moment(at: float) -> str:
    """A moment as people write it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def calendar(app: str, ready_in: float, replicas: int) -> dict[str, Any]:
    """An event for one app."""
    now = time.time()
    event = {
        "start": moment(now + ready_in),
        "end": moment(now + 3600),
        "expect": [{"selector": {"app": app}, "demand": replicas * PER_REPLICA}],
    }
    return {
        "apiVersion": "ebbtide.dev/v1alpha1",
        "kind": "EventCalendar",
        "metadata": {"name": app},
        "spec": {"events": {"opening": event}},
    }


def override(name: str, app: str, seconds: float, **said: Any) -> dict[str, Any]:
    """A person's word about one app, for some seconds."""
    spec = {"selector": {"app": app}, "until": moment(time.time() + seconds), "why": "rehearsal"}
    return {
        "apiVersion": "ebbtide.dev/v1alpha1",
        "kind": "CapacityOverride",
        "metadata": {"name": name},
        "spec": spec | said,
    }


@pytest.fixture(scope="module")
def home(plane: Plane, live_prometheus: PrometheusServer) -> Iterator[str]:
    """Fleets at rest, each under a policy, and an operator that looks after them."""
    install(plane)
    with home_of(plane, "phases") as namespace:
        start_fleets(plane, namespace, APPS, FLEET)
        slow = deployment("boots", FLEET, boot=f"{BOOT:g}s")
        plane.apply(slow, namespace=namespace)
        capacity = {"perReplica": PER_REPLICA, "leadTime": "Auto", "leadTimeFallback": "2s"}
        for app in APPS:
            plane.apply(care(app, capacity=capacity), namespace=namespace)
        demands = dict.fromkeys(APPS, constant(FLEET * PER_REPLICA * 0.8))
        sources = {"default": live_prometheus.url}
        with Feed(live_prometheus, demands), Operator(plane, namespace, sources) as operator:
            plane.wait(
                lambda: all(status_of(plane, namespace, app).get("phase") for app in APPS),
                60,
                "all are decided on",
            )
            yield namespace
        assert not operator.stack_traces


def test_an_override_changes_the_phase_and_ends_by_itself(plane: Plane, home: str) -> None:
    plane.apply(override("war", "words", 12, phase="War"), namespace=home)
    plane.wait(lambda: status_of(plane, home, "words")["phase"] == "War", 10, "it is war")
    begun = time.time()
    ended = plane.wait(
        lambda: status_of(plane, home, "words")["phase"] != "War" and time.time(), 40, "it ends"
    )
    assert 5 <= ended - begun <= 20
    assert plane.get("capacityoverride", "war", namespace=home)
    told = [each["note"] for each in events_of(plane, home, "words") if "Phase" in each["reason"]]
    assert any(note.endswith("-> War") for note in told)
    assert any(note.startswith("War -> ") for note in told)


def test_a_quota_makes_a_prewarm_late_and_is_named(plane: Plane, home: str) -> None:
    total = len(plane.items("pod", namespace=home))
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"pods": str(total + 2)}},
    }
    plane.apply(quota, namespace=home)
    plane.apply(calendar("quota", 25, FLEET * 3), namespace=home)
    try:
        plane.wait(
            lambda: condition(status_of(plane, home, "quota"), "PrewarmLate")["status"] == "True",
            40,
            "it is late",
        )
        status = status_of(plane, home, "quota")
    finally:
        plane.kubectl("delete", "resourcequota", "small", f"-n={home}")
    assert status["prewarm"]["pending"]["Quota"] >= 8
    assert "exceeded quota" in condition(status, "PrewarmLate")["message"]
    told = [each["type"] for each in events_of(plane, home, "quota") if "Late" in each["reason"]]
    assert told == ["Warning"]


def test_pods_without_a_node_make_a_prewarm_late_and_are_counted(plane: Plane, home: str) -> None:
    plane.kubectl("cordon", "--selector=kubernetes.io/os=linux")
    try:
        plane.apply(calendar("nodes", 20, FLEET * 2), namespace=home)
        plane.wait(
            lambda: condition(status_of(plane, home, "nodes"), "PrewarmLate")["status"] == "True",
            40,
            "it is late",
        )
        status = status_of(plane, home, "nodes")
    finally:
        plane.kubectl("uncordon", "--selector=kubernetes.io/os=linux")
    waits = status["prewarm"]["pending"]
    assert set(waits) == {"Unschedulable"}
    assert waits["Unschedulable"] >= FLEET
    assert "nodes are available" in condition(status, "PrewarmLate")["message"]


def test_the_lead_time_is_that_of_the_pods(plane: Plane, home: str) -> None:
    plane.kubectl("rollout", "status", "deployment/boots", "--timeout=60s", f"-n={home}")
    plane.apply(override("more", "boots", 60, floor=FLEET + 12), namespace=home)
    said = plane.wait(
        lambda: status_of(plane, home, "boots").get("leadTime", {}).get("usual"), 60, "measured"
    )
    assert BOOT - 1 <= said <= BOOT + 6
    boots = status_of(plane, home, "boots")["leadTime"]["there"]
    assert len(boots) >= 8
    assert min(boots) >= BOOT - 1
