"""PrometheusMetrics against a real Prometheus: what a minute is, and what an outage looks like."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Instant, Minutes, Query, Reading, Span
from ebbtide_policies.demand import MINUTE
from tests.adapters.metrics_server import until
from tests.integration.prometheus_server import PrometheusServer, require_prometheus
from tests.integration.remote_write import STALE, Series

MONTH = 28 * 1440
VIEWERS = Query("live", 'live_viewers{app="edge"}')
Values = NDArray[np.float64]


@contextmanager
def connected(server: PrometheusServer, **settings: Any) -> Iterator[PrometheusMetrics]:
    source = MetricsSource.model_validate({"url": server.url, "timeout": "60s", **settings})
    with closing(PrometheusMetrics({"default": source}, deadline=60.0)) as metrics:
        yield metrics


def this_minute() -> float:
    return time.time() // MINUTE * MINUTE


def one(metrics: PrometheusMetrics, query: Query, when: Span | Instant) -> Reading:
    [reading] = metrics.read([(query, when)])
    return reading


def values(server: PrometheusServer, query: Query, span: Span) -> Values:
    with connected(server) as metrics:
        reading = one(metrics, query, span)
    assert isinstance(reading, Minutes), reading
    return reading.values


def failure(reading: Reading) -> str:
    assert isinstance(reading, MetricsUnavailable)
    return str(reading)


def edge(*samples: tuple[float, float], **labels: str) -> Series:
    return Series("live_viewers", {"app": "edge", **labels}, samples)


class Past:
    """A month of minutes with a gap of an hour and one of three minutes."""

    def __init__(self) -> None:
        end = this_minute() - 10 * MINUTE
        self.span = Span(end - (MONTH - 1) * MINUTE, end)
        self.written = np.random.default_rng(618).normal(1e6, 1e5, MONTH)
        self.written[20_000:20_060] = np.nan
        self.written[30_000:30_003] = np.nan

    @property
    def series(self) -> Series:
        times = self.span.start + MINUTE * np.arange(MONTH)
        known = ~np.isnan(self.written)
        samples = zip(times[known].tolist(), self.written[known].tolist(), strict=True)
        return edge(*samples)

    @property
    def seen(self) -> Values:
        """As Prometheus sees it: a sample counts for five minutes after it, if none follows."""
        seen = self.written.copy()
        seen[20_000:20_005] = seen[19_999]
        seen[30_000:30_003] = seen[29_999]
        return seen


@pytest.fixture(scope="module")
def past() -> Past:
    return Past()


@pytest.fixture(scope="module", params=["backfill", "push"])
def month(
    request: pytest.FixtureRequest, past: Past, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusServer]:
    """A Prometheus that knows the past, filled in either way."""
    require_prometheus()
    server = PrometheusServer(tmp_path_factory.mktemp(request.param))
    try:
        if request.param == "backfill":
            server.backfill([past.series])
        server.start()
        if request.param == "push":
            server.push([past.series])
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("points", [11_000, 10_000, 1_007])
def test_a_month_of_minutes_comes_back_exactly(
    month: PrometheusServer, past: Past, points: int
) -> None:
    with connected(month, maxPoints=points) as metrics:
        reading = one(metrics, VIEWERS, past.span)
    assert isinstance(reading, Minutes)
    np.testing.assert_array_equal(reading.values, past.seen)


def test_the_background_brings_the_same_month(month: PrometheusServer, past: Past) -> None:
    with connected(month) as metrics:
        metrics.begin(VIEWERS, past.span)
        until(lambda: metrics.progress()[0] == metrics.progress()[1])
        [(_, _, reading)] = metrics.finished()
    assert isinstance(reading, Minutes)
    np.testing.assert_array_equal(reading.values, past.seen)


def test_a_look_between_two_minutes_shows_the_sample_that_came_since(
    prometheus: PrometheusServer,
) -> None:
    minute = this_minute() - 20 * MINUTE
    app = Query("live", 'live_viewers{app="looked-at"}')
    prometheus.push([edge((minute, 100.0), (minute + 15.0, 400.0), app="looked-at")])
    with connected(prometheus) as metrics:
        readings = [one(metrics, app, Instant(minute + after)) for after in (14.0, 15.0, 31.0)]
        before = one(metrics, app, Instant(minute - 1.0))
    looks = [(r.start, *r.values) for r in readings if isinstance(r, Minutes)]
    assert looks == [(minute + 14.0, 100.0), (minute + 15.0, 400.0), (minute + 31.0, 400.0)]
    assert isinstance(before, Minutes)
    assert np.isnan(before.values).all()


def test_a_series_that_ends_without_a_marker_is_flat_for_five_minutes(
    prometheus: PrometheusServer,
) -> None:
    last = this_minute() - 20 * MINUTE
    prometheus.push([edge((last - MINUTE, 7.0), (last, 8.0))])
    found = values(prometheus, VIEWERS, Span(last - 2 * MINUTE, last + 7 * MINUTE))
    np.testing.assert_array_equal(found[:7], [np.nan, 7, 8, 8, 8, 8, 8])
    # The sample that is exactly five minutes old counts up to Prometheus 2, and not from 3 on.
    assert np.isnan(found[8:]).all()


def test_a_series_that_ends_with_a_staleness_marker_is_unknown_at_once(
    prometheus: PrometheusServer,
) -> None:
    last = this_minute() - 20 * MINUTE
    prometheus.push([edge((last, 8.0), (last + 1, STALE))])
    found = values(prometheus, VIEWERS, Span(last, last + 3 * MINUTE))
    np.testing.assert_array_equal(found, [8, np.nan, np.nan, np.nan])


def test_a_ratio_of_nothing_to_nothing_is_unknown(prometheus: PrometheusServer) -> None:
    now = this_minute()
    assert np.isnan(values(prometheus, Query("live", "vector(0) / 0"), Span(now, now))).all()


def test_a_name_that_nobody_knows_is_unknown(prometheus: PrometheusServer) -> None:
    now = this_minute()
    assert np.isnan(values(prometheus, Query("live", "sum(never_heard)"), Span(now, now))).all()


def test_a_query_of_two_series_is_refused_until_it_is_aggregated(
    prometheus: PrometheusServer,
) -> None:
    now = this_minute() - MINUTE
    prometheus.push([edge((now, 1.0), pod="a"), edge((now, 2.0), pod="b")])
    with connected(prometheus) as metrics:
        said = failure(one(metrics, VIEWERS, Span(now, now)))
    assert "2 series" in said
    assert "aggregate the query, e.g. sum(...)" in said
    whole = Query("live", f"sum({VIEWERS.promql})")
    assert values(prometheus, whole, Span(now, now)).tolist() == [3.0]


def test_a_wrong_query_is_answered_in_the_words_of_the_server(
    prometheus: PrometheusServer,
) -> None:
    now = this_minute()
    with connected(prometheus) as metrics:
        said = failure(one(metrics, Query("live", "sum(live_viewers"), Span(now, now)))
    assert "refused the query (400): " in said
    assert "parse error: unclosed left parenthesis" in said


def test_a_label_value_with_quotes_survives(prometheus: PrometheusServer) -> None:
    now = this_minute() - MINUTE
    title = 'say "hi" \\ & +1% #ü'
    prometheus.push([edge((now, 5.0), title=title), edge((now, 6.0), title="other")])
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    query = Query("live", f'live_viewers{{title="{escaped}"}}')
    assert values(prometheus, query, Span(now, now)).tolist() == [5.0]


def test_an_outage_is_said_and_passes_by_itself(prometheus: PrometheusServer) -> None:
    now = this_minute() - MINUTE
    span = Span(now, now)
    prometheus.push([edge((now, 5.0))])
    with connected(prometheus) as metrics:
        assert isinstance(one(metrics, VIEWERS, span), Minutes)
        prometheus.stop()
        assert "Connection refused" in failure(one(metrics, VIEWERS, span))
        prometheus.start()
        back = one(metrics, VIEWERS, span)
    assert isinstance(back, Minutes)
    assert back.values.tolist() == [5.0]


def test_a_server_that_freezes_is_given_up_on_and_passes_by_itself(
    prometheus: PrometheusServer,
) -> None:
    now = this_minute() - MINUTE
    with connected(prometheus, timeout="500ms") as metrics:
        prometheus.pause()
        began = time.monotonic()
        assert "did not answer within 0.5 s" in failure(one(metrics, VIEWERS, Span(now, now)))
        assert time.monotonic() - began < 20.0, "the tick itself ends after 60 s"
        prometheus.resume()
        until(lambda: isinstance(one(metrics, VIEWERS, Span(now, now)), Minutes))


def test_a_pod_whose_series_has_ended_counts_with_its_last_sessions_for_a_while(
    prometheus: PrometheusServer,
) -> None:
    now = time.time()

    def pod(name: str, *samples: tuple[float, float]) -> Series:
        return Series("live_sessions", {"pod": name, "app": "edge"}, samples)

    every = [(now - 15 * back, 3.0) for back in range(40, -1, -1)]
    prometheus.push(
        [
            pod("serves", *every),
            pod("fails", *every[:-8], (now - 100, STALE)),
            pod("ended", *every[:-28], (now - 400, STALE)),
        ]
    )
    live = Query("live", "sum by (pod) (live_sessions)")
    with connected(prometheus) as metrics:
        assert metrics.vector(live, "pod", 300.0) == {"serves": 3.0, "fails": 3.0}
        assert metrics.vector(live, "pod", 60.0) == {"serves": 3.0}
        commented = live._replace(promql=f"{live.promql} # by the sidecar")
        assert metrics.vector(commented, "pod", 60.0) == {"serves": 3.0}
        assert "several series of app" in str(
            metrics.vector(Query("live", "live_sessions"), "app", 300.0)
        )
