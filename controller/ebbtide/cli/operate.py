"""`ebbtide run`: the operator, in a cluster or beside it."""

import os
import pathlib
import signal
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

import typer

from ebbtide.cli import logs
from ebbtide.cli.cluster import Context, Kubeconfig
from ebbtide.cli.demand import sources_of
from ebbtide.cli.durations import seconds
from ebbtide.cli.models import HOUSE, makers, plugins
from ebbtide.loop.runner import Missed
from ebbtide.loop.runner import run as run_loop
from ebbtide.loop.tick import Loop, Rules, Tick, World
from ebbtide_policies.observation import Mode

if TYPE_CHECKING:
    from ebbtide.adapters.exposition import Exposition
    from ebbtide.adapters.lease import LeaseSettings
    from ebbtide.adapters.sources import MetricsSource

NAMESPACE_FILE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the operator is, and what it looks after."""

    kubeconfig: str | None
    context: str | None
    home: str
    namespaces: tuple[str, ...]
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms leadership is held."""

    lease: str
    duration: int
    tick: float
    request_timeout: float


class WallClock:
    """Real time, until somebody asks the operator to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def sleep(self, until: float) -> bool:
        """Wait until a moment, or until stopped."""
        return not self._stop.wait(max(0.0, until - time.time()))

    def stop(self, *_: object) -> None:
        """End the loop after the tick that is going on."""
        self._stop.set()


def run(
    config: Annotated[
        pathlib.Path | None,
        typer.Option(metavar="FILE", help="YAML that names the metrics sources."),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The one metrics source, in place of --config."),
    ] = None,
    max_mode: Annotated[
        Mode,
        typer.Option(
            metavar="MODE",
            case_sensitive=False,
            help="No policy reaches further: DryRun, ScaleUpOnly or Enforce.",
        ),
    ] = Mode.ENFORCE,
    tick: Annotated[
        str, typer.Option(metavar="DURATION", help="From one decision to the next.")
    ] = "15s",
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NAME", help="Look after this one only; may be repeated."
        ),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The operator's own namespace. Default: its pod's, else ebbtide."
        ),
    ] = None,
    lease: Annotated[
        str, typer.Option(metavar="NAME", help="The Lease, in the operator's own namespace.")
    ] = "ebbtide",
    lease_duration: Annotated[
        str, typer.Option(metavar="DURATION", help="Until a silent leader is replaced.")
    ] = "60s",
    request_timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="What one request to the API server may take."),
    ] = "13s",
    listen: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where /metrics and /healthz are; empty for none."),
    ] = "0.0.0.0:8080",
    log_format: Annotated[
        logs.Format, typer.Option(metavar="FORMAT", help="Log lines as json or text.")
    ] = logs.Format.JSON,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Run the operator: look after CapacityPolicies.

    In a pod it speaks as its service account. SIGTERM ends it, after the tick that is going on.
    """
    logs.configure(log_format)
    place = Place(
        kubeconfig=kubeconfig,
        context=context,
        home=home or _own_namespace(),
        namespaces=tuple(namespace or ()),
        identity=f"{os.environ.get('HOSTNAME') or socket.gethostname()}-{uuid.uuid4().hex[:8]}",
    )
    terms = Terms(
        lease=lease,
        duration=int(seconds("--lease-duration", lease_duration, 3)),
        tick=seconds("--tick", tick, 1),
        request_timeout=seconds("--request-timeout", request_timeout, 0.2),
    )
    rules = Rules(
        forecasters=makers(),
        candidates=tuple(HOUSE),
        plugins=plugins(),
        max_mode=max_mode,
        namespace=place.home,
    )
    with Operator(sources_of(config, prometheus), place, terms, listen) as operator:
        operator.run(rules)


class Operator:
    """Everything that a running operator holds, opened and closed in order."""

    def __init__(
        self, sources: "Mapping[str, MetricsSource]", place: Place, terms: Terms, listen: str
    ) -> None:
        from ebbtide.adapters.api_server import Timeout, connect
        from ebbtide.adapters.background import Threads
        from ebbtide.adapters.kubernetes import KubernetesCluster
        from ebbtide.adapters.lease import KubernetesLease, sleepless_clock
        from ebbtide.adapters.own_objects import Scope
        from ebbtide.adapters.prometheus import PrometheusMetrics

        self._terms, self._clock = terms, WallClock()
        connecting = min(3.05, terms.request_timeout / 4)
        timeout = Timeout(connecting, terms.request_timeout - connecting)
        server = connect(place.kubeconfig, place.context, timeout)
        settings = _lease_settings(place, terms)
        self._lease = lease = KubernetesLease(
            server, settings, monotonic=sleepless_clock, now=self._clock.now
        )
        self._cluster = KubernetesCluster(
            server,
            may_write=lambda: lease.held,
            now=self._clock.now,
            instance=place.identity,
            scope=Scope(place.namespaces, place.home),
        )
        self._exposition = _exposition(listen, terms) if listen else None
        self._background = Threads(patience=min(1.0, terms.tick / 10))
        self._metrics = PrometheusMetrics(sources, deadline=min(10.0, terms.tick))

    def __enter__(self) -> Self:
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self._clock.stop)
        return self

    def __exit__(self, *_: object) -> None:
        """Let a successor lead at once; then put down what is left."""
        self._lease.release()
        self._background.close()
        self._metrics.close()
        if self._exposition:
            self._exposition.close()

    def run(self, rules: Rules) -> None:
        """Tick until told to stop."""
        world = World(
            metrics=self._metrics,
            cluster=self._cluster,
            leadership=self._lease,
            stopwatch=time.monotonic,
            background=self._background,
        )
        run_loop(Loop(world, rules), self._clock, self._terms.tick, self._tell)

    def _tell(self, what: Tick | Missed) -> None:
        logs.tell(what, self._metrics.progress())
        if self._exposition:
            self._exposition.tell(what)


def _lease_settings(place: Place, terms: Terms) -> "LeaseSettings":
    from ebbtide.adapters.lease import LeaseSettings

    return LeaseSettings(
        namespace=place.home,
        name=terms.lease,
        identity=place.identity,
        duration=terms.duration,
        margin=terms.request_timeout,
        tick=terms.tick,
        request_timeout=terms.request_timeout,
    )


def _exposition(listen: str, terms: Terms) -> "Exposition":
    from ebbtide.adapters.exposition import Exposition

    return Exposition(listen, 10 * terms.tick + 60, time.monotonic)


def _own_namespace() -> str:
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else "ebbtide"
