"""`ebbtide event capture` from a real Prometheus."""

import time
from datetime import UTC, datetime

import pytest

from ebbtide.api.reading.manifests import load
from tests.cli.conftest import Ebbtide, _logging, ebbtide
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

__all__ = ["_logging", "ebbtide"]
MINUTE = 60


def test_an_event_is_captured_from_its_query(
    prometheus: PrometheusServer, ebbtide: Ebbtide
) -> None:
    end = int(time.time() // MINUTE * MINUTE) - 10 * MINUTE
    start = end - 60 * MINUTE
    course = [(at, 100.0) for at in range(start - 120 * MINUTE, start, MINUTE)]
    course += [(at, 800.0 - (at - start) / 10) for at in range(start, end + MINUTE, MINUTE)]
    prometheus.push([Series("crowd", {"pod": "a"}, course), Series("crowd", {"pod": "b"}, course)])
    times = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") for at in (start, end)]
    told = ebbtide(
        *("event", "capture", "opening", "--start", times[0], "--end", times[1]),
        *("--prometheus", prometheus.url, "--query", "sum(crowd)"),
    )
    assert (told.code, told.err) == (0, "")
    [found] = load({"profile.yaml": told.out})
    assert (found.spec["peak"], found.spec["usual"]) == (1600, 200)
    assert found.spec["shape"][-1] == pytest.approx(0.55)
    assert found.spec["source"] == "prometheus: sum(crowd)"
    missing = ebbtide(
        *("event", "capture", "opening", "--start", times[0], "--end", times[1]),
        *("--prometheus", prometheus.url, "--query", "sum(nobody)"),
    )
    assert missing.code == 3
    assert "only 0% of the minutes between start and end are known" in missing.err
