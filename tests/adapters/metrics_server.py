"""A metrics server on loopback that answers as a test says: well, badly, slowly or not at all."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Minutes, Query, Reading, Span

Json = dict[str, Any]

START = 1_700_000_040.0
NOW = Span(START, START)
HOUR = Span(START, START + 59 * 60)
VIEWERS = Query("live", "sum(live_viewers)")
LONG = 60.0
"""Seconds that nothing here takes, unless it hangs."""


class Seen(NamedTuple):
    """One request as it came in."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    connection: tuple[str, int]

    @property
    def span(self) -> tuple[int, int]:
        return int(self.params["start"]), int(self.params["end"])


class Reply:
    """The way out of one request, for behaviour to use or to misuse."""

    def __init__(self, handler: BaseHTTPRequestHandler, over: threading.Event) -> None:
        self._handler = handler
        self._over = over

    def say(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        """Send a whole answer."""
        data = body.encode() if isinstance(body, str) else body
        self.begin(len(data), status, **headers)
        self.write(data)

    def begin(self, length: int, status: int = 200, **headers: str) -> None:
        """Send the head of an answer that will have so many bytes."""
        self._handler.send_response(status)
        self._handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def hang_up(self) -> None:
        self._handler.close_connection = True

    def wait(self, seconds: float = 30.0) -> bool:
        """Do nothing for a while; True when the test is over."""
        return self._over.wait(seconds)


Behaviour = Callable[[Reply, Seen], None]


def matrix(*series: Json, **more: Any) -> str:
    """The text of a successful answer."""
    data = {"resultType": "matrix", "result": list(series)}
    return json.dumps({"status": "success", "data": data, **more})


def counting(reply: Reply, seen: Seen) -> None:
    """Answer every minute with its own number since the epoch."""
    start, end = seen.span
    values = [[t, str(t // 60)] for t in range(start, end + 1, 60)]
    reply.say(matrix({"metric": {"app": "edge"}, "values": values}))


def saying(body: str | bytes, status: int = 200, **headers: str) -> Behaviour:
    """Answer everything with the same text."""
    return lambda reply, _: reply.say(body, status, **headers)


def hanging(reply: Reply, seen: Seen) -> None:
    """Take the request, and say nothing."""
    reply.wait()
    reply.hang_up()


class MetricsServer:
    """Answers `/api/v1/query_range` by its behaviour, and remembers what was asked."""

    def __init__(self, behaviour: Behaviour = counting, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.seen: list[Seen] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def let_go(self) -> None:
        """End the requests that hang, and all that come from now on and would."""
        self._over.set()

    def close(self) -> None:
        self.let_go()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def most_at_once(self, expected: int) -> Callable[[], int]:
        """Answer a while after so many wait; the result counts how many ever waited together."""
        lock, now, most, met = threading.Lock(), [0], [0], threading.Event()

        def behave(reply: Reply, seen: Seen) -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            if most[0] >= expected:
                met.set()
            met.wait(LONG)
            time.sleep(0.02)
            with lock:
                now[0] -= 1
            counting(reply, seen)

        self.behaviour = behave
        return lambda: most[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                seen = Seen(parts.path, params, dict(self.headers), self.client_address)
                outer.seen.append(seen)
                try:
                    outer.behaviour(Reply(self, outer._over), seen)
                except OSError:  # the client has given up, as it should
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextmanager
def connected(url: str, *, deadline: float = LONG, **settings: Any) -> Iterator[PrometheusMetrics]:
    """Speak to one server as the source `default`, with patience unless it is told otherwise."""
    source = MetricsSource.model_validate({"url": url, "timeout": f"{LONG:g}s", **settings})
    with closing(PrometheusMetrics({"default": source}, deadline=deadline)) as metrics:
        yield metrics


def until(holds: Callable[[], object]) -> None:
    """Wait for something that is about to come."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def one(metrics: PrometheusMetrics, query: Query = VIEWERS, span: Span = NOW) -> Reading:
    """Read a single query."""
    [reading] = metrics.read([(query, span)])
    return reading


def minutes(reading: Reading) -> Minutes:
    """The minutes that there have to be."""
    assert isinstance(reading, Minutes), reading
    return reading


def failure(reading: Reading) -> str:
    """The sentence that there has to be."""
    assert isinstance(reading, MetricsUnavailable)
    return str(reading)
