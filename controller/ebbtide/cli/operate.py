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
from ebbtide.cli.models import FORECASTERS, plugins
from ebbtide.errors import InvalidInput
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


@dataclass(frozen=True, slots=True)
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
        typer.Option(help="YAML with the metrics sources: `sources: {default: {url: ...}}`."),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option("--prometheus", help="Address of the one metrics source, without --config."),
    ] = None,
    max_mode: Annotated[
        Mode, typer.Option(help="No policy may reach further than this.")
    ] = Mode.ENFORCE,
    tick: Annotated[float, typer.Option(min=1, help="Seconds from one tick to the next.")] = 15.0,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", help="Look after this namespace only; may be repeated."),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(help="The operator's own namespace. Default: that of its pod, else ebbtide."),
    ] = None,
    lease: Annotated[
        str, typer.Option(help="Name of the Lease, in the own namespace.")
    ] = "ebbtide",
    lease_duration: Annotated[
        int, typer.Option(min=3, help="Seconds after which a silent leader is replaced.")
    ] = 60,
    request_timeout: Annotated[
        float, typer.Option(min=0.2, help="Seconds that one request to the API server may take.")
    ] = 13.0,
    listen: Annotated[
        str, typer.Option(help="Address of /metrics and /healthz; empty for none.")
    ] = "0.0.0.0:8080",
    log_format: Annotated[logs.Format, typer.Option(help="How log lines look.")] = logs.Format.JSON,
    kubeconfig: Annotated[
        str | None, typer.Option(help="Kubeconfig, when not in a cluster.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig.")] = None,
) -> None:
    """Look after the CapacityPolicies of a cluster until told to stop."""
    logs.configure(log_format)
    place = Place(
        kubeconfig=kubeconfig,
        context=context,
        home=home or _own_namespace(),
        namespaces=tuple(namespace or ()),
        identity=f"{os.environ.get('HOSTNAME') or socket.gethostname()}-{uuid.uuid4().hex[:8]}",
    )
    rules = Rules(
        forecasters=FORECASTERS, plugins=plugins(), max_mode=max_mode, namespace=place.home
    )
    terms = Terms(lease, lease_duration, tick, request_timeout)
    with Operator(_sources(config, prometheus), place, terms) as operator:
        if listen:
            operator.listen(listen)
        operator.run(rules)


class Operator:
    """Everything that a running operator holds, opened and closed in order."""

    def __init__(self, sources: "Mapping[str, MetricsSource]", place: Place, terms: Terms) -> None:
        from ebbtide.adapters.api_server import Timeout, connect
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
        self._metrics = PrometheusMetrics(sources, deadline=min(10.0, terms.tick))
        self._exposition: Exposition | None = None

    def __enter__(self) -> Self:
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self._clock.stop)
        return self

    def __exit__(self, *_: object) -> None:
        """Let a successor lead at once; then put down what is left."""
        self._lease.release()
        self._metrics.close()
        if self._exposition:
            self._exposition.close()

    def listen(self, address: str) -> None:
        """Serve metrics and health."""
        from ebbtide.adapters.exposition import Exposition

        self._exposition = Exposition(address, 10 * self._terms.tick + 60, time.monotonic)

    def run(self, rules: Rules) -> None:
        """Tick until told to stop."""
        world = World(
            metrics=self._metrics,
            cluster=self._cluster,
            leadership=self._lease,
            stopwatch=time.monotonic,
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


def _own_namespace() -> str:
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else "ebbtide"


def _sources(config: pathlib.Path | None, prometheus: str | None) -> "Mapping[str, MetricsSource]":
    from ebbtide.adapters.sources import MetricsSource, load_sources

    if config and not prometheus:
        return load_sources(config)
    if prometheus and not config:
        return {"default": MetricsSource(url=prometheus)}
    raise InvalidInput("name the metrics source: either --config FILE or --prometheus URL")
