"""Ebbtide's own metrics and its health, for Prometheus and for the kubelet's probes."""

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app

from ebbtide.errors import InvalidInput
from ebbtide.loop.report import Account
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick
from ebbtide_policies.lanes import number

_LABELS = ("namespace", "policy")
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Exposition:
    """Serves /metrics and /healthz on an address of its own, and is told of every tick."""

    def __init__(self, listen: str, patience: float, stopwatch: Callable[[], float]) -> None:
        """Serve on `host:port`; port 0 takes a free one.

        Args:
            listen: the address.
            patience: seconds without a tick after which the process is not healthy.
            stopwatch: monotonic seconds.

        Raises:
            InvalidInput: the address is none, or is taken.

        """
        self._patience, self._stopwatch = patience, stopwatch
        self._told = stopwatch()
        self._registry = CollectorRegistry()
        self._replicas = self._gauge("replicas", "Replicas of a workload.", "which")
        self._demand = self._gauge("demand_replicas", "Present demand in replicas.", "signal")
        self._phase = self._gauge("phase", "1 for the phase that a workload is in.", "phase")
        self._binding = self._gauge("binding", "1 for the reason that decided.", "reason")
        self._steps = Counter(
            "ebbtide_steps_total",
            "Changes of desired replicas.",
            (*_LABELS, "direction"),
            registry=self._registry,
        )
        self._failures = Counter(
            "ebbtide_failures_total",
            "Workloads that could not be decided on at a tick.",
            _LABELS,
            registry=self._registry,
        )
        self._seconds = Histogram(
            "ebbtide_tick_step_seconds",
            "Time that the steps of a tick take.",
            ("step",),
            registry=self._registry,
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
        )
        self._missed = Counter(
            "ebbtide_ticks_missed_total",
            "Ticks that failed as a whole or came too late.",
            registry=self._registry,
        )
        self._leading = Gauge(
            "ebbtide_leading", "Whether this process leads.", registry=self._registry
        )
        self._known: set[tuple[str, ...]] = set()
        self._server = _serve(listen, self._answer)
        self._metrics = make_wsgi_app(self._registry)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def tell(self, what: Tick | Missed) -> None:
        """Take the numbers of a tick."""
        self._told = self._stopwatch()
        if isinstance(what, Missed):
            self._missed.inc(max(1, what.collapsed))
            return
        self._leading.set(what.leading)
        for step, seconds in what.seconds.items():
            self._seconds.labels(step).observe(seconds)
        for key in what.failures:
            self._failures.labels(*key.split("/", 1)).inc()
        if what.leading:
            self._forget(set(what.accounts) | set(what.failures))
        for account in what.accounts.values():
            self._take(account)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _gauge(self, name: str, help_text: str, label: str) -> Gauge:
        labels = (*_LABELS, label)
        return Gauge(f"ebbtide_{name}", help_text, labels, registry=self._registry)

    def _take(self, account: Account) -> None:
        seen, decision = account.seen, account.outcome.decision
        workload = tuple(seen.workload.split("/", 1))
        counts = {
            "current": number(seen.fleet.current),
            "ready": number(seen.fleet.ready),
            "desired": decision.replicas,
            "want": decision.want,
        }
        for which, count in counts.items():
            self._replicas.labels(*workload, which).set(count)
        for demand in seen.demand:
            self._demand.labels(*workload, demand.name).set(number(demand.present()))
        self._one(self._phase, workload, seen.phase.value)
        self._one(self._binding, workload, decision.binding.reason)
        if decision.replicas != decision.current:
            direction = "up" if decision.replicas > decision.current else "down"
            self._steps.labels(*workload, direction).inc()

    def _one(self, gauge: Gauge, workload: tuple[str, ...], value: str) -> None:
        """Set the one value that holds, and take the others of this workload away."""
        self._remove(gauge, workload)
        gauge.labels(*workload, value).set(1)
        self._known.add(workload)

    def _forget(self, alive: set[str]) -> None:
        """Take away the series of workloads that are gone."""
        gone = {w for w in self._known if "/".join(w) not in alive}
        for workload in gone:
            for gauge in (self._replicas, self._demand, self._phase, self._binding):
                self._remove(gauge, workload)
        self._known -= gone

    @staticmethod
    def _remove(gauge: Gauge, workload: tuple[str, ...]) -> None:
        gauge.remove_by_labels(dict(zip(_LABELS, workload, strict=True)))

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


class _Quiet(WSGIRequestHandler):
    """Leaves the log to what matters."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _serve(listen: str, app: Callable[..., Iterable[bytes]]) -> WSGIServer:
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise InvalidInput(f"--listen {listen!r} is no address; write it like 0.0.0.0:8080")
    try:
        server = make_server(host, int(port), app, handler_class=_Quiet)
    except OSError as error:
        raise InvalidInput(f"--listen {listen!r} can't be used: {error}") from error
    threading.Thread(target=server.serve_forever, name="exposition", daemon=True).start()
    return server
