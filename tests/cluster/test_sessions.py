"""Who vanishes when a fleet with live sessions goes down, on a real ReplicaSet with real counts."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from ebbtide.adapters.embedded.leadership import AlwaysLeader
from ebbtide.adapters.kubernetes.api_server import ApiServer, connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.adapters.prometheus.metrics import PrometheusMetrics
from ebbtide.adapters.sources import MetricsSource
from ebbtide.cli.models import makers
from ebbtide.loop.ports.cluster import Target
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, Pod
from ebbtide.loop.reporting.account import Account
from ebbtide.loop.tick import Loop
from ebbtide.loop.world import Rules, World
from tests.cluster.ebbtide_objects import install
from tests.cluster.marked_pods import MarkedPods
from tests.cluster.plane import A_MINUTE, PATIENCE, Plane
from tests.cluster.running_operator import status_of
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

pytestmark = pytest.mark.prometheus

FLEET, STEP = 40, 4
NAMES = "metadata.name"


class Racing(KubernetesCluster):
    """Lets something happen to the pods after the survey, right before they are listed."""

    happen: Callable[[Sequence[Pod]], None] | None = None

    def pods(self, target: Target) -> Sequence[Pod]:
        if self.happen:
            self.happen(super().pods(target))
        return super().pods(target)


class Fleet(MarkedPods):
    """A Deployment on the real control plane, and the loop that cares for it, tick by tick."""

    def __init__(
        self, plane: Plane, namespace: str, server: ApiServer, prometheus: PrometheusServer
    ) -> None:
        super().__init__(plane, namespace)
        self._prometheus = prometheus
        scope = Scope((namespace,))
        self.cluster = Racing(server, may_write=lambda: True, now=time.time, scope=scope)
        self.live: Mapping[str, int] = {}
        self.accounts: list[Account] = []

    def start(self, needed: int) -> list[str]:
        """Run the Deployment and its policy; answer the names of its pods."""
        start_fleets(self._plane, self.namespace, ["edge"], FLEET)
        query = f'sum by (pod) (live_sessions{{namespace="{self.namespace}"}})'
        policies = {
            "descent": {"maxStep": "10%", "soak": f"{SOAK}s", "window": "1s"},
            "presentNeed": {"headroom": "0%"},
            "stabilization": {"window": "0s", "headroom": "0%"},
            "sessions": {"query": query, "settle": "2s", "deadline": "Never"},
        }
        demand = {"query": f"vector({needed * PER_REPLICA})"}
        spec = care("edge", policies=policies, demand=demand, forecast={"model": "Persistence"})
        self._plane.apply(spec, namespace=self.namespace)
        return sorted(pod["metadata"]["name"] for pod in self.pods())

    def tick(self, metrics: PrometheusMetrics, loop: Loop) -> Account:
        """Let the counts be scraped, then decide and act once."""
        now = time.time()
        labels = {"namespace": self.namespace}
        self._prometheus.push(
            Series("live_sessions", labels | {"pod": name}, [(now, float(count))])
            for name, count in self.live.items()
        )
        tick = loop.tick(now)
        assert not tick.failures, tick.failures
        (account,) = tick.accounts.values()
        self.accounts.append(account)
        return account

    def ready(self, name: str, status: str) -> None:
        """Let a pod pass or fail its readiness probe."""
        conditions = {"status": {"conditions": [{"type": "Ready", "status": status}]}}
        self._plane.kubectl(
            *("patch", "pod", name, "--subresource=status", f"-n={self.namespace}"),
            *("--type=strategic", f"--patch={json.dumps(conditions)}"),
        )

    def status(self) -> dict[str, Any]:
        return status_of(self._plane, self.namespace, "edge")


@pytest.fixture
def fleet(
    plane: Plane, namespace: str, live_prometheus: PrometheusServer
) -> Iterator[tuple[Fleet, Callable[[], Account]]]:
    """A fleet, and one tick of the loop on real adapters."""
    install(plane)
    source = MetricsSource.model_validate({"url": live_prometheus.url})
    server = connect(str(plane.kubeconfig))
    found = Fleet(plane, namespace, server, live_prometheus)
    with closing(server), closing(PrometheusMetrics({"default": source})) as metrics:
        world = World(
            metrics=metrics,
            cluster=found.cluster,
            leadership=AlwaysLeader(),
            stopwatch=time.monotonic,
        )
        loop = Loop(world, Rules(forecasters=makers(), namespace=namespace))
        yield found, lambda: found.tick(metrics, loop)


def test_exactly_the_emptiest_go_and_pods_with_sessions_stay(
    fleet: tuple[Fleet, Callable[[], Account]], plane: Plane
) -> None:
    edge, tick = fleet
    names = edge.start(needed=30)
    idle = set(names[::4])
    edge.live = {name: 0 if name in idle else 1 + i % 7 for i, name in enumerate(names)}
    tick()
    assert edge.marked("labels", DRAIN) == idle
    end = time.monotonic() + PATIENCE * 90
    while len(edge.names()) > 30 and time.monotonic() < end:
        time.sleep(1)
        tick()
    for _ in range(3):
        time.sleep(1)
        tick()
    assert edge.names() == set(names) - idle
    assert edge.marked("annotations", DELETION_COST) == edge.marked("labels", DRAIN) == set()
    assert sum(each.sessions.disrupted for each in edge.accounts if each.sessions) == 0
    assert "sessions" not in edge.status()


def test_unready_pods_go_first_so_their_sessions_are_waited_for(
    fleet: tuple[Fleet, Callable[[], Account]], plane: Plane
) -> None:
    edge, tick = fleet
    names = edge.start(needed=30)
    idle, busy = names[-10:], names[:30]
    edge.live = dict.fromkeys(names, 0) | dict.fromkeys(busy, 2)
    tick()
    time.sleep(SOAK + 1)
    edge.cluster.happen = lambda _: edge.ready(busy[0], "False")
    account = tick()
    assert account.step is None
    assert account.outcome.decision.binding.message.startswith("0 of 40 pods may go")
    edge.cluster.happen = None
    edge.ready(busy[0], "True")
    path = f"--for=jsonpath={{.status.readyReplicas}}={FLEET}"
    plane.kubectl("wait", path, A_MINUTE, "deployment/edge", f"-n={edge.namespace}")

    edge.cluster.happen = lambda _: edge.ready(idle[-1], "False")
    account = tick()
    assert account.step is not None
    edge.cluster.happen = None
    victims = set(edge.status()["sessions"]["victims"])
    assert len(victims) == STEP
    assert idle[-1] in victims
    plane.wait(lambda: len(edge.names()) == FLEET - STEP, 30, "four are on their way out")
    assert set(names) - edge.names() == victims
    assert victims <= set(idle)
