"""From war to peace on a real control plane: phases, measured boots, and a prewarm that is late."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ebbtide.api.timestamps import epoch
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.manifests import deployment
from tests.cluster.plane import A_MINUTE, PATIENCE, Plane
from tests.cluster.running_operator import (
    LOOK,
    Operator,
    condition,
    events_of,
    home_of,
    status_of,
)
from tests.cluster.workloads import PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APPS = ("words", "boots", "quota", "nodes")
FLEET = 10
BOOT = 6.0
SOON = 8.0
"""Seconds in which an event has to be ready, and will not be."""
pytestmark = pytest.mark.prometheus


def moment(at: float) -> str:
    """A moment as people write it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def calendar(app: str, replicas: int) -> dict[str, Any]:
    """An event for one app, that has to be ready soon and begins long after that."""
    now = time.time()
    event = {
        "readyBy": moment(now + SOON),
        "start": moment(now + 600),
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
    def notes() -> str:
        told = events_of(plane, home, "words")
        return "".join(f"[{each['note']}]" for each in told if "Phase" in each["reason"])

    plane.apply(override("war", "words", 600, phase="War"), namespace=home)
    plane.wait(lambda: status_of(plane, home, "words")["phase"] == "War", 10, "it is war")
    plane.wait(lambda: "-> War]" in notes(), 10, "it is told")
    said = override("war", "words", 4, phase="War")
    plane.apply(said, namespace=home)
    known = time.time()
    plane.wait(lambda: status_of(plane, home, "words")["phase"] != "War", 20, "it ends")
    until = epoch(f"{said['spec']['until']}Z")
    ended = epoch(status_of(plane, home, "words")["phaseSince"])
    assert until <= ended <= max(until, known) + PATIENCE * LOOK
    assert plane.get("capacityoverride", "war", namespace=home)
    plane.wait(lambda: "[War -> " in notes(), 10, "it is told")


def late(plane: Plane, home: str, app: str, why: str, count: int) -> dict[str, Any]:
    """Wait until a prewarm is late, for so many pods at least and this reason; its status."""

    def told() -> dict[str, Any]:
        status = status_of(plane, home, app)
        pending = (status.get("prewarm") or {}).get("pending", {})
        is_late = condition(status, "PrewarmLate").get("status") == "True"
        return status if is_late and pending.get(why, 0) >= count else {}

    return plane.wait(told, 40, f"{app} is late for {why}")


def test_a_quota_makes_a_prewarm_late_and_is_named(plane: Plane, home: str) -> None:
    total = len(plane.items("pod", namespace=home))
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"pods": str(total + 2)}},
    }
    plane.apply(quota, namespace=home)
    plane.apply(calendar("quota", FLEET * 3), namespace=home)
    try:
        status = late(plane, home, "quota", "Quota", 8)
        told = plane.wait(lambda: _told_late(plane, home, "quota"), 10, "it is told")
    finally:
        plane.kubectl("delete", "resourcequota", "small", f"-n={home}")
    assert "exceeded quota" in condition(status, "PrewarmLate")["message"]
    assert told == ["Warning"]


def _told_late(plane: Plane, home: str, app: str) -> list[str]:
    """The types of the events that say that a prewarm is late."""
    return [each["type"] for each in events_of(plane, home, app) if "Late" in each["reason"]]


def test_pods_without_a_node_make_a_prewarm_late_and_are_counted(plane: Plane, home: str) -> None:
    plane.kubectl("cordon", "--selector=kubernetes.io/os=linux")
    try:
        plane.apply(calendar("nodes", FLEET * 2), namespace=home)
        status = late(plane, home, "nodes", "Unschedulable", FLEET)
    finally:
        plane.kubectl("uncordon", "--selector=kubernetes.io/os=linux")
    assert set(status["prewarm"]["pending"]) == {"Unschedulable"}
    assert "nodes are available" in condition(status, "PrewarmLate")["message"]


def _longest_boot(plane: Plane, home: str) -> float:
    """The most that a pod of this fleet took since it was asked for, as it says itself."""
    decisions = status_of(plane, home, "boots")["decisions"]
    asked = [epoch(each["at"]) for each in decisions if each["to"] > each["from"]]
    pods = plane.items("pod", namespace=home, selector="app=boots")
    return max(
        epoch(one["lastTransitionTime"]) - _asked(pod, asked)
        for pod in pods
        for one in pod["status"].get("conditions", [])
        if one["type"] == "Ready"
    )


def _asked(pod: dict[str, Any], decided: list[float]) -> float:
    """The decision that a pod was made for, or when it was made; that is said in whole seconds."""
    created = epoch(pod["metadata"]["creationTimestamp"])
    return max((at for at in decided if at <= created + 1), default=created)


def test_the_lead_time_is_that_of_the_pods(plane: Plane, home: str) -> None:
    plane.kubectl("rollout", "status", "deployment/boots", A_MINUTE, f"-n={home}")

    def lead() -> dict[str, Any]:
        return dict(status_of(plane, home, "boots").get("leadTime") or {})

    plane.wait(lambda: "bootingSince" not in lead(), 60, "what boots already is measured")
    before = lead()
    known = len(before.get("there", []))
    plane.apply(override("more", "boots", 600, floor=FLEET + 12), namespace=home)
    plane.wait(lambda: len(lead().get("there", [])) >= known + 8, 60, "the rise is measured")
    # A lead time that was longer falls little by little, also when its pods are gone.
    assert BOOT - 1 <= lead()["usual"] <= max(_longest_boot(plane, home), before.get("usual", 0.0))
    assert min(lead()["there"]) >= BOOT - 1
