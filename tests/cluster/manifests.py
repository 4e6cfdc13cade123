"""Manifests that tests share: fake nodes, and a Deployment whose pods boot on them."""

from typing import Any

import yaml

# Read by the stages in fake_nodes.yaml: how long a pod takes to become Ready, and to go.
BOOT_ANNOTATION = "pod-ready.stage.kwok.x-k8s.io/delay"
DRAIN_ANNOTATION = "pod-delete.stage.kwok.x-k8s.io/delay"

_ROOM = {"cpu": "1000", "memory": "4000Gi", "pods": "400"}


def deployment(
    name: str, replicas: int, *, boot: str = "0s", drain: str = "0s", cpu: str = "100m"
) -> dict[str, Any]:
    """Return a Deployment whose pods take `boot` to become Ready and `drain` to end."""
    labels = {"app": name}
    container = {"name": "main", "image": "pause", "resources": {"requests": {"cpu": cpu}}}
    annotations = {BOOT_ANNOTATION: boot, DRAIN_ANNOTATION: drain}
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [container]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def fake_nodes(count: int, zones: tuple[str, ...] = ("a", "b", "c")) -> str:
    """Return YAML of nodes that kwok plays, spread over zones."""
    return yaml.safe_dump_all(
        [_fake_node(f"fake-{index}", zones[index % len(zones)]) for index in range(count)]
    )


def _fake_node(name: str, zone: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "status": {"allocatable": _ROOM, "capacity": _ROOM},
    }
