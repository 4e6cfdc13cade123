"""Users fare worse after a step: on a real cluster it is taken back within one tick."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from ebbtide.api.timestamps import epoch
from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import Demand, Feed, constant, query
from tests.cluster.plane import PATIENCE, Plane
from tests.cluster.running_operator import (
    LOOK,
    Operator,
    condition,
    events_of,
    home_of,
    status_of,
)
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import DIP, FREEZE, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

APP, STALL = "edge", "stall"
FLEET, STEP = 30, 3
GOOD, BAD = 0.004, 0.05
MINUTE = 60.0
DELAY = 1
"""Seconds after a minute from which on it is looked at."""
STALLS = {"query": query(STALL), "atMost": 0.01, "delay": f"{DELAY}s", "window": "1m"}
GATE = {"signals": {"stall": STALLS}}
POLICIES = {
    "descent": {"maxStep": "10%", "soak": f"{SOAK}s", "window": DIP},
    "experienceGate": GATE,
}


class Story(NamedTuple):
    """What came of a fleet whose users fare worse from its first step on."""

    stairs: Staircase
    first: float
    """The first whole minute in which the breach could be seen."""
    last: float
    """The first whole minute in which it had to be seen: the same, but on a machine that is slow
    just as one minute ends."""
    status: dict[str, Any]
    """As it was right after the rollback."""
    reasons: set[str]
    traces: list[str]


class Stall:
    """A stall ratio that turns bad when it is told to."""

    def __init__(self) -> None:
        self.bad = threading.Event()
        self.turned = 0.0
        """The moment of the first bad sample; before it, zero."""

    def __call__(self, moment: float) -> float:
        if not self.bad.is_set():
            return GOOD
        self.turned = self.turned or moment
        return BAD


@pytest.fixture(scope="module")
def story(plane: Plane, live_prometheus: PrometheusServer) -> Iterator[Story]:
    """Let a fleet descend, and its users fare badly from the first step on."""
    install(plane)
    stall = Stall()
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "experience"))
        feeds: dict[str, Demand] = {APP: constant(100.0), STALL: stall}
        feed = stack.enter_context(Feed(live_prometheus, feeds))
        start_fleets(plane, home, [APP], FLEET)
        watch = stack.enter_context(Watch(plane, home))
        plane.apply(care(APP, policies=POLICIES), namespace=home)
        plane.apply(FREEZE, namespace=home)
        operator = stack.enter_context(Operator(plane, home, {"default": live_prometheus.url}))
        plane.wait(lambda: status_of(plane, home, APP), 60, "it is decided on")
        _until_a_minute_has_seconds_left(30.0)
        plane.kubectl("delete", "capacityoverride", "freeze-1", f"-n={home}")
        plane.wait(lambda: watch.now(APP) == FLEET - STEP, 60, "the first step is taken")
        stall.bad.set()
        turned = plane.wait(lambda: stall.turned, 10, "users fare badly")
        plane.wait(lambda: feed.arrived >= turned, 10, "it can be seen")
        last = _minute_after(time.time())
        plane.wait(lambda: watch.now(APP) == FLEET, 90, "it is taken back")
        status = plane.wait(lambda: _confirmed(plane, home), 10, "the rollback is confirmed")
        time.sleep(SOAK)  # long enough for a step that is taken in spite of it
        operator.stop()
        stairs, told = watch.until_now(APP), events_of(plane, home, APP)
        yield Story(
            stairs=stairs,
            first=_minute_after(turned),
            last=last,
            status=status,
            reasons={event["reason"] for event in told},
            traces=operator.stack_traces,
        )


def _confirmed(plane: Plane, home: str) -> dict[str, Any]:
    """The status, once the step on record is known to have been taken; nothing before."""
    status = status_of(plane, home, APP)
    return {} if "intent" in status else status


def _until_a_minute_has_seconds_left(seconds: float) -> None:
    """Wait for the next minute if this one is about to end: a step falls well inside one."""
    left = MINUTE - time.time() % MINUTE
    if left < seconds:
        time.sleep(left)


def _minute_after(moment: float) -> float:
    return -(-moment // MINUTE) * MINUTE


def test_it_is_taken_back_in_the_tick_that_sees_it(story: Story) -> None:
    at_risk = condition(story.status, "ExperienceAtRisk")
    assert story.status["decisions"][-1]["at"] == at_risk["lastTransitionTime"]
    seen = epoch(at_risk["lastTransitionTime"])
    assert story.first <= seen <= story.last + DELAY + PATIENCE * LOOK
    assert len(story.stairs.changes[2:]) == 1


def test_no_second_step_was_taken_blindly_before(story: Story) -> None:
    assert story.stairs.replicas == [FLEET, FLEET - STEP, FLEET]


def test_the_status_says_so_and_remembers(story: Story) -> None:
    at_risk = condition(story.status, "ExperienceAtRisk")
    assert (at_risk["status"], at_risk["reason"]) == ("True", "ExperienceRollback")
    assert story.status["memory"]["experienceGate"]["factor"] == 2
    assert story.status["decisions"][-1]["reason"] == "ExperienceRollback"


def test_the_events_say_so(story: Story) -> None:
    assert {"ExperienceRollback", "SuccessfulRescale"} <= story.reasons


def test_nothing_went_wrong_meanwhile(story: Story) -> None:
    assert story.traces == []
