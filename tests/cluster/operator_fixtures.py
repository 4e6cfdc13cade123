"""The fixtures of tests that run the operator on the real control plane with a real Prometheus."""

from collections.abc import Iterator

import pytest

from tests.cluster.match_day import MatchDay, played
from tests.cluster.plane import Plane
from tests.integration.prometheus_server import PrometheusServer, require_prometheus


@pytest.fixture(scope="module")
def live_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A running Prometheus for all tests of a module."""
    require_prometheus()
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def match_day(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MatchDay]:
    """A recorded match day; it is played when the first test asks for it."""
    require_prometheus()
    servers = [PrometheusServer(tmp_path_factory.mktemp("prometheus")) for _ in range(2)]
    try:
        for server in servers:
            server.start()
        yield played(plane, *servers)
    finally:
        for server in servers:
            server.stop()
