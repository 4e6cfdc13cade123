"""A leader is frozen with a step on its way; the step arrives when its successor already leads."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from tests.cluster.cutting_proxy import CuttingProxy, Detained
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 20
FREEZE: dict[str, Any] = {
    "apiVersion": "ebbtide.dev/v1alpha1",
    "kind": "CapacityOverride",
    "metadata": {"name": "freeze-1"},
    "spec": {"selector": {}, "until": "2099-01-01 00:00", "why": "a test", "freeze": True},
}
"""So the successor only stays where it is, and moves nothing by itself."""

pytestmark = [pytest.mark.prometheus, pytest.mark.timeout(600)]


class Seen(NamedTuple):
    """What became of the step, and of the fleet."""

    held: Detained
    intent: dict[str, Any]
    """What was on record while the step was on its way."""
    stairs: Staircase
    status: dict[str, Any]
    """Once the step had arrived, and both operators were awake."""
    traces: list[str]


@pytest.fixture(scope="module")
def seen(plane: Plane, live_prometheus: PrometheusServer) -> Iterator[Seen]:
    """Freeze one operator with its step in the proxy, let another lead, and let the step go."""
    install(plane)
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "fencing"))
        stack.enter_context(Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}))
        start_fleets(plane, home, [APP], FLEET)
        plane.apply(care(APP), namespace=home)
        watch = stack.enter_context(Watch(plane, home))
        proxy = stack.enter_context(CuttingProxy(plane))
        held = proxy.detain("PATCH scale")
        stack.callback(held.released.set)
        sources = {"default": live_prometheus.url}
        old = Operator(plane, home, sources, kubeconfig=proxy.kubeconfig)
        stack.enter_context(old)
        plane.wait(held.arrived.is_set, 60, "a step is on its way")
        old.process.pause()
        intent = status_of(plane, home, APP)["intent"]
        plane.apply(FREEZE, namespace=home)
        new = stack.enter_context(Operator(plane, home, sources))
        plane.wait(
            lambda: "intent" not in status_of(plane, home, APP), 60, "the successor has decided"
        )
        held.released.set()
        plane.wait(held.answered.is_set, 30, "the step has arrived")
        said = len(old.log)
        old.process.resume()
        plane.wait(lambda: len(old.log) > said, 30, "the old leader is awake")
        status, stairs = status_of(plane, home, APP), watch.of(APP)
        yield Seen(held, intent, stairs, status, [*old.stack_traces, *new.stack_traces])


def test_the_step_of_the_old_leader_is_refused_however_late_it_arrives(seen: Seen) -> None:
    assert seen.held.status == 409


def test_the_fleet_is_as_the_successor_wants_it(seen: Seen) -> None:
    assert seen.intent["from"] == FLEET
    assert seen.intent["to"] < FLEET
    assert seen.stairs.replicas == [FLEET]
    assert seen.status["binding"]["reason"] == "Frozen"


def test_neither_operator_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
