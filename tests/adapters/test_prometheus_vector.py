"""Numbers of many series at once: what an instant query brings, and what it may not bring."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from ebbtide.adapters.prometheus.vector import by_label
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Query
from tests.adapters.metrics_server import Behaviour, MetricsServer, connected, hanging, saying


def series(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [1_700_000_000, value]}


def test_every_series_is_known_by_its_label() -> None:
    found = by_label([series("3", pod="a", zone="x"), series("0", pod="b")], "pod")
    assert found == {"a": 3.0, "b": 0.0}
    assert by_label([], "pod") == {}


@pytest.mark.parametrize("odd", ["NaN", "+Inf", "-Inf"])
def test_what_can_not_be_counted_is_unknown(odd: str) -> None:
    assert np.isnan(by_label([series(odd, pod="a")], "pod")["a"])


@pytest.mark.parametrize(
    ("result", "says"),
    [
        pytest.param([series("3", app="edge")], "a series without pod", id="no-such-label"),
        pytest.param([series("1", pod="a", c="x"), series("2", pod="a", c="y")],
                     "several series of pod a: aggregate", id="two-containers"),
        pytest.param([{"metric": {"pod": "a"}, "histogram": []}], "histograms", id="histograms"),
        pytest.param([1_700_000_000, "3"], "no list of series", id="a-scalar"),
        pytest.param([{"metric": {"pod": "a"}, "value": [1, "x"]}], "no list", id="no-number"),
    ],
)  # fmt: skip
def test_what_is_no_number_a_pod_is_refused(result: list[Any], says: str) -> None:
    with pytest.raises(MetricsUnavailable, match=says):
        by_label(result, "pod")


# --- over the wire ------------------------------------------------------------------------------

LIVE = Query("live", "sum by (pod) (live_sessions)")


def vector(*found: dict[str, Any]) -> Behaviour:
    data = {"resultType": "vector", "result": list(found)}
    return saying(json.dumps({"status": "success", "data": data}))


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    with closing(MetricsServer(vector(series("3", pod="a")))) as started:
        yield started


def test_a_series_that_has_vanished_is_asked_for_in_the_same_query(server: MetricsServer) -> None:
    with connected(url=server.url) as metrics:
        assert metrics.vector(LIVE, "pod", 300.0) == {"a": 3.0}
    (seen,) = server.seen
    assert seen.path == "/api/v1/query"
    assert seen.params["query"] == (
        "(sum by (pod) (live_sessions)\n) or "
        "last_over_time((sum by (pod) (live_sessions)\n)[300s:30s])"
    )


def test_of_less_than_a_second_one_is_asked_for(server: MetricsServer) -> None:
    with connected(url=server.url) as metrics:
        metrics.vector(LIVE, "pod", 0.3)
    (seen,) = server.seen
    assert seen.params["query"].endswith("[1s:30s])")


@pytest.mark.parametrize(
    ("behaviour", "query", "patience", "says"),
    [
        pytest.param(
            vector(series("3")), LIVE, "60s", "default at .* a series without pod", id="unfit"
        ),
        pytest.param(hanging, LIVE, "300ms", "did not answer", id="hangs"),
        pytest.param(saying("<html>", 200), LIVE, "60s", "not with metrics", id="a-login-page"),
        pytest.param(
            hanging, LIVE._replace(source="other"), "60s", "no metrics source", id="no-source"
        ),
    ],
)  # fmt: skip
def test_a_failure_is_a_sentence_in_place_of_numbers(
    server: MetricsServer, behaviour: Behaviour, query: Query, patience: str, says: str
) -> None:
    server.behaviour = behaviour
    with connected(url=server.url, timeout=patience) as metrics:
        found = metrics.vector(query, "pod", 300.0)
    assert isinstance(found, MetricsUnavailable)
    assert re.search(says, str(found))


def test_no_more_time_is_taken_than_a_tick_has(server: MetricsServer) -> None:
    server.behaviour = hanging
    with connected(server.url, deadline=0.2) as metrics:
        found = metrics.vector(LIVE, "pod", 300.0)
        server.let_go()
    assert "within 0.2 s" in str(found)
