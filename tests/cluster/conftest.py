"""The fixtures of tests that need a real control plane, started once and shared by all of them."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import external_metrics as metrics
from tests.cluster.control_plane import ControlPlane, find_assets
from tests.cluster.manifests import fake_nodes
from tests.cluster.operator_fixtures import live_prometheus, match_day  # noqa: F401
from tests.cluster.plane import A_MINUTE, Plane
from tests.cluster.running_operator import home_of

FAKE_NODES = 10
NO_PLANE = "no control plane: run `make control-plane` once"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not cluster"` leaves them out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("cluster")


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The cluster under test: one of our own, else the one that KUBECONFIG names."""
    assets = find_assets()
    if assets is not None:
        yield from _own_plane(assets, tmp_path_factory.mktemp("plane"))
    elif "KUBECONFIG" in os.environ:
        yield _given_plane(Path(os.environ["KUBECONFIG"]), tmp_path_factory.mktemp("plane"))
    elif os.environ.get("EBBTIDE_REQUIRE_CLUSTER") == "1":
        pytest.fail(NO_PLANE)
    else:
        pytest.skip(NO_PLANE)


def _own_plane(assets: Path, folder: Path) -> Iterator[Plane]:
    control_plane = ControlPlane(assets, folder)
    control_plane.start()
    try:
        layout = control_plane.layout
        plane = Plane(layout.kubectl, layout.kubeconfig("admin"), folder, control_plane)
        plane.apply(fake_nodes(FAKE_NODES))
        plane.kubectl("wait", "--for=condition=Ready", A_MINUTE, "node", "--all")
        yield plane
    finally:
        control_plane.stop()


def _given_plane(kubeconfig: Path, folder: Path) -> Plane:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.fail("KUBECONFIG is set, but there is no kubectl on the PATH")
    return Plane(Path(kubectl), kubeconfig, folder)


@pytest.fixture
def namespace(plane: Plane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, named after it; deleted afterwards without waiting."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    with home_of(plane, words[:50].strip("-")) as name:
        yield name


@pytest.fixture(scope="session")
def metrics_server(plane: Plane) -> Iterator[metrics.MetricsServer]:
    """The server behind `external_metrics`, registered with the cluster once."""
    if plane.own is None:
        pytest.skip("external metrics need a control plane of our own, not one by KUBECONFIG")
    server = metrics.MetricsServer(*plane.own.layout.serving_pair)
    server.start()
    try:
        metrics.register(plane, server.port)
        yield server
        metrics.unregister(plane)
    finally:
        server.stop()


@pytest.fixture
def external_metrics(
    metrics_server: metrics.MetricsServer, namespace: str
) -> metrics.ExternalMetrics:
    """External metrics of the test's namespace: `external_metrics.set("viewers", 1200)`."""
    return metrics.ExternalMetrics(metrics_server, namespace)
