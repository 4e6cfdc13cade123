"""Ebbtide's own metrics and its health, for Prometheus and for the kubelet's probes."""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Generic, NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app

from ebbtide.adapters.listening import serve
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.reporting.conditions import needs_a_look
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick
from ebbtide_policies.lanes import number

_LABELS = ("namespace", "policy")
M = TypeVar("M", Gauge, Counter)
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class _Series(NamedTuple, Generic[M]):
    """One series about a workload."""

    metric: M
    workload: str
    """`namespace/policy`."""
    value: str = ""
    """Of the label beside the workload's, if there is one."""
    ahead: str = ""
    """Minutes ahead, of what is said by them."""

    @property
    def labels(self) -> tuple[str, ...]:
        return (*self.workload.split("/", 1), *(text for text in (self.value, self.ahead) if text))


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
        self._registry = CollectorRegistry()
        self._replicas = self._gauge("replicas", "Replicas of a workload.", "which")
        self._demand = self._gauge("demand_replicas", "Present demand in replicas.", "signal")
        self._phase = self._gauge("phase", "1 for the phase that a workload is in.", "phase")
        self._wrong = self._gauge("condition", "1 while somebody should look.", "condition")
        self._lead_time = self._gauge("lead_time_seconds", "From the patch until ready and warm.")
        self._binding = self._gauge("binding", "1 for the reason that decided.", "reason")
        self._errors = self._gauge(
            "forecast_error", "Mean error as a share of demand.", "signal", "ahead_minutes"
        )
        self._ratios = self._gauge(
            "forecast_error_ratio", "The same over that of persistence.", "signal", "ahead_minutes"
        )
        self._trusted = self._gauge("forecast_trusted", "1 while it is followed.", "signal")
        self._conflict = self._gauge("conflict", "1 while another hand is in the way.", "reason")
        self._waiting = self._gauge("suggestion_waiting", "1 while it waits for somebody.")
        self._steps = self._counter("steps", "Changes of desired replicas.", *_LABELS, "direction")
        self._pods = self._gauge("pods", "Pods of a workload on its way down.", "which")
        self._disrupted = self._counter(
            "disrupted_sessions", "Live sessions on pods when they were removed.", *_LABELS
        )
        self._failures = self._counter(
            "failures", "Workloads that could not be decided on at a tick.", *_LABELS
        )
        self._missed = self._counter(
            "ticks_missed", "Ticks that failed as a whole or came too late."
        )
        self._seconds = Histogram(
            "ebbtide_tick_step_seconds",
            "Time that the steps of a tick take.",
            ("step",),
            registry=self._registry,
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
        )
        self._leading = Gauge(
            "ebbtide_leading", "Whether this process leads.", registry=self._registry
        )
        self._gauged: set[_Series[Gauge]] = set()
        self._counted: set[_Series[Counter]] = set()
        self._metrics = make_wsgi_app(self._registry)
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
        if isinstance(what, Missed):
            self._missed.inc(max(1, what.collapsed))
            return
        self._leading.set(what.leading)
        for step, seconds in what.seconds.items():
            self._seconds.labels(step).observe(seconds)
        for key in what.failures:
            self._count(_Series(self._failures, key))
        for account in what.accounts.values():
            self._count_step(account)
        self._show({s: n for a in what.accounts.values() for s, n in self._of(a)}, what.failures)
        self._forget({*what.accounts, *what.failures})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _gauge(self, name: str, help_text: str, *more: str) -> Gauge:
        labels = (*_LABELS, *more)
        return Gauge(f"ebbtide_{name}", help_text, labels, registry=self._registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"ebbtide_{name}_total", help_text, labels, registry=self._registry)

    def _of(self, account: Account) -> Iterator[tuple[_Series[Gauge], float]]:
        """What there is to say about a workload now."""
        seen, decision = account.seen, account.outcome.decision
        counts = {
            "current": number(seen.fleet.current),
            "ready": number(seen.fleet.ready),
            "desired": decision.replicas,
            "want": decision.want,
        }
        for which, count in counts.items():
            yield _Series(self._replicas, seen.workload, which), count
        for demand in seen.demand:
            present = number(demand.present())
            yield _Series(self._demand, seen.workload, demand.name), present
        yield from self._forecast_of(account)
        yield _Series(self._phase, seen.workload, seen.phase.value), 1
        yield _Series(self._binding, seen.workload, decision.binding.reason), 1
        for condition in account.conditions:
            if condition.type == "Conflicted" and condition.holds:
                yield _Series(self._conflict, seen.workload, condition.reason), 1
        yield _Series(self._lead_time, seen.workload), number(seen.lead_time)
        for condition in account.conditions:
            look = float(needs_a_look(condition))
            yield _Series(self._wrong, seen.workload, condition.type), look
        tuning = account.extra_sections.get("tuning") or {}
        if "waiting" in tuning:
            yield _Series(self._waiting, seen.workload), float(tuning["waiting"])
        pods = account.sessions._asdict() if account.sessions else {}
        for which in pods.keys() - {"disrupted"}:
            yield _Series(self._pods, seen.workload, which), pods[which]

    def _forecast_of(self, account: Account) -> Iterator[tuple[_Series[Gauge], float]]:
        """How good the forecasts of a workload have been, and whether they are followed."""
        workload = account.seen.workload
        for demand in account.seen.demand:
            yield _Series(self._trusted, workload, demand.name), float(bool(demand.trusted))
        for signal, known in account.prospects.foresights.items():
            said = known.forecast
            for metric, found in ((self._errors, said.shares), (self._ratios, said.ratios)):
                for ahead, value in found.items():
                    if not math.isnan(value):
                        yield _Series(metric, workload, signal, str(ahead)), value

    def _show(self, now: Mapping[_Series[Gauge], float], failing: Container[str]) -> None:
        """Set what holds now, then take away what does not; of a failing workload all stays."""
        for series, value in now.items():
            series.metric.labels(*series.labels).set(value)
        stale = {s for s in self._gauged - now.keys() if s.workload not in failing}
        for series in stale:
            series.metric.remove(*series.labels)
        self._gauged = (self._gauged | now.keys()) - stale

    def _count_step(self, account: Account) -> None:
        step, workload = account.step, account.seen.workload
        if step:
            direction = "up" if step.after > step.before else "down"
            self._count(_Series(self._steps, workload, direction))
        if account.sessions:
            self._count(_Series(self._disrupted, workload), account.sessions.disrupted)

    def _count(self, series: _Series[Counter], by: int = 1) -> None:
        series.metric.labels(*series.labels).inc(by)
        self._counted.add(series)

    def _forget(self, known: Container[str]) -> None:
        """Take away the counters of workloads that are gone, or that another process leads now."""
        gone = {series for series in self._counted if series.workload not in known}
        for series in gone:
            series.metric.remove(*series.labels)
        self._counted -= gone

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
