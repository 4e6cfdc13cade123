"""A leader is lost with a step on its way; the step arrives when its successor already leads."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from tests.cluster.cutting_proxy import CuttingProxy
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import FREEZE, PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 20

pytestmark = pytest.mark.prometheus


class Seen(NamedTuple):
    """What became of a step, and of its fleet."""

    answered: int
    """What the API server said to the step when it arrived."""
    intent: dict[str, Any]
    """What was on record while the step was on its way."""
    stairs: Staircase
    status: dict[str, Any]
    """Once the step had arrived, and both operators were awake."""
    traces: list[str]


class Lane:
    """A fleet, an operator whose first step is held in a proxy, and the one that follows it."""

    def __init__(self, plane: Plane, stack: ExitStack, prometheus: str, lost: str) -> None:
        self._plane, self._stack, self._lost = plane, stack, lost
        self._sources = {"default": prometheus}
        self.home = stack.enter_context(home_of(plane, f"fencing-{lost}"))
        start_fleets(plane, self.home, [APP], FLEET)
        plane.apply(care(APP), namespace=self.home)
        self._watch = stack.enter_context(Watch(plane, self.home))
        proxy = stack.enter_context(CuttingProxy(plane))
        # Struck where it arrives: the operator waits for an answer for a second and a half only.
        self._held = proxy.detain("PATCH scale", self._strike)
        stack.callback(self._held.released.set)
        self._old = Operator(plane, self.home, self._sources, kubeconfig=proxy.kubeconfig)
        stack.enter_context(self._old)

    def _strike(self) -> None:
        if self._lost == FROZEN:
            self._old.process.pause()

    def lose(self) -> None:
        """Let another begin once the old leader is lost with its step on its way."""
        self._plane.wait(self._held.arrived.is_set, 60, "a step is on its way")
        self._intent = self._status()["intent"]
        self._plane.apply(FREEZE, namespace=self.home)
        self._new = self._stack.enter_context(Operator(self._plane, self.home, self._sources))

    def arrive(self) -> Seen:
        """Let the step arrive once the other has decided."""
        self._plane.wait(lambda: "intent" not in self._status(), 60, "the successor has decided")
        self._held.released.set()
        self._plane.wait(self._held.answered.is_set, 30, "the step has arrived")
        if self._lost == FROZEN:
            said = len(self._old.log)
            self._old.process.resume()
            self._plane.wait(lambda: len(self._old.log) > said, 30, "the old leader is awake")
        traces = [*self._old.stack_traces, *self._new.stack_traces]
        stairs = self._watch.until_now(APP)
        return Seen(self._held.status, self._intent, stairs, self._status(), traces)

    def _status(self) -> dict[str, Any]:
        return status_of(self._plane, self.home, APP)


FROZEN, CUT_OFF = "frozen", "cut-off"
LOST = (FROZEN, CUT_OFF)
"""By SIGSTOP between its check and its step; or by a network that lets nothing through any more."""


@pytest.fixture(scope="module")
def lanes(plane: Plane, live_prometheus: PrometheusServer) -> Iterator[Mapping[str, Seen]]:
    """Lose one leader in each way, at the same time."""
    install(plane)
    with ExitStack() as stack:
        stack.enter_context(Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}))
        found = {lost: Lane(plane, stack, live_prometheus.url, lost) for lost in LOST}
        for lane in found.values():
            lane.lose()
        yield {lost: lane.arrive() for lost, lane in found.items()}


@pytest.fixture(params=LOST)
def seen(lanes: Mapping[str, Seen], request: pytest.FixtureRequest) -> Seen:
    return lanes[request.param]


def test_the_step_of_the_old_leader_is_refused_however_late_it_arrives(seen: Seen) -> None:
    assert seen.answered == 409


def test_the_fleet_is_as_the_successor_wants_it(seen: Seen) -> None:
    assert seen.intent["from"] == FLEET
    assert seen.intent["to"] < FLEET
    assert seen.stairs.replicas == [FLEET]
    assert seen.status["binding"]["reason"] == "Frozen"


def test_neither_operator_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
