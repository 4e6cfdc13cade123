"""PrometheusMetrics against a server that misbehaves: each failure is one sentence, in time."""

import gzip
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
import pytest

from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
from ebbtide.loop.ports.metrics import Span
from tests.adapters.metrics_server import (
    HOUR,
    START,
    VIEWERS,
    Behaviour,
    MetricsServer,
    Reply,
    Seen,
    connected,
    failure,
    hanging,
    matrix,
    minutes,
    one,
    saying,
    until,
)

Connect = Callable[..., PrometheusMetrics]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack: ExitStack) -> MetricsServer:
    return stack.enter_context(closing(MetricsServer()))


@pytest.fixture
def connect(stack: ExitStack, server: MetricsServer) -> Connect:
    """Speak to the server as the source `default`, with some of its settings changed."""
    return lambda **settings: stack.enter_context(connected(**{"url": server.url, **settings}))


def test_every_minute_of_the_span_comes_back(connect: Connect) -> None:
    start, values = minutes(one(connect(), span=HOUR))
    assert start == START
    assert values.tolist() == [START // 60 + i for i in range(60)]


def test_one_moment_is_a_span_of_one_minute(connect: Connect) -> None:
    assert minutes(one(connect())).values.tolist() == [START // 60]


def test_readings_come_in_the_order_of_the_queries(connect: Connect) -> None:
    wanted = [(VIEWERS, Span(START + 60 * i, START + 60 * i)) for i in range(40)]
    readings = connect().read(wanted)
    assert [minutes(r).start for r in readings] == [span.start for _, span in wanted]


def test_nothing_wanted_is_nothing_read(connect: Connect) -> None:
    assert connect().read([]) == []


def test_a_long_span_is_cut_and_joined(connect: Connect, server: MetricsServer) -> None:
    values = minutes(one(connect(maxPoints=7), span=HOUR)).values
    assert values.tolist() == [START // 60 + i for i in range(60)]
    assert len(server.seen) == 9
    assert max(end - start for start, end in (s.span for s in server.seen)) == 6 * 60


def test_gaps_and_samples_that_are_no_numbers_are_unknown(
    connect: Connect, server: MetricsServer
) -> None:
    odd = [[START, "1.5"], [START + 120, "NaN"], [START + 180, "+Inf"], [START + 240, "-Inf"]]
    server.behaviour = saying(matrix({"metric": {}, "values": odd}))
    values = minutes(one(connect(), span=Span(START, START + 300))).values
    np.testing.assert_array_equal(values, [1.5] + [np.nan] * 5)


def test_an_empty_result_is_unknown_and_not_zero(connect: Connect, server: MetricsServer) -> None:
    server.behaviour = saying(matrix())
    assert np.isnan(minutes(one(connect(), span=HOUR)).values).all()


def cut_off(reply: Reply, seen: Seen) -> None:
    reply.begin(1000)
    reply.write(b'{"status":"succ')
    reply.hang_up()


def trickling(reply: Reply, seen: Seen) -> None:
    reply.begin(1000)
    while not reply.wait(0.05):
        reply.write(b" ")


def flooding(reply: Reply, seen: Seen) -> None:
    reply.say(b" " * (40 << 20))


def hanging_up(reply: Reply, seen: Seen) -> None:
    reply.hang_up()


def error(words: str) -> str:
    return json.dumps({"status": "error", "errorType": "bad_data", "error": words})


def series(*samples: Any, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "values": list(samples)}


LOGIN = "<html>\n<title>Sign in</title>" + "<p>" * 1000
SAMPLE = [START, "1"]
TWO = matrix(series(SAMPLE, pod="a"), series(SAMPLE, pod="b"))
HISTOGRAM = matrix({"metric": {}, "histograms": []})


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        pytest.param(saying(LOGIN), r"not with metrics \(200\): <html> <title>", id="login page"),
        pytest.param(saying(LOGIN, 403), r"refused access \(403\).*credentials", id="forbidden"),
        pytest.param(saying("", 401), r"refused access \(401\): \(nothing\)", id="no credentials"),
        pytest.param(saying("no page", 404), r"\(404\): no page. Check its url", id="not found"),
        pytest.param(saying(error("parse error"), 400), r"query \(400\): parse error", id="query"),
        pytest.param(saying(error("too many"), 422), r"query \(422\): too many", id="samples"),
        pytest.param(saying(error("gone")), r"refused the query \(200\): gone", id="error in 200"),
        pytest.param(saying("busy", 503), r"overloaded or not ready \(503\): busy", id="busy"),
        pytest.param(saying("oops", 500), r"failed \(500\): oops. Check its log", id="broken"),
        pytest.param(saying(matrix(), 204), r"not with metrics \(204\)", id="no content"),
        pytest.param(saying(TWO[:-9]), r"not with metrics \(200\): {", id="truncated JSON"),
        pytest.param(saying("[" * 9**6), r"not with metrics \(200\): \[", id="endless JSON"),
        pytest.param(saying("[]"), r"not with metrics \(200\): \[\]", id="other JSON"),
        pytest.param(saying(b"\x1b[2J\xff"), r"\(200\): \[2J.\. Check", id="control characters"),
        pytest.param(cut_off, r"gave no answer: IncompleteRead.*", id="broken off"),
        pytest.param(hanging_up, r"gave no answer: .*closed connection", id="hung up"),
        pytest.param(flooding, r"more than 32 MB: aggregate the query", id="flood"),
        pytest.param(saying(TWO), r"2 series, e.g. {pod='a'} and {pod='b'}: aggreg", id="series"),
        pytest.param(saying(HISTOGRAM), r"histogram: ask for a number", id="histogram"),
        pytest.param(saying(matrix(series([START + 7, "1"]))), r"off the minutes", id="off grid"),
        pytest.param(saying(matrix(series([START - 60, "1"]))), r"off the minutes", id="too early"),
        pytest.param(saying(matrix(series([START, "many"]))), r"no list of samples", id="words"),
        pytest.param(saying(matrix(series())), r"no list of samples", id="series of nothing"),
        pytest.param(
            saying(matrix(warnings=["store down"])),
            r"warnings, so its data may be partial: \['store down'\].*partialResponse",
            id="warnings",
        ),
        pytest.param(
            saying(matrix(isPartial=True)), r"partial data.*partialResponse", id="partial"
        ),
        pytest.param(
            saying("", 302, Location="https://sso.example/login?state=secret"),
            r"redirects to https://sso.example \(302\); redirects are not followed",
            id="redirect",
        ),
        pytest.param(saying("", 301, Location="/graph"), r"to another path \(301\)", id="moved"),
    ],
)
def test_each_failure_is_one_sentence(
    connect: Connect, server: MetricsServer, behaviour: Behaviour, sentence: str
) -> None:
    server.behaviour = behaviour
    said = failure(one(connect()))
    assert said.startswith(f"metrics source default at {server.url} ")
    assert re.search(sentence, said), said
    assert len(said) < 450
    assert said.isprintable()
    assert len(server.seen) == 1, "it was tried again"


@pytest.mark.parametrize("behaviour", [hanging, trickling])
def test_a_source_without_end_is_given_up_on_at_its_timeout(
    connect: Connect, server: MetricsServer, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    metrics = connect(timeout="300ms")
    began = time.monotonic()
    said = failure(one(metrics))
    assert 0.3 <= time.monotonic() - began < 20.0, "the server itself gives up after 30 s"
    until(lambda: len(server.seen) > 0)
    assert "did not answer within 0.3 s. Check its load, or raise its timeout" in said
    assert len(server.seen) == 1, "it was tried again"


def test_a_source_that_is_not_there_is_said_to_be_so(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        nobody = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    assert "gave no answer: Connection refused. Check its url" in failure(one(connect(url=nobody)))


def test_a_source_that_takes_no_connections_is_given_up_on(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as others:
        for _ in range(2):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        said = failure(one(connect(url=url, connectTimeout="200ms")))
    assert "was not reached within 0.2 s" in said


def test_partial_answers_count_where_the_operator_says_so(
    connect: Connect, server: MetricsServer
) -> None:
    server.behaviour = saying(matrix(series(SAMPLE), warnings=["store down"]))
    metrics = connect(partialResponse=True)
    assert minutes(one(metrics)).values.tolist() == [1.0]
    assert server.seen[-1].params["partial_response"] == "true"


def test_pieces_of_different_series_are_not_joined(connect: Connect, server: MetricsServer) -> None:
    def renamed(reply: Reply, seen: Seen) -> None:
        pod = "old" if seen.span[0] == START else "new"
        reply.say(matrix(series([seen.span[0], "1"], pod=pod)))

    server.behaviour = renamed
    said = failure(one(connect(maxPoints=30), span=HOUR))
    assert "2 series, e.g. {pod='old'} and {pod='new'}" in said


def test_compressed_answers_are_understood(connect: Connect, server: MetricsServer) -> None:
    body = gzip.compress(matrix(series(SAMPLE)).encode())
    server.behaviour = saying(body, Content_Encoding="gzip")
    assert minutes(one(connect())).values.tolist() == [1.0]


def test_a_connection_is_used_again(connect: Connect, server: MetricsServer) -> None:
    metrics = connect(concurrency=1)
    for _ in range(3):
        one(metrics)
    assert len({seen.connection for seen in server.seen}) == 1
