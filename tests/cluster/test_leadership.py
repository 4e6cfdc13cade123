"""Two operators and one Lease: one of them leads, and the other follows it without a gap."""

import itertools
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import (
    LEASE_SECONDS,
    REQUEST_TIMEOUT,
    TICK,
    Operator,
    events_of,
    home_of,
)
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import LATE, PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 40
STEP = 4
LOOK = TICK + REQUEST_TIMEOUT
"""The longest from one look of an operator at the Lease to its next."""
LOOKS_AT_THE_LEASE = 3.0
"""Seconds after which a new operator looks at the Lease at every tick."""


pytestmark = pytest.mark.prometheus


class Seen(NamedTuple):
    """What was seen of a descent under four leaders in turn."""

    waited: dict[str, float]
    """Seconds from the end of a leader to the next, by how it ended."""
    leaders: list[str]
    stairs: Staircase
    steps: list[tuple[str, str]]
    """When and by which operator a step was announced, in order."""
    traces: list[str]


@dataclass
class Relay:
    """Operators that follow one another."""

    plane: Plane
    home: str
    prometheus: str
    stack: ExitStack
    operators: list[Operator] = field(default_factory=list)

    def enter(self) -> Operator:
        """Start one more operator."""
        fresh = Operator(self.plane, self.home, {"default": self.prometheus})
        self.operators.append(self.stack.enter_context(fresh))
        return fresh

    def until_leads(self, operator: Operator) -> float:
        """Wait until the Lease is that of an operator; return how long it took."""
        begun = time.monotonic()
        self.plane.wait(lambda: self._leads(operator), 30, "it is followed")
        return time.monotonic() - begun

    def _leads(self, operator: Operator) -> bool:
        operator.process.check()
        leases = self.plane.items("lease", namespace=self.home)
        holders = [str(lease["spec"].get("holderIdentity") or "") for lease in leases]
        return any(holder.startswith(operator.name) for holder in holders)


@pytest.fixture(scope="module")
def seen(plane: Plane, live_prometheus: PrometheusServer) -> Seen:
    """Let one leader after the other end: asked to, killed, frozen."""
    install(plane)
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "leadership"))
        stack.enter_context(Feed(live_prometheus, {APP: constant(0.5 * PER_REPLICA)}))
        start_fleets(plane, home, [APP], FLEET)
        plane.apply(care(APP), namespace=home)
        watch = stack.enter_context(Watch(plane, home))
        relay = Relay(plane, home, live_prometheus.url, stack)
        first = relay.enter()
        relay.until_leads(first)
        second = relay.enter()
        plane.wait(lambda: 0 < watch.now(APP) < FLEET, 30, "the descent begins")
        time.sleep(LOOKS_AT_THE_LEASE)
        first.stop()
        waited = {"asked to end": relay.until_leads(second)}
        third = relay.enter()
        time.sleep(LOOKS_AT_THE_LEASE)
        second.kill()
        waited["killed"] = relay.until_leads(third)
        fourth = relay.enter()
        time.sleep(LOOKS_AT_THE_LEASE)
        third.process.pause()
        waited["frozen"] = relay.until_leads(fourth)
        third.process.resume()
        time.sleep(SOAK + 3)
        steps = [
            (str(event["eventTime"]), str(event["reportingInstance"]).rpartition("-")[0])
            for event in events_of(plane, home, APP)
            if event["reason"] == "SuccessfulRescale"
        ]
        traces = [trace for operator in relay.operators for trace in operator.stack_traces]
        leaders = [operator.name for operator in relay.operators]
        return Seen(waited, leaders, watch.of(APP), sorted(steps), traces)


def test_a_leader_that_is_asked_to_end_is_followed_at_the_next_look(seen: Seen) -> None:
    assert seen.waited["asked to end"] <= LOOK


@pytest.mark.parametrize("ended", ["killed", "frozen"])
def test_a_leader_that_falls_silent_is_followed_once_its_lease_has_run_out(
    seen: Seen, ended: str
) -> None:
    # It may have renewed the Lease a look before it fell silent. Its successor counts from the
    # look at which it saw that, and may be one look short of the whole time at the one after.
    assert LEASE_SECONDS - LOOK <= seen.waited[ended] <= LEASE_SECONDS + 2 * LOOK


def test_leaders_write_one_after_the_other_and_never_in_turns(seen: Seen) -> None:
    writers = [name for name, _ in itertools.groupby(name for _, name in seen.steps)]
    assert writers == [name for name in seen.leaders if name in writers]
    assert len(writers) >= 3
    assert seen.leaders[-1] in writers


def test_the_pace_holds_over_every_change_of_leader(seen: Seen) -> None:
    print(seen.stairs.told(APP, SOAK - LATE), seen.waited)
    assert seen.stairs.largest_drop(SOAK - LATE) == STEP
    assert len(seen.stairs.drops()) >= 5


def test_no_leader_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
