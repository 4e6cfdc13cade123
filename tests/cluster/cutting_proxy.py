"""Stands between an operator and the API server, and strikes at a request of its choice.

Right after it: the request has been carried out by then, and its answer never arrives. That is what
a crash, or a network that fails, between two calls looks like. Or before it: the request is held,
and goes on its way when nobody reckons with it any more.
"""

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Self

import pytest
import yaml

from tests.cluster.credentials import write_kubeconfig
from tests.cluster.plane import Plane

_AN_OBJECT = 2
"""A kind and a name; a third part is a subresource."""


class Blow(NamedTuple):
    """What to do once these requests have come in this order, from a moment on.

    Others may come between them: an operator whose tick takes long renews its Lease meanwhile.
    """

    start: float
    requests: Sequence[str]
    strike: Callable[[], None]


class Detained:
    """The first request of a kind and all that follow it, held until they are let go."""

    LONGEST = 300.0
    """Seconds after which it goes on its way in any case."""

    def __init__(self, request: str, strike: Callable[[], None]) -> None:
        """Hold a request, strike, and hold whatever comes after it, so that nothing arrives."""
        self.request, self._strike = request, strike
        self.arrived, self.released, self.answered = (threading.Event() for _ in range(3))
        self.status = 0
        """What the API server answered in the end."""

    def passes(self, request: str) -> Callable[[int], None]:
        """Hold a request if it is the one; returns whom to tell what the API server answered."""
        first = request == self.request and not self.arrived.is_set()
        if first:
            self._strike()
            self.arrived.set()
        if self.arrived.is_set():
            self.released.wait(self.LONGEST)
        return self._was_answered if first else lambda _status: None

    def _was_answered(self, status: int) -> None:
        """Note what came of it."""
        self.status = status
        self.answered.set()


class CuttingProxy:
    """An HTTPS proxy on loopback, open within a `with` block, and a kubeconfig that leads to it."""

    def __init__(self, plane: Plane) -> None:
        if plane.own is None:
            pytest.skip("needs a control plane of its own, not a cluster by KUBECONFIG")
        certificate, key = plane.own.layout.serving_pair
        self._upstream = plane.own.layout.api_port
        self._trust = ssl.create_default_context(cafile=str(certificate))
        self._server = _Server(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        port = int(self._server.server_address[1])
        known = yaml.safe_load(plane.kubeconfig.read_text())
        self.kubeconfig: Path = plane.folder / f"proxy-{port}.kubeconfig"
        cluster = {
            "server": f"https://127.0.0.1:{port}",
            "certificate-authority": str(certificate),
        }
        write_kubeconfig(self.kubeconfig, cluster, known["users"][0]["user"]["token"])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._guard = threading.Lock()
        self._blow: Blow | None = None
        self.detained = Detained("", lambda: None)
        self.struck: list[str] = []
        """The requests after which it struck."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def arm(self, blow: Blow) -> None:
        """Strike once, after the last request of the blow."""
        with self._guard:
            self._blow = blow

    def detain(self, request: str, strike: Callable[[], None]) -> Detained:
        """Strike at the next request of a kind; hold it, and all that come after it."""
        self.detained = Detained(request, strike)
        return self.detained

    def strikes_at(self, request: str, arrived: float) -> bool:
        """Note a request that was carried out; strike if it is the one."""
        with self._guard:
            blow = self._blow
            if blow is None or arrived < blow.start or request != blow.requests[0]:
                return False
            later = blow.requests[1:]
            self._blow = blow._replace(requests=later) if later else None
            if later:
                return False
        blow.strike()
        self.struck.append(request)
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy, port, trust = self, self._upstream, self._trust

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                arrived = time.time()
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                asked = f"{self.command} {_what(self.path)}"
                tell = proxy.detained.passes(asked)
                upstream = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trust)
                try:
                    upstream.request(self.command, self.path, body, dict(self.headers))
                    answer = upstream.getresponse()
                    content = answer.read()
                finally:
                    upstream.close()
                tell(answer.status)
                if proxy.strikes_at(asked, arrived):
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.pass_on()

            def do_PUT(self) -> None:
                self.pass_on()

            def do_POST(self) -> None:
                self.pass_on()

            def do_PATCH(self) -> None:
                self.pass_on()

            def log_message(self, *arguments: object) -> None:
                """Say nothing: a test reads what was struck."""

        return Handler


def _what(path: str) -> str:
    """The subresource or the kind that a path names: `/apis/GROUP/VERSION/namespaces/NAME/...`."""
    parts = path.partition("?")[0].strip("/").split("/")[5:]
    return parts[-1] if len(parts) != _AN_OBJECT else parts[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""
