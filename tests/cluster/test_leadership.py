"""Two operators and one Lease: one of them leads, and the other follows it without a gap."""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from tests.cluster.audit_log import Request
from tests.cluster.ebbtide_objects import LEASE, RULES, grant, install
from tests.cluster.feed import Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import (
    LEASE_SECONDS,
    REQUEST_TIMEOUT,
    Operator,
    events_of,
    home_of,
)
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import DIP, PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 100
STEP = 1
LEAST = 5
"""Steps that have to be seen."""
DESCENT = {"maxStep": "1%", "soak": f"{SOAK}s", "window": DIP}
"""Steps enough for four leaders, however long each of them takes to start."""

pytestmark = pytest.mark.prometheus


class Turn(NamedTuple):
    """How one leader followed another, by the API server's own record."""

    left: float
    """When the one before wrote the Lease for the last time: a renewal, or its release."""
    taken: float
    looks: Sequence[Request]
    """Those of its successor at the Lease since, up to the one at which it took it."""


class Seen(NamedTuple):
    """What was seen of a descent under four leaders in turn."""

    turns: Mapping[str, Turn]
    """By how the one before ended."""
    leaders: list[str]
    stairs: Staircase
    steps: list[tuple[str, str]]
    """When and by which operator a step was announced, in order."""
    traces: list[str]


@dataclass
class Relay:
    """Operators that follow one another, each under an account of its own."""

    plane: Plane
    home: str
    prometheus: str
    stack: ExitStack
    operators: list[Operator] = field(default_factory=list)

    def enter(self) -> Operator:
        """Start one more operator, and wait until it looks at the Lease of the one that leads."""
        account = f"leader-{len(self.operators)}"
        grant(self.plane, self.home, account, RULES)
        access = self.plane.kubeconfig_for(account, self.home)
        fresh = Operator(self.plane, self.home, {"default": self.prometheus}, kubeconfig=access)
        self.operators.append(self.stack.enter_context(fresh))
        if len(self.operators) > 1:
            self.plane.wait(lambda: fresh.said("standing by"), 30, "it stands by")
        return fresh

    def lead(self, operator: Operator) -> None:
        """Wait until an operator has the Lease."""

        def leads() -> bool:
            operator.process.check()
            lease = self.plane.get("lease", "ebbtide", namespace=self.home)
            return str(lease["spec"].get("holderIdentity") or "").startswith(operator.name)

        self.plane.wait(leads, 30, "it has the Lease")

    def turn(self, old: Operator, new: Operator) -> Turn:
        """Wait until one is followed by the other."""
        self.lead(new)
        taken = self.plane.wait(lambda: self._asked(new, "update"), 30, "it is on record")[0]
        left = [one for one in self._asked(old, "update") if one.received < taken.received][-1]
        looks = self._asked(new, "get")
        since = [one for one in looks if left.answered < one.received < taken.received]
        return Turn(left.received, taken.received, since)

    def _asked(self, operator: Operator, verb: str) -> list[Request]:
        """What an operator has asked for its Lease."""
        account = f"leader-{self.operators.index(operator)}"
        requests = self.plane.audit(self.home).requests()
        return [each for each in requests if each[:3] == (account, verb, "leases")]

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
        plane.apply(LEASE, namespace=home)
        watch = stack.enter_context(Watch(plane, home))
        relay = Relay(plane, home, live_prometheus.url, stack)
        turns = _one_after_the_other(relay)
        plane.wait(lambda: len(watch.of(APP).drops()) >= LEAST, 30, "steps enough")
        traces = [trace for operator in relay.operators for trace in operator.stack_traces]
        leaders = [operator.name for operator in relay.operators]
        return Seen(turns, leaders, watch.until_now(APP), relay.steps(), traces)


def _one_after_the_other(relay: Relay) -> dict[str, Turn]:
    """Let three leaders end and a fourth lead; return how each of those was followed."""
    first = relay.enter()
    relay.lead(first)
    second = relay.enter()
    _one_more_step(relay, first)
    first.stop()
    turns = {"asked to end": relay.turn(first, second)}
    third = relay.enter()
    _one_more_step(relay, second)
    second.kill()
    turns["killed"] = relay.turn(second, third)
    fourth = relay.enter()
    _one_more_step(relay, third)
    third.process.pause()
    turns["frozen"] = relay.turn(third, fourth)
    heard = len(third.said("standing by"))
    third.process.resume()
    relay.plane.wait(lambda: len(third.said("standing by")) > heard, 30, "the frozen one is awake")
    _one_more_step(relay, fourth)
    return turns


def _one_more_step(relay: Relay, leader: Operator) -> None:
    before = len(relay.steps())

    def taken() -> bool:
        return any(name == leader.name for _, name in relay.steps()[before:])

    relay.plane.wait(taken, 30, "the one that leads takes a step")


def test_a_leader_that_is_asked_to_end_is_followed_at_the_next_look(seen: Seen) -> None:
    assert len(seen.turns["asked to end"].looks) <= 1


@pytest.mark.parametrize("ended", ["killed", "frozen"])
def test_a_leader_that_falls_silent_is_followed_once_its_lease_has_run_out(
    seen: Seen, ended: str
) -> None:
    left, taken, looks = seen.turns[ended]
    assert taken - left >= LEASE_SECONDS
    # Its successor sees the last renewal at a look of its own, and counts from there.
    first, *_, in_vain, _ = looks
    assert in_vain.received <= first.answered + LEASE_SECONDS + REQUEST_TIMEOUT


def test_leaders_write_one_after_the_other_and_never_in_turns(seen: Seen) -> None:
    writers = [name for name, _ in itertools.groupby(name for _, name in seen.steps)]
    assert writers == [name for name in seen.leaders if name in writers]
    assert len(writers) >= 3
    assert seen.leaders[-1] in writers


def test_the_pace_holds_over_every_change_of_leader(seen: Seen) -> None:
    print(seen.stairs.told(APP, SOAK))
    assert seen.stairs.largest_drop(SOAK) == STEP
    assert len(seen.stairs.drops()) >= LEAST


def test_no_leader_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
