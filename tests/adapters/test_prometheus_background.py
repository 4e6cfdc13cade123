"""A slow source does not eat the tick, and a backfill delays nobody."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Minutes, Query, Reading, Span
from tests.adapters.metrics_server import (
    LONG,
    NOW,
    START,
    VIEWERS,
    MetricsServer,
    Reply,
    Seen,
    connected,
    counting,
    hanging,
    one,
    saying,
    until,
)

MONTH = Span(START - 28 * 86400 + 60, START)
Finished = tuple[Query, Span, Reading]


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    with closing(MetricsServer()) as server:
        yield server


def settled(metrics: PrometheusMetrics, count: int) -> list[Finished]:
    """Everything that the background has brought, once it is so many."""
    found: list[Finished] = []

    def complete() -> bool:
        found.extend(metrics.finished())
        return len(found) >= count

    until(complete)
    return found


def test_a_failure_stops_no_other_query(server: MetricsServer) -> None:
    def picky(reply: Reply, seen: Seen) -> None:
        behave = saying("", 500) if seen.params["query"] == "bad" else counting
        behave(reply, seen)

    server.behaviour = picky
    with connected(server.url) as metrics:
        bad, good = metrics.read([(Query("live", "bad"), NOW), (VIEWERS, NOW)])
    assert isinstance(bad, MetricsUnavailable)
    assert isinstance(good, Minutes)


def test_a_source_that_recovers_is_read_again(server: MetricsServer) -> None:
    with connected(server.url) as metrics:
        server.behaviour = saying("", 503)
        assert isinstance(one(metrics), MetricsUnavailable)
        server.behaviour = counting
        assert isinstance(one(metrics), Minutes)


def test_a_read_ends_at_its_deadline_whatever_the_source_does(server: MetricsServer) -> None:
    server.behaviour = hanging
    with connected(server.url, deadline=0.2, concurrency=2) as metrics:
        began = time.monotonic()
        readings = metrics.read([(VIEWERS, NOW)] * 50)
        assert time.monotonic() - began < LONG / 2
        server.let_go()
    assert len(readings) == 50
    assert {str(r) for r in readings if isinstance(r, MetricsUnavailable)} == {
        (
            "metrics source default did not answer all of this tick's queries within 0.2 s. "
            "Check its load, or raise its concurrency"
        )
    }
    assert len(server.seen) <= 2, "what waited was asked for all the same"


def test_a_source_that_hangs_keeps_no_other_waiting(server: MetricsServer) -> None:
    """The slow one hangs until all others have been asked for."""
    others, waited = threading.Event(), list[bool]()

    def hangs(reply: Reply, seen: Seen) -> None:
        waited.append(others.wait(LONG / 2))
        reply.hang_up()

    def counts(reply: Reply, seen: Seen) -> None:
        counting(reply, seen)
        if len(server.seen) == 20:
            others.set()

    server.behaviour = counts
    with closing(MetricsServer(hangs)) as slow:
        sources = {
            name: MetricsSource.model_validate({"url": each.url, "timeout": f"{LONG:g}s"})
            for name, each in (("slow", slow), ("fast", server))
        }
        with closing(PrometheusMetrics(sources, deadline=LONG)) as metrics:
            wanted = [(Query("live", "up", source), NOW) for source in ["slow", "fast"] * 20]
            readings = metrics.read(wanted)
    assert all(isinstance(r, MetricsUnavailable) for r in readings[::2])
    assert all(isinstance(r, Minutes) for r in readings[1::2])
    assert waited
    assert all(waited), "the others came after it"


def test_no_more_requests_are_under_way_than_the_source_allows(server: MetricsServer) -> None:
    most = server.most_at_once(3)
    with connected(server.url, concurrency=3) as metrics:
        metrics.read([(VIEWERS, NOW)] * 12)
    assert most() == 3


def test_no_more_of_the_past_is_read_than_a_tick_has_room_for(server: MetricsServer) -> None:
    hours = [Span(START - 3600 * i, START - 3600 * i) for i in range(10)]
    source = MetricsSource.model_validate({"url": server.url})
    with closing(PrometheusMetrics({"default": source}, ahead=6)) as metrics:
        for each in hours:
            metrics.begin(VIEWERS, each)
        until(lambda: metrics.progress() == (6, 10))
        assert len(server.seen) == 6
        found = [*metrics.finished(), *settled(metrics, 4)]
    assert sorted(span for _, span, _ in found) == sorted(hours)


def test_the_background_reads_long_spans_in_pieces(server: MetricsServer) -> None:
    most = server.most_at_once(2)
    with connected(server.url, backfillConcurrency=2, maxPoints=2016) as metrics:
        metrics.begin(VIEWERS, MONTH)
        [(query, span, reading)] = settled(metrics, 1)
        assert metrics.finished() == []
    assert (query, span) == (VIEWERS, MONTH)
    assert isinstance(reading, Minutes)
    np.testing.assert_array_equal(reading.values, MONTH.start // 60 + np.arange(28 * 1440))
    assert len(server.seen) == 20
    assert most() == 2


def test_progress_counts_requests_until_all_is_handed_over(server: MetricsServer) -> None:
    gate = threading.Semaphore(0)

    def gated(reply: Reply, seen: Seen) -> None:
        gate.acquire()
        counting(reply, seen)

    server.behaviour = gated
    with connected(server.url) as metrics:
        assert metrics.progress() == (0, 0)
        metrics.begin(VIEWERS, MONTH)
        metrics.begin(VIEWERS, NOW)
        assert metrics.progress() == (0, 6)
        gate.release(3)
        until(lambda: metrics.progress() == (3, 6))
        gate.release(3)
        settled(metrics, 2)
        assert metrics.progress() == (6, 6)
        gate.release()
        metrics.begin(VIEWERS, NOW)
        assert metrics.progress()[1] == 1


def test_a_read_does_not_wait_for_the_background(server: MetricsServer) -> None:
    read, waited = threading.Event(), list[bool]()

    def slow_history(reply: Reply, seen: Seen) -> None:
        if seen.params["query"] == "history":
            waited.append(read.wait(LONG / 2))
        counting(reply, seen)

    server.behaviour = slow_history
    with connected(server.url, maxPoints=1000) as metrics:
        for _ in range(10):
            metrics.begin(Query("live", "history"), MONTH)
        until(lambda: len(server.seen) > 0)
        assert isinstance(metrics.read([(VIEWERS, NOW)])[0], Minutes)
        read.set()
    assert waited
    assert all(waited), "the background came first"


def test_a_backfill_that_fails_asks_for_no_more(server: MetricsServer) -> None:
    server.behaviour = saying("", 500)
    with connected(server.url, backfillConcurrency=1) as metrics:
        metrics.begin(VIEWERS, MONTH)
        [(_, _, reading)] = settled(metrics, 1)
        metrics.begin(VIEWERS, NOW)
        settled(metrics, 1)
    assert isinstance(reading, MetricsUnavailable)
    assert len(server.seen) <= 3


def test_a_backfill_that_is_not_allowed_says_so(server: MetricsServer) -> None:
    with connected(server.url, namespaces=["media"]) as metrics:
        metrics.begin(VIEWERS, MONTH)
        [(_, _, reading)] = settled(metrics, 1)
    assert "not for namespace live" in str(reading)


def test_closing_ends_every_thread(server: MetricsServer) -> None:
    server.behaviour = hanging
    with connected(server.url, timeout="300ms", deadline=0.05) as metrics:
        metrics.read([(VIEWERS, NOW)] * 8)
        metrics.begin(VIEWERS, MONTH)
    assert [t.name for t in threading.enumerate() if t.name.startswith("metrics-")] == []
