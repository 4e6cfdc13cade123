"""Serves Ebbtide's own metrics, and its health: for Prometheus and for the kubelet's probes."""

from collections.abc import Callable, Iterable
from http import HTTPStatus

from prometheus_client import make_wsgi_app

from ebbtide.adapters.listening import serve
from ebbtide.adapters.own_metrics import OwnMetrics
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Exposition:
    """Serves /metrics and /healthz on an address of its own, and is told of every tick."""

    def __init__(self, listen: str, patience: float, stopwatch: Callable[[], float]) -> None:
        """Serve on `host:port`, or `[::]:port`; port 0 takes a free one.

        Args:
            listen: the address.
            patience: seconds without a tick after which the process is not healthy.
            stopwatch: monotonic seconds.

        Raises:
            InvalidInput: the address is none, or is taken.

        """
        self._patience, self._stopwatch = patience, stopwatch
        self._told = stopwatch()
        self._own = OwnMetrics()
        self._metrics = make_wsgi_app(self._own.registry)
        self._server = serve(listen, self._answer)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def live(self) -> None:
        """Note that the loop goes on, in the middle of a tick too."""
        self._told = self._stopwatch()

    def tell(self, what: Tick | Missed) -> None:
        """Take the numbers of a tick."""
        self.live()
        self._own.tell(what)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _health(self, start: StartResponse) -> Iterable[bytes]:
        silent = self._stopwatch() - self._told
        well = silent <= self._patience
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        start(f"{status.value} {status.phrase}", [("Content-Type", "text/plain")])
        return [b"ok\n" if well else f"no tick for {silent:.0f} s\n".encode()]

    def _answer(self, environ: dict[str, object], start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/healthz":
            return self._health(start)
        if environ["PATH_INFO"] == "/metrics":
            return self._metrics(environ, start)  # type: ignore[no-any-return]
        start(f"{HTTPStatus.NOT_FOUND.value} Not Found", [("Content-Type", "text/plain")])
        return [b"here are /metrics and /healthz\n"]
