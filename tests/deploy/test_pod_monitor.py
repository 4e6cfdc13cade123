"""The PodMonitor that is shipped finds the operator, by its pod and port, and keeps its labels."""

from pathlib import Path

import pytest

from tests.deploy.rendering import NAMESPACE, charted, of_kind, only, with_component

CHARTED = ("--set=podMonitor.enabled=true", "--set=podMonitor.labels.release=kps")


@pytest.mark.parametrize("way", ["kustomize", "helm"])
def test_it_finds_the_pod_and_its_port(way: str, tmp_path: Path) -> None:
    objects = with_component("pod-monitor", tmp_path) if way == "kustomize" else charted(*CHARTED)
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
