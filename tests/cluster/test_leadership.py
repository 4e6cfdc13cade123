"""Two operators and one Lease: one of them leads, and the other follows it without a gap."""

import itertools
import time
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Feed, constant
from tests.cluster.operator import LEASE_SECONDS, TICK, Operator, events_of, home_of
from tests.cluster.plane import Plane
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

APP = "edge"
FLEET = 40
STEP = 4
LATE = 0.5
"""By how much the clock on the wall may see a step late: a step is due at a tick."""


class Seen(NamedTuple):
    """What was seen of a descent under four leaders in turn."""

    after_sigterm: float
    after_sigkill: float
    after_sigstop: float
    leaders: list[str]
    stairs: Staircase
    steps: list[tuple[str, str]]
    """When and by which operator a step was announced, in order."""
    traces: list[str]


def leader(plane: Plane, home: str) -> str:
    """The name of the operator that holds the Lease; empty when none does."""
    if not plane.items("lease", namespace=home):
        return ""
    spec = plane.get("lease", "ebbtide", namespace=home)["spec"]
    return str(spec.get("holderIdentity") or "").rpartition("-")[0]


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
        started: list[Operator] = []

        def another() -> Operator:
            fresh = Operator(plane, home, {"default": live_prometheus.url})
            started.append(stack.enter_context(fresh))
            return fresh

        def leads(operator: Operator) -> bool:
            operator.process.check()
            return leader(plane, home) == operator.name

        def until_leads(follower: Operator, patience: float) -> float:
            begun = time.monotonic()
            plane.wait(lambda: leads(follower), patience, "it is followed")
            return time.monotonic() - begun

        first = another()
        until_leads(first, 30)
        second = another()
        plane.wait(lambda: 0 < watch.now(APP) < FLEET, 30, "the descent begins")
        time.sleep(2)  # by now the second one looks at the Lease at every tick
        first.stop()
        after_sigterm = until_leads(second, 30)
        third = another()
        time.sleep(3)
        second.kill()
        after_sigkill = until_leads(third, 30)
        fourth = another()
        time.sleep(3)
        third.process.pause()
        after_sigstop = until_leads(fourth, 30)
        third.process.resume()
        time.sleep(SOAK + 3)
        steps = [
            (str(event["eventTime"]), str(event["reportingInstance"]).rpartition("-")[0])
            for event in events_of(plane, home, APP)
            if event["reason"] == "SuccessfulRescale"
        ]
        return Seen(
            after_sigterm,
            after_sigkill,
            after_sigstop,
            [operator.name for operator in started],
            watch.of(APP),
            sorted(steps),
            [trace for operator in started for trace in operator.stack_traces],
        )


def test_a_leader_that_is_asked_to_end_is_followed_within_a_few_ticks(seen: Seen) -> None:
    assert seen.after_sigterm <= 3 * TICK


@pytest.mark.parametrize("ended", ["after_sigkill", "after_sigstop"])
def test_a_leader_that_falls_silent_is_followed_once_its_lease_has_run_out(
    seen: Seen, ended: str
) -> None:
    assert LEASE_SECONDS - 2 * TICK <= getattr(seen, ended) <= LEASE_SECONDS + 3 * TICK


def test_leaders_write_one_after_the_other_and_never_in_turns(seen: Seen) -> None:
    writers = [name for name, _ in itertools.groupby(name for _, name in seen.steps)]
    assert writers == [name for name in seen.leaders if name in writers]
    assert len(writers) >= 3
    assert seen.leaders[-1] in writers


def test_the_pace_holds_over_every_change_of_leader(seen: Seen) -> None:
    assert seen.stairs.largest_drop(SOAK - LATE) == STEP
    assert len(seen.stairs.drops()) >= 5


def test_no_leader_saw_an_error_that_it_did_not_expect(seen: Seen) -> None:
    assert not seen.traces
