"""A real Prometheus for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.prometheus_server import PrometheusServer, require_prometheus


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not prometheus"` leaves them out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("prometheus")


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[PrometheusServer]:
    """A running Prometheus that knows nothing yet."""
    require_prometheus()
    server = PrometheusServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()
