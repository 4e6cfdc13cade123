"""Ebbtide's own metrics: which there are, and what a tick comes to in them."""

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ebbtide.loop.reporting.account import Account
from ebbtide.loop.reporting.conditions import needs_a_look
from ebbtide.loop.runner import Missed
from ebbtide.loop.tick import Tick
from ebbtide_policies.lanes import number

_LABELS = ("namespace", "policy")
_GAUGES: Mapping[str, tuple[str, ...]] = {
    "replicas": ("Replicas of a workload.", "which"),
    "demand_replicas": ("Present demand in replicas.", "signal"),
    "phase": ("1 for the phase that a workload is in.", "phase"),
    "condition": ("1 while somebody should look.", "condition"),
    "lead_time_seconds": ("From the patch until ready and warm.",),
    "binding": ("1 for the reason that decided.", "reason"),
    "forecast_error": ("Mean error as a share of demand.", "signal", "ahead_minutes"),
    "forecast_error_ratio": ("The same over that of persistence.", "signal", "ahead_minutes"),
    "forecast_trusted": ("1 while it is followed.", "signal"),
    "conflict": ("1 while another hand is in the way.", "reason"),
    "suggestion_waiting": ("1 while it waits for somebody.",),
    "pods": ("Pods of a workload on its way down.", "which"),
}
"""What holds of a workload now, by its name: the help, and the labels beside the workload's."""
_COUNTERS: Mapping[str, tuple[str, ...]] = {
    "steps": ("Changes of desired replicas.", "direction"),
    "disrupted_sessions": ("Live sessions on pods when they were removed.",),
    "failures": ("Workloads that could not be decided on at a tick.",),
}
"""What has happened to a workload."""


class _Series(NamedTuple):
    """One series about a workload."""

    metric: str
    workload: str
    """`namespace/policy`."""
    more: tuple[str, ...] = ()
    """The values of the labels beside the workload's."""

    @property
    def labels(self) -> tuple[str, ...]:
        return (*self.workload.split("/", 1), *self.more)


class OwnMetrics:
    """What Prometheus is shown, from tick to tick."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._gauges = {
            name: Gauge(f"ebbtide_{name}", told, (*_LABELS, *more), registry=registry)
            for name, (told, *more) in _GAUGES.items()
        }
        self._counters = {
            name: Counter(f"ebbtide_{name}_total", told, (*_LABELS, *more), registry=registry)
            for name, (told, *more) in _COUNTERS.items()
        }
        missed = "Ticks that failed as a whole or came too late."
        self._missed = Counter("ebbtide_ticks_missed_total", missed, registry=registry)
        self._seconds = Histogram(
            "ebbtide_tick_step_seconds",
            "Time that the steps of a tick take.",
            ("step",),
            registry=registry,
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
        )
        self._leading = Gauge("ebbtide_leading", "Whether this process leads.", registry=registry)
        self._gauged: set[_Series] = set()
        self._counted: set[_Series] = set()

    def tell(self, what: Tick | Missed) -> None:
        """Take the numbers of a tick."""
        if isinstance(what, Missed):
            self._missed.inc(max(1, what.collapsed))
            return
        self._leading.set(what.leading)
        for step, seconds in what.seconds.items():
            self._seconds.labels(step).observe(seconds)
        for key in what.failures:
            self._count(_Series("failures", key))
        for account in what.accounts.values():
            self._count_step(account)
        self._show({s: n for a in what.accounts.values() for s, n in _of(a)}, what.failures)
        self._forget({*what.accounts, *what.failures})

    def _show(self, now: Mapping[_Series, float], failing: Container[str]) -> None:
        """Set what holds now, then take away what does not; of a failing workload all stays."""
        for series, value in now.items():
            self._gauges[series.metric].labels(*series.labels).set(value)
        stale = {s for s in self._gauged - now.keys() if s.workload not in failing}
        for series in stale:
            self._gauges[series.metric].remove(*series.labels)
        self._gauged = (self._gauged | now.keys()) - stale

    def _count_step(self, account: Account) -> None:
        step, workload = account.step, account.seen.workload
        if step:
            direction = "up" if step.after > step.before else "down"
            self._count(_Series("steps", workload, (direction,)))
        if account.sessions:
            self._count(_Series("disrupted_sessions", workload), account.sessions.disrupted)

    def _count(self, series: _Series, by: int = 1) -> None:
        self._counters[series.metric].labels(*series.labels).inc(by)
        self._counted.add(series)

    def _forget(self, known: Container[str]) -> None:
        """Take away the counters of workloads that are gone, or that another process leads now."""
        gone = {series for series in self._counted if series.workload not in known}
        for series in gone:
            self._counters[series.metric].remove(*series.labels)
        self._counted -= gone


def _of(account: Account) -> Iterable[tuple[_Series, float]]:
    """What there is to say about a workload now."""
    workload = account.seen.workload
    return ((_Series(name, workload, more), said) for name, more, said in _told(account))


def _told(account: Account) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """The same: metrics, the values of their labels, and numbers."""
    seen, decision = account.seen, account.outcome.decision
    yield "replicas", ("current",), number(seen.fleet.current)
    yield "replicas", ("ready",), number(seen.fleet.ready)
    yield "replicas", ("desired",), decision.replicas
    yield "replicas", ("want",), decision.want
    for demand in seen.demand:
        yield "demand_replicas", (demand.name,), number(demand.present())
        yield "forecast_trusted", (demand.name,), float(bool(demand.trusted))
    yield from _errors(account)
    yield "phase", (seen.phase.value,), 1
    yield "binding", (decision.binding.reason,), 1
    yield "lead_time_seconds", (), number(seen.lead_time)
    for condition in account.conditions:
        yield "condition", (condition.type,), float(needs_a_look(condition))
        if condition.type == "Conflicted" and condition.holds:
            yield "conflict", (condition.reason,), 1
    tuning = account.extra_sections.get("tuning") or {}
    if "waiting" in tuning:
        yield "suggestion_waiting", (), float(tuning["waiting"])
    pods = account.sessions._asdict() if account.sessions else {}
    for which in pods.keys() - {"disrupted"}:
        yield "pods", (which,), pods[which]


def _errors(account: Account) -> Iterator[tuple[str, tuple[str, ...], float]]:
    """How good the forecasts of a workload have been, by minutes ahead."""
    for signal, known in account.prospects.foresights.items():
        said = known.forecast
        for metric, found in (
            ("forecast_error", said.shares),
            ("forecast_error_ratio", said.ratios),
        ):
            for ahead, value in found.items():
                if not math.isnan(value):
                    yield metric, (signal, str(ahead)), value
