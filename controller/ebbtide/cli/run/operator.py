"""Everything that a running operator holds: its clients, its lease, its clock, what it tells."""

import queue
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ebbtide.cli.run import logs
from ebbtide.loop.runner import Missed
from ebbtide.loop.runner import run as run_loop
from ebbtide.loop.tick import Loop, Tick
from ebbtide.loop.world import Rules, World

if TYPE_CHECKING:
    from ebbtide.adapters.exposition import Exposition
    from ebbtide.adapters.kubernetes.lease import LeaseSettings
    from ebbtide.adapters.recording_file import RecordingFile
    from ebbtide.adapters.sources import MetricsSource


AT_ONCE = 4
"""Workloads whose decisions are carried out at the same time."""


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
    """Real time, until somebody asks the operator to stop.

    A signal runs its handler in the thread that sleeps here, between any two of its instructions.
    An Event would be set while the same thread holds its lock, and stand still for good; putting
    into a SimpleQueue is safe at every moment.
    """

    def __init__(self) -> None:
        self._stops: queue.SimpleQueue[None] = queue.SimpleQueue()

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def sleep(self, until: float) -> bool:
        """Wait until a moment, or until stopped."""
        try:
            self._stops.get(timeout=max(0.0, until - time.time()))
        except queue.Empty:
            return True
        return False

    def goes_on(self) -> bool:
        """Whether nobody has asked to stop since it was last waited."""
        return self._stops.empty()

    def stop(self, *_: object) -> None:
        """End the loop after the workloads that are being seen to."""
        self._stops.put(None)


class Operator:
    """Everything that a running operator holds, opened and closed in order."""

    def __init__(
        self,
        sources: "Mapping[str, MetricsSource]",
        place: Place,
        terms: Terms,
        listen: str,
        recording: "RecordingFile | None" = None,
    ) -> None:
        from ebbtide.adapters.background import Threads
        from ebbtide.adapters.kubernetes.api_server import Timeout, connect
        from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
        from ebbtide.adapters.kubernetes.lease import KubernetesLease, sleepless_clock
        from ebbtide.adapters.kubernetes.own_objects import Scope
        from ebbtide.adapters.own_process import in_own_process
        from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
        from ebbtide.adapters.side_by_side import Crowd

        self._terms, self._clock, self._recording = terms, WallClock(), recording
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
        self._leisure = Threads(patience=0.0, do=in_own_process)
        self._acting = Crowd(AT_ONCE)
        self._metrics = PrometheusMetrics(sources, deadline=min(10.0, terms.tick))

    def __enter__(self) -> Self:
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self._clock.stop)
        return self

    def __exit__(self, *_: object) -> None:
        """Let a successor lead once no write is under way; then put down what is left."""
        self._acting.close()
        self._lease.release()
        self._background.close()
        self._leisure.close()
        self._metrics.close()
        for each in (self._exposition, self._recording):
            if each:
                each.close()

    def run(self, rules: Rules) -> None:
        """Tick until told to stop."""
        world = World(
            metrics=self._metrics,
            cluster=self._cluster,
            leadership=self._lease,
            stopwatch=time.monotonic,
            background=self._background,
            leisure=self._leisure,
            acting=self._acting,
            goes_on=self._goes_on,
        )
        run_loop(Loop(world, rules), self._clock, self._terms.tick, self._tell)

    def _goes_on(self) -> bool:
        """Whether nobody has asked to stop; that the loop asks is a sign of life."""
        if self._exposition:
            self._exposition.live()
        return self._clock.goes_on()

    def _tell(self, what: Tick | Missed) -> None:
        logs.tell(what, self._metrics.progress())
        if self._exposition:
            self._exposition.tell(what)
        if self._recording and isinstance(what, Tick):
            self._recording.tell(what)


def _lease_settings(place: Place, terms: Terms) -> "LeaseSettings":
    from ebbtide.adapters.kubernetes.lease import LeaseSettings

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
