"""Two operators and one Lease: one of them leads, and the other follows it without a gap."""

import itertools
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from ebbtide.api.timestamps import epoch
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import (
    LEASE_SECONDS,
    LOOK,
    Operator,
    events_of,
    home_of,
)
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import DIP, PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 40
STEP = 1
LEAST = 5
"""Steps that have to be seen."""
DESCENT = {"maxStep": "2.5%", "soak": f"{SOAK}s", "window": DIP}
"""Steps enough for four leaders, however long each of them takes to start."""

pytestmark = pytest.mark.prometheus


class Seen(NamedTuple):
    """What was seen of a descent under four leaders in turn."""

    waited: dict[str, float]
    """Seconds until the next leader had the Lease, by how the one before ended: since it had, or
    since its last renewal."""
    leaders: list[str]
    stairs: Staircase
    steps: list[tuple[str, str]]
    """When and by which operator a step was announced, in order."""
    traces: list[str]


@dataclass
class Relay:
    """Operators that follow one another; all times are those in the Lease."""

    plane: Plane
    home: str
    prometheus: str
    stack: ExitStack
    operators: list[Operator] = field(default_factory=list)

    def enter(self) -> Operator:
        """Start one more operator, and wait until it looks at the Lease of the one that leads."""
        fresh = Operator(self.plane, self.home, {"default": self.prometheus})
        self.operators.append(self.stack.enter_context(fresh))
        if len(self.operators) > 1:
            self.plane.wait(lambda: fresh.said("standing by"), 30, "it stands by")
        return fresh

    def acquired(self, operator: Operator) -> float:
        """Wait until the Lease is that of an operator; return since when."""
        self.plane.wait(lambda: self._leads(operator), 30, "it is followed")
        return epoch(self._lease()["acquireTime"])

    def renewed(self) -> float:
        """The last renewal of an operator that will make no more."""
        return epoch(self._lease()["renewTime"])

    def _leads(self, operator: Operator) -> bool:
        operator.process.check()
        return str(self._lease().get("holderIdentity") or "").startswith(operator.name)

    def _lease(self) -> dict[str, Any]:
        leases = self.plane.items("lease", namespace=self.home)
        return dict(leases[0]["spec"]) if leases else {}

    def steps(self) -> list[tuple[str, str]]:
        """The steps that were announced: when, and by which operator."""
        return sorted(
            (str(event["eventTime"]), str(event["reportingInstance"]).rpartition("-")[0])
            for event in events_of(self.plane, self.home, APP)
            if event["reason"] == "SuccessfulRescale"
        )


@pytest.fixture(scope="module")
def seen(plane: Plane, live_prometheus: PrometheusServer) -> Seen:
    """Let one leader after the other end: asked to, killed, frozen."""
    install(plane)
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "leadership"))
        stack.enter_context(Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}))
        start_fleets(plane, home, [APP], FLEET)
        plane.apply(care(APP, policies={"descent": DESCENT}), namespace=home)
        watch = stack.enter_context(Watch(plane, home))
        relay = Relay(plane, home, live_prometheus.url, stack)
        waited = _one_after_the_other(relay)
        plane.wait(lambda: len(watch.of(APP).drops()) >= LEAST, 30, "steps enough")
        traces = [trace for operator in relay.operators for trace in operator.stack_traces]
        leaders = [operator.name for operator in relay.operators]
        return Seen(waited, leaders, watch.of(APP), relay.steps(), traces)


def _one_after_the_other(relay: Relay) -> dict[str, float]:
    """Let three leaders end and a fourth lead; return how long each of those was waited for."""
    first = relay.enter()
    relay.acquired(first)
    second = relay.enter()
    _one_more_step(relay, first)
    first.stop()
    ended = time.time()
    waited = {"asked to end": relay.acquired(second) - ended}
    third = relay.enter()
    _one_more_step(relay, second)
    second.kill()
    renewed = relay.renewed()
    waited["killed"] = relay.acquired(third) - renewed
    fourth = relay.enter()
    _one_more_step(relay, third)
    third.process.pause()
    renewed = relay.renewed()
    waited["frozen"] = relay.acquired(fourth) - renewed
    heard = len(third.said("standing by"))
    third.process.resume()
    relay.plane.wait(lambda: len(third.said("standing by")) > heard, 30, "the frozen one is awake")
    _one_more_step(relay, fourth)
    return waited


def _one_more_step(relay: Relay, leader: Operator) -> None:
    before = len(relay.steps())

    def taken() -> bool:
        return any(name == leader.name for _, name in relay.steps()[before:])

    relay.plane.wait(taken, 30, "the one that leads takes a step")


def test_a_leader_that_is_asked_to_end_is_followed_at_the_next_look(seen: Seen) -> None:
    assert seen.waited["asked to end"] <= LOOK


@pytest.mark.parametrize("ended", ["killed", "frozen"])
def test_a_leader_that_falls_silent_is_followed_once_its_lease_has_run_out(
    seen: Seen, ended: str
) -> None:
    # Its successor sees the last renewal at a look of its own, counts from there, and may be one
    # look short of the whole time at the one after.
    assert LEASE_SECONDS <= seen.waited[ended] <= LEASE_SECONDS + 2 * LOOK


def test_leaders_write_one_after_the_other_and_never_in_turns(seen: Seen) -> None:
    writers = [name for name, _ in itertools.groupby(name for _, name in seen.steps)]
    assert writers == [name for name in seen.leaders if name in writers]
    assert len(writers) >= 3
    assert seen.leaders[-1] in writers


def test_the_pace_holds_over_every_change_of_leader(seen: Seen) -> None:
    print(seen.stairs.told(APP, SOAK), seen.waited)
    assert seen.stairs.largest_drop(SOAK) == STEP
    assert len(seen.stairs.drops()) >= LEAST


def test_no_leader_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
