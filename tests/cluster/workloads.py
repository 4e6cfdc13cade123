"""Workloads for a running operator: Deployments on fake nodes, and policies that care for them."""

from collections.abc import Iterable
from typing import Any

from tests.cluster.ebbtide_objects import policy
from tests.cluster.feed import query
from tests.cluster.manifests import deployment
from tests.cluster.plane import A_MINUTE, Plane

PER_REPLICA = 100
SOAK = 5
MAX_STEP = "10%"
"""Of the fleet at the start of the descent, and the soak: a staircase that a test can wait for."""
DIP = "30s"
"""How long a dip may last: no longer than a test can wait."""
FREEZE: dict[str, Any] = {
    "apiVersion": "ebbtide.dev/v1alpha1",
    "kind": "CapacityOverride",
    "metadata": {"name": "freeze-1"},
    "spec": {"selector": {}, "until": "2099-01-01 00:00", "why": "a test", "freeze": True},
}
"""Whoever leads only stays where it is."""


def care(app: str, **spec: Any) -> dict[str, Any]:
    """Return an enforcing policy with a quick descent; what is given replaces a field whole."""
    found = policy(app)
    found["spec"] |= {
        "mode": "Enforce",
        "demand": {"query": query(app)},
        "capacity": {"perReplica": PER_REPLICA, "leadTime": "2s"},
        "forecast": {"history": "3h"},
        "policies": {"descent": {"maxStep": MAX_STEP, "soak": f"{SOAK}s", "window": DIP}},
        **spec,
    }
    return found


def start_fleets(plane: Plane, namespace: str, apps: Iterable[str], replicas: int) -> None:
    """Run a Deployment for each app, and wait until all their pods are Ready."""
    names = list(apps)
    for app in names:
        plane.apply(deployment(app, replicas, boot="1s"), namespace=namespace)
    for app in names:
        path = f"--for=jsonpath={{.status.readyReplicas}}={replicas}"
        plane.kubectl("wait", path, A_MINUTE, f"deployment/{app}", f"-n={namespace}")
