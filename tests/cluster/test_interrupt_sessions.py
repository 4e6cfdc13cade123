"""The controller dies right after any API call of a descent with live sessions.

API server and ReplicaSet are real; clock and sessions are the test's. Every life of the controller
is one call longer than the one before, and each begins with nothing but what the API server has.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, cast

import numpy as np
import pytest
from kubernetes import client, config

from ebbtide.adapters.embedded.leadership import AlwaysLeader
from ebbtide.adapters.embedded.metrics import DemandMetrics
from ebbtide.adapters.kubernetes.api_errors import Place, Request
from ebbtide.adapters.kubernetes.api_server import ApiServer, Timeout
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.api.status.capacity_policy import MOST_DECISIONS
from ebbtide.cli.models import makers
from ebbtide.loop.acting.finalizer import FINALIZER
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN
from ebbtide.loop.tick import Loop
from ebbtide.loop.world import Rules, World
from ebbtide.planning.demand.series import DemandSeries
from tests.cluster.ebbtide_objects import install
from tests.cluster.marked_pods import MarkedPods
from tests.cluster.plane import Plane
from tests.cluster.running_operator import events_of, status_of
from tests.cluster.workloads import PER_REPLICA, care, start_fleets

FLEET, NEED = 36, 8
SOAK = 30.0
QUERY = "sum by (pod) (live_sessions)"
POLICIES = {
    "descent": {"maxStep": "4%", "soak": f"{SOAK:.0f}s", "window": "1s"},
    "presentNeed": {"headroom": "0%"},
    "stabilization": {"window": "0s", "headroom": "0%"},
    "sessions": {"query": QUERY, "settle": "30s", "deadline": "Never"},
}
"""One pod a step."""
A_DAY = 1440
STEPS = {"patch pods", "patch deployments/scale", "update capacitypolicies/status"}
"""Calls without which there is no step."""


FENCE = ("get deployments/scale", "patch deployments/scale")


def is_nth(wanted: int, nth: int, _call: str) -> bool:
    """Let a life end at a call by its number."""
    return nth == wanted


def is_kind(wanted: str, _nth: int, call: str) -> bool:
    """Let a life end at a call by its kind."""
    return call == wanted


def never(_nth: int, _call: str) -> bool:
    """Spare a life."""
    return False


class Killed(BaseException):
    """The controller is gone; nobody can catch that."""


class Mortal(ApiServer):
    """An API server after whose answers the controller may be gone."""

    happen: Callable[[Request], None] = staticmethod(lambda _: None)

    def _call(self, request: Request, send: Callable[..., Any], **arguments: Any) -> Json:
        try:
            return super()._call(request, send, **arguments)
        finally:
            self.happen(request)


class Edge(MarkedPods):
    """A Deployment whose pods carry sessions, and controllers that care for it in turn."""

    def __init__(self, plane: Plane, namespace: str, server: Mortal) -> None:
        super().__init__(plane, namespace)
        self._server, self.now = server, time.time()
        self._deployment = Place("apps", "v1", "deployments", namespace, "edge")
        self.live: dict[str, float] = {}
        level = np.full(2 * A_DAY, float(NEED * PER_REPLICA))
        demand = DemandSeries(start=(self.now // 60 - A_DAY) * 60, minutes=level)
        self._metrics = DemandMetrics({"edge": demand}, lambda: self.now)
        self._metrics.answer_each(QUERY, lambda: self.live)
        start_fleets(plane, namespace, ["edge"], FLEET)
        self.busy = set(sorted(self.names())[:NEED])
        self.live = {name: float(name in self.busy) for name in self.names()}
        policy = care(
            "edge", policies=POLICIES, demand={"query": "edge"}, forecast={"model": "Persistence"}
        )
        plane.apply(policy, namespace=namespace)

    def life(self, ends: Callable[[Request], None] = lambda _: None) -> None:
        """A new controller, for the one tick that it lives at most; the fleet settles after it."""
        cluster = KubernetesCluster(
            self._server,
            may_write=lambda: True,
            now=lambda: self.now,
            scope=Scope((self.namespace,)),
        )
        world = World(
            metrics=self._metrics,
            cluster=cluster,
            leadership=AlwaysLeader(),
            stopwatch=lambda: self.now,
        )
        self._server.happen = ends
        try:
            failures = Loop(world, Rules(forecasters=makers())).tick(self.now).failures
            assert not failures, failures
        except Killed:
            pass
        finally:
            self._server.happen = lambda _: None
            self.now += SOAK
        self._plane.wait(self._is_whole, 60, "the fleet is as large as is asked for")

    def replicas(self) -> int:
        """What the Deployment is asked to have."""
        return int(self._server.get(self._deployment)["spec"]["replicas"])

    def _is_whole(self) -> bool:
        found = self._server.get(self._deployment)
        replicas, seen = found["spec"]["replicas"], found["status"]
        there = self._server.pods(self.namespace, "app=edge")
        current = seen["observedGeneration"] == found["metadata"]["generation"]
        return bool(current and replicas == seen.get("readyReplicas") == len(there))

    def status(self) -> dict[str, Any]:
        return status_of(self._plane, self.namespace, "edge")


@pytest.fixture
def edge(plane: Plane, namespace: str) -> Iterator[Edge]:
    """A fleet eight pods of which carry a session that never ends."""
    install(plane)
    configuration, loaders = client.Configuration(), cast("Any", config)
    loaders.load_kube_config(str(plane.kubeconfig), client_configuration=configuration)
    with closing(Mortal(configuration, Timeout())) as server:
        yield Edge(plane, namespace, server)


class Reaper:
    """Ends lives, and keeps count of the calls that were made."""

    def __init__(self) -> None:
        self.made: set[str] = set()
        """Every kind of call that was made."""
        self.last: list[str] = []
        """The last call of every life that was ended."""

    def when(self, ends: Callable[[int, str], bool]) -> Callable[[Request], None]:
        """End a life at a call, by its number (from 1) and its kind."""
        calls = itertools.count(1)

        def happen(request: Request) -> None:
            call = f"{request.verb} {request.place.resource}"
            self.made.add(call)
            if ends(next(calls), call):
                self.last.append(call)
                raise Killed

        return happen

    def lives(self) -> Iterator[Callable[[Request], None]]:
        """Lives that are longer by one call each: all through the drain, then all through a step.

        Before each try at a step lies a life that is spared, so that all of them begin alike. Then
        a step is left on record, and who comes after it dies while it shuts the door behind that.
        """
        for spared in (0, 1):
            for nth in itertools.count(1):
                ended = len(self.last)
                yield self.when(partial(is_nth, nth))
                if len(self.last) == ended:
                    break
                yield from spared * [self.when(never)]
        for kind in ("update capacitypolicies/status", *FENCE):
            yield self.when(partial(is_kind, kind))
        yield from itertools.repeat(self.when(never))


def test_killed_after_every_call_it_takes_the_same_steps_and_ends_the_same(edge: Edge) -> None:
    reaper, seen = Reaper(), [FLEET]
    lives = reaper.lives()
    while seen[-1] > NEED:
        edge.life(next(lives))
        seen.append(edge.replicas())
    for _ in range(2):
        edge.life()
    print(seen, reaper.last)
    steps = [size for size, _ in itertools.groupby(seen)]
    assert steps == list(range(FLEET, NEED - 1, -1))
    assert set(reaper.last) == reaper.made >= STEPS.union(FENCE)
    assert edge.names() == edge.busy
    assert edge.marked("annotations", DELETION_COST) == edge.marked("labels", DRAIN) == set()
    status = edge.status()
    assert not {"intent", "sessions"} & status.keys()
    on_record = [(one["from"], one["to"]) for one in status["decisions"]]
    assert on_record == list(itertools.pairwise(steps))[-MOST_DECISIONS:]


def test_a_policy_that_is_deleted_in_mid_drain_opens_its_pods_before_it_goes(
    edge: Edge, plane: Plane
) -> None:
    def at_the_step(request: Request) -> None:
        if request.writes and edge.marked("annotations", DELETION_COST):
            raise Killed

    edge.life()
    edge.life(at_the_step)
    draining = edge.marked("labels", DRAIN)
    assert len(draining) >= FLEET - NEED
    assert edge.marked("annotations", DELETION_COST)
    assert len(edge.names()) == FLEET
    plane.kubectl("delete", "capacitypolicy", "edge", "--wait=false", f"-n={edge.namespace}")
    metadata = plane.get("capacitypolicy", "edge", namespace=edge.namespace)["metadata"]
    assert metadata["finalizers"] == [FINALIZER]

    edge.life()
    assert edge.marked("annotations", DELETION_COST) == edge.marked("labels", DRAIN) == set()
    edge.life()
    left = plane.items("capacitypolicies", namespace=edge.namespace)
    assert left == [], json.dumps(left)
    assert len(edge.names()) == FLEET
    told = {event["reason"] for event in events_of(plane, edge.namespace, "edge")}
    assert "PodsReopened" in told
