"""The PodMonitor that is shipped finds the operator, by its pod and port, and keeps its labels."""

import os
from pathlib import Path

import pytest
import yaml

from tests.deploy.rendering import NAMESPACE, ROOT, Object, charted, kustomized, of_kind, only

CHARTED = ("--set=podMonitor.enabled=true", "--set=podMonitor.labels.release=kps")


def overlay(folder: Path) -> list[Object]:
    """The operator with the component, as an overlay of somebody's own has it."""
    parts = ("base", "pod-monitor")
    base, component = (os.path.relpath(ROOT / "deploy" / each, folder) for each in parts)
    whole = {"resources": [base], "components": [component]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    return kustomized(folder)


@pytest.mark.parametrize("way", ["kustomize", "helm"])
def test_it_finds_the_pod_and_its_port(way: str, tmp_path: Path) -> None:
    objects = overlay(tmp_path) if way == "kustomize" else charted(*CHARTED)
    monitor, pod = only("PodMonitor", objects), only("Deployment", objects)["spec"]["template"]
    assert monitor["metadata"]["namespace"] == NAMESPACE
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= pod["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    [container] = pod["spec"]["containers"]
    assert endpoint["port"] in {port["name"] for port in container["ports"]}
    assert endpoint["honorLabels"]  # or a policy's namespace is hidden by the operator's own


def test_the_chart_brings_it_where_it_is_wanted_with_the_labels_that_prometheus_selects() -> None:
    assert of_kind("PodMonitor", charted()) == []
    assert only("PodMonitor", charted(*CHARTED))["metadata"]["labels"]["release"] == "kps"
