"""No step is taken twice, wherever between two API calls an operator dies.

Every operator here speaks to the API server through a proxy that kills it, or cuts its connection,
right after the n-th request of a tick that takes a step: the Lease is read (1) and renewed (2);
policies (3), calendars (4), overrides (5), HPAs (6), ScaledObjects (7) and Deployments (8) are
listed; the intent is recorded (9), the step taken (10), confirmed (11) and announced (12).
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import NamedTuple

import pytest

from tests.cluster.cutting_proxy import Blow, CuttingProxy
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 30
STEP = 3
LEAST_STEPS = 3
CALLS = (
    "GET leases",
    "PUT leases",
    "GET capacitypolicies",
    "GET eventcalendars",
    "GET capacityoverrides",
    "GET horizontalpodautoscalers",
    "GET scaledobjects",
    "GET deployments",
    "PUT status",
    "PATCH scale",
    "PUT status",
    "POST events",
)


pytestmark = pytest.mark.prometheus


class Lane(NamedTuple):
    """One workload in a namespace of its own, its operator, and who stands between."""

    plane: Plane
    home: str
    prometheus: str
    proxy: CuttingProxy

    def operator(self) -> Operator:
        """An operator that need not wait for the Lease of one that was killed."""
        for lease in self.plane.items("lease", namespace=self.home):
            self.plane.kubectl(
                *("patch", "lease", lease["metadata"]["name"], f"-n={self.home}"),
                *("--type=merge", '--patch={"spec": {"holderIdentity": ""}}'),
            )
        sources = {"default": self.prometheus}
        return Operator(self.plane, self.home, sources, kubeconfig=self.proxy.kubeconfig)

    def last_step(self) -> float:
        """The moment of the last step on record, once there is one."""

        def recorded() -> str:
            found: dict[str, str] = status_of(self.plane, self.home, APP).get("lastStep") or {}
            return found.get("at", "")

        at = self.plane.wait(recorded, 30, "a first step is on record")
        return datetime.fromisoformat(at).timestamp()

    def led(self) -> None:
        """Wait until somebody holds the Lease."""

        def holders() -> list[str]:
            leases = self.plane.items("lease", namespace=self.home)
            return [each["spec"]["holderIdentity"] for each in leases]

        self.plane.wait(lambda: any(holders()), 30, "an operator leads")

    def replicas(self) -> int:
        """What the Deployment is asked to have."""
        [fleet] = self.plane.items("deployment", namespace=self.home)
        return int(fleet["spec"]["replicas"])

    def go_on(self) -> None:
        """Wait for one more step of the fleet."""
        before = self.replicas()
        self.plane.wait(lambda: self.replicas() < before, 60, "one more step is taken")

    def strike(self, nth: int, blow: Callable[[], None]) -> None:
        """Let the blow fall after the n-th request of the next tick that takes a step."""
        before = len(self.proxy.struck)
        self.proxy.arm(Blow(self.last_step() + SOAK, CALLS[:nth], blow))
        why = f"request {nth}, {CALLS[nth - 1]}, came"
        self.plane.wait(lambda: len(self.proxy.struck) > before, 30, why)


def killed_after(*requests: int) -> Callable[[Lane], None]:
    """Kill the operator after each of these requests, in turn, and start another."""

    def play(lane: Lane) -> None:
        for nth in requests:
            with lane.operator() as operator:
                lane.strike(nth, operator.kill)
        with lane.operator():
            lane.go_on()

    return play


def cut_after(*requests: int) -> Callable[[Lane], None]:
    """Cut the connection after each of these requests, in turn; the operator lives on."""

    def play(lane: Lane) -> None:
        with lane.operator():
            for nth in requests:
                lane.strike(nth, lambda: None)
            lane.go_on()

    return play


def killed_at_random(lane: Lane) -> None:
    """Kill the operator at moments that nobody chose."""
    chance = random.Random(618)
    with lane.operator():
        lane.last_step()
    for _ in range(6):
        with lane.operator() as operator:
            lane.led()
            time.sleep(chance.uniform(0.0, 4.0))
            operator.kill()
    with lane.operator():
        for _ in range(LEAST_STEPS - 1):
            lane.go_on()


LANES: Mapping[str, Callable[[Lane], None]] = {
    "killed-1-4-7-10": killed_after(1, 4, 7, 10),
    "killed-2-5-8-11": killed_after(2, 5, 8, 11),
    "killed-3-6-9-12": killed_after(3, 6, 9, 12),
    "cut-2-9-10-11-12": cut_after(2, 9, 10, 11, 12),
    "killed-at-random": killed_at_random,
}


class Played(NamedTuple):
    """What was seen of one lane."""

    stairs: Staircase
    struck: Sequence[str]


@pytest.fixture(scope="module")
def played(plane: Plane, live_prometheus: PrometheusServer) -> Mapping[str, Played]:
    """Play all lanes at the same time."""
    install(plane)
    with ExitStack() as stack:
        stack.enter_context(Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}))
        homes = {name: stack.enter_context(home_of(plane, name)) for name in LANES}
        for home in homes.values():
            start_fleets(plane, home, [APP], FLEET)
            plane.apply(care(APP), namespace=home)
        watches = {name: stack.enter_context(Watch(plane, homes[name])) for name in LANES}
        lanes = {
            name: Lane(
                plane, homes[name], live_prometheus.url, stack.enter_context(CuttingProxy(plane))
            )
            for name in LANES
        }
        with ThreadPoolExecutor(len(LANES)) as threads:
            ends = [threads.submit(play, lanes[name]) for name, play in LANES.items()]
        for end in ends:
            end.result()
        return {
            name: Played(watches[name].until_now(APP), lanes[name].proxy.struck) for name in LANES
        }


@pytest.mark.parametrize("lane", LANES)
def test_no_window_of_a_soak_sees_more_than_one_step(
    played: Mapping[str, Played], lane: str
) -> None:
    stairs = played[lane].stairs
    print(stairs.told(lane, SOAK))
    assert stairs.largest_drop(SOAK) <= STEP, stairs.changes
    assert len(stairs.drops()) >= LEAST_STEPS


@pytest.mark.parametrize("lane", LANES)
def test_every_step_is_as_large_as_the_first(played: Mapping[str, Played], lane: str) -> None:
    assert {size for _, size in played[lane].stairs.drops()} == {STEP}


def test_every_call_of_a_tick_was_the_last_of_an_operator(played: Mapping[str, Played]) -> None:
    killed = [play.struck for lane, play in played.items() if lane.startswith("killed")]
    assert {request for struck in killed for request in struck} == set(CALLS)
