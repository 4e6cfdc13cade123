"""`ebbtide preflight` asks the queries of a policy of a real Prometheus, and says what came."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.http_api import HttpApi, http_api
from tests.cli.cluster.test_preflight import OWN, SPEC, serve
from tests.cli.conftest import Ebbtide, _logging, ebbtide
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

__all__ = ["_logging", "ebbtide"]
ALIVE = {"query": 'avg(up{app="edge"})', "atLeast": "80%"}


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        yield started


def checks_of(
    ebbtide: Ebbtide,
    api: HttpApi,
    folder: Path,
    prometheus: PrometheusServer,
    query: str,
    **more: Any,
) -> tuple[int, list[dict[str, Any]]]:
    """Everything about the queries of a policy with this demand."""
    serve(api, owners=[], hpas=[])
    spec = SPEC | {"demand": {"query": query, "alive": ALIVE}} | more
    policy = {"metadata": {"name": "edge", "namespace": "live", "uid": "p"}, "spec": spec}
    api.on("GET", f"{OWN}/capacitypolicies", {"items": [policy]})
    kubeconfig = api.kubeconfig(folder / "kubeconfig")
    told = ebbtide(
        "preflight", "--json", f"--prometheus={prometheus.url}", f"--kubeconfig={kubeconfig}"
    )
    found = json.loads(told.out)["live/edge"]
    return told.code, [check for check in found if check["name"] in {"query", "delay", "sessions"}]


def test_each_query_has_to_have_one_series_that_is_fresh(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, prometheus: PrometheusServer
) -> None:
    now = time.time()
    pods = [{"app": "edge", "pod": name} for name in ("a", "b")]
    fresh = [(now - ago, 400.0) for ago in range(900, 0, -15)]
    prometheus.push(
        [
            *(Series("viewers", labels, fresh) for labels in pods),
            *(Series("up", labels, [(at, 1.0) for at, _ in fresh]) for labels in pods),
        ]
    )
    asked = ebbtide, api, tmp_path, prometheus

    code, found = checks_of(*asked, 'sum(viewers{app="edge"})')
    assert code == 0
    assert [check["verdict"] for check in found] == ["ok"] * 4
    assert 'one series, 800 now, for sum(viewers{app="edge"})' in found[0]["found"]
    assert found[1]["found"].startswith("a sample every 15 s, the newest is")

    for by, sign in (("pod", "ok"), ("app", "stop")):
        sessions = {"query": f"sum by ({by}) (viewers)"}
        _, found = checks_of(*asked, "sum(viewers)", policies={"sessions": sessions})
        assert (found[-1]["name"], found[-1]["verdict"]) == ("sessions", sign)

    code, found = checks_of(*asked, 'viewers{app="edge"}')
    assert (code, found[0]["verdict"]) == (1, "stop")
    assert "2 series for viewers" in found[0]["found"]
    assert "pod='a'" in found[0]["found"]

    code, found = checks_of(*asked, 'sum(nobody{app="edge"})')
    assert (code, found[0]["verdict"]) == (1, "stop")
    assert found[0]["found"] == 'no series for sum(nobody{app="edge"})'

    code, found = checks_of(*asked, 'sum(viewers{app="edge"}) * NaN')
    assert (code, found[0]["verdict"]) == (1, "stop")

    code, found = checks_of(*asked, "sum(")
    assert (code, found[0]["verdict"]) == (1, "stop")
    assert found[0]["next"] == "asked: sum("


def test_a_query_whose_samples_come_too_late_stops_it(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, prometheus: PrometheusServer
) -> None:
    now = time.time()
    late = [(now - ago, 7.0) for ago in range(800, 190, -120)]
    prometheus.push([Series("slow", {"app": "edge"}, late)])
    code, found = checks_of(ebbtide, api, tmp_path, prometheus, 'max(slow{app="edge"})')
    delay = next(check for check in found if check["name"] == "delay")
    assert (code, delay["verdict"]) == (1, "stop")
    assert "hold.staleAfter is 180 s" in delay["next"]
