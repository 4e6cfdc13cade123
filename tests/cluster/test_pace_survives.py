"""No step is larger or earlier than the descent allows, whatever is done to it meanwhile.

Demand is low and constant, and the fleet far too large: so every tick would like to let go of more.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import MINUTE, Feed, constant
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, home_of, status_of
from tests.cluster.watch import Staircase, Watch
from tests.cluster.workloads import PER_REPLICA, SOAK, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

FLEET = 30
STEP = 3
QUICKER_SOAK = 4
QUICKER_STEP = 6
"""20 % of the fleet at the start of the descent."""


pytestmark = pytest.mark.prometheus


class Hand(NamedTuple):
    """Does something to a workload in the middle of its descent, and waits until it counts."""

    plane: Plane
    namespace: str
    app: str

    def patch(self, change: str, *flags: str) -> None:
        self.plane.kubectl(
            *("patch", "capacitypolicy", self.app, f"-n={self.namespace}", "--type=merge"),
            *flags,
            f"--patch={change}",
        )

    def until_it_counts(self) -> None:
        """Wait until a decision was made by what the policy says now."""

        def counts() -> bool:
            found = self.plane.get("capacitypolicy", self.app, namespace=self.namespace)
            seen = (found.get("status") or {}).get("observedGeneration")
            return bool(seen == found["metadata"]["generation"])

        self.plane.wait(counts, 10, f"{self.app} is decided on anew")

    def lower_max(self) -> None:
        self.patch('{"spec": {"replicas": {"max": 2}}}')

    def edit(self) -> None:
        self.patch('{"spec": {"policies": {"descent": {"maxStep": "20%", "soak": "4s"}}}}')

    def make_again(self) -> None:
        self.plane.kubectl("delete", "capacitypolicy", self.app, f"-n={self.namespace}")
        self.plane.apply(care(self.app), namespace=self.namespace)

    def drop_descent(self) -> None:
        self.patch('{"spec": {"policies": {"descent": null}}}')
        self.until_it_counts()

    def wipe(self) -> None:
        for _ in range(4):
            self.patch('{"status": null}', "--subresource=status")
            self.plane.wait(
                lambda: status_of(self.plane, self.namespace, self.app), 10, "it begins anew"
            )

    def flip(self) -> None:
        for mode in ("DryRun", "Enforce", "ScaleUpOnly", "Enforce"):
            self.patch(f'{{"spec": {{"mode": "{mode}"}}}}')
            self.until_it_counts()


DISTURBANCES: Mapping[str, Callable[[Hand], None]] = {
    "max-lowered": Hand.lower_max,
    "edited": Hand.edit,
    "made-again": Hand.make_again,
    "descent-removed": Hand.drop_descent,
    "status-wiped": Hand.wipe,
    "mode-flipped": Hand.flip,
}


GOES_ON: Mapping[str, int] = {
    "max-lowered": 1,
    "edited": 3,
    "made-again": 1,
    "status-wiped": 1,
    "mode-flipped": 1,
}
"""How many more steps are waited for after a disturbance."""


class Story(NamedTuple):
    """What was seen of one workload, and when it was disturbed."""

    stairs: Staircase
    disturbed: float
    counted: float
    """When the disturbance was over, and counted."""


@pytest.fixture(scope="module")
def stories(plane: Plane, live_prometheus: PrometheusServer) -> Mapping[str, Story]:
    """Let all workloads descend side by side, each with a disturbance of its own."""
    install(plane)
    with ExitStack() as stack:
        home = stack.enter_context(home_of(plane, "pace"))
        demand = constant(0.5 * PER_REPLICA)
        stack.enter_context(Feed(live_prometheus, dict.fromkeys(DISTURBANCES, demand)))
        start_fleets(plane, home, DISTURBANCES, FLEET)
        watch = stack.enter_context(Watch(plane, home))
        for app in DISTURBANCES:
            plane.apply(care(app), namespace=home)
        operator = stack.enter_context(Operator(plane, home, {"default": live_prometheus.url}))

        def disturbed(app: str) -> tuple[float, float]:
            below = FLEET - 2 * STEP
            plane.wait(lambda: 0 < watch.now(app) <= below, 60, f"{app} goes down")
            begun = time.time()
            DISTURBANCES[app](Hand(plane, home, app))
            ended = time.time()
            if app not in GOES_ON:
                time.sleep(2 * SOAK)  # long enough for a step that is taken in spite of it
            else:
                plane.wait(
                    lambda: len(watch.of(app).between(ended).drops()) >= GOES_ON[app],
                    8 * SOAK,
                    f"{app} goes on",
                )
            return begun, ended

        with ThreadPoolExecutor(len(DISTURBANCES)) as hands:
            moments = dict(zip(DISTURBANCES, hands.map(disturbed, DISTURBANCES), strict=True))
        operator.stop()
        assert not operator.stack_traces
        return {app: Story(watch.until_now(app), *moments[app]) for app in DISTURBANCES}


@pytest.mark.parametrize("app", [app for app in DISTURBANCES if app != "edited"])
def test_no_window_of_a_soak_sees_more_than_one_step(
    stories: Mapping[str, Story], app: str
) -> None:
    stairs = stories[app].stairs
    print(stairs.told(app, SOAK))
    assert stairs.largest_drop(SOAK) == STEP, stairs.changes
    assert stairs.between(0, stories[app].disturbed).drops()


@pytest.mark.parametrize("app", GOES_ON)
def test_the_descent_goes_on_after_it(stories: Mapping[str, Story], app: str) -> None:
    assert stories[app].stairs.between(stories[app].counted).drops()


def test_a_quicker_descent_counts_only_after_a_step_of_the_slower_one(
    stories: Mapping[str, Story],
) -> None:
    stairs, edited, _ = stories["edited"]
    after = stairs.between(edited)
    first = after.drops()[0][0]
    print(stairs.told("edited", QUICKER_SOAK))
    assert stairs.between(0, first + 1).largest_drop(SOAK) == STEP
    assert after.largest_drop(QUICKER_SOAK) == QUICKER_STEP, stairs.changes


def test_a_descent_that_nobody_names_any_more_is_the_default_one(
    stories: Mapping[str, Story],
) -> None:
    stairs, _, removed = stories["descent-removed"]
    last = stairs.between(0, removed).drops()[-1][0]
    assert not stairs.between(removed, last + MINUTE).drops(), "the default soak is a minute"
