"""The cadence: fixed moments, never two at once, late ones collapsed, a stop that waits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.adapters.embedded.cluster import Call
from ebbtide.api.capacity_policy.objective import Reckoned
from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.runner import Missed, next_due, run
from ebbtide.loop.tick import Tick
from tests.fast_clock import FastClock
from tests.loop.when_told import WhenTold
from tests.loop.world import NOON, World, fallen


class Watched:
    """A loop that runs on a clock, each tick of which takes its time."""

    def __init__(self, takes: Sequence[float] = (), seconds: float = 60.0) -> None:
        self.world = World()
        self.world.add(replicas=100, level=120.0)
        self.clock = FastClock(NOON + 7.0, end=NOON + seconds)
        self.world.stopwatch = self.clock.now
        self.world.restart()
        self.takes = list(takes)
        self.told: list[Tick | Missed] = []
        self.world.trouble = self.pass_time

    def pass_time(self, call: Call) -> None:
        """The survey is where a tick takes its time."""
        self.world.time = self.clock.now()
        if (call.verb, call.done) == ("list", False) and self.takes:
            self.clock.sleep(self.clock.now() + self.takes.pop(0))

    def run(self) -> None:
        run(self.world.loop, self.clock, 15.0, self.told.append)

    @property
    def ticks(self) -> Sequence[float]:
        """The moments that decisions were made for."""
        return [told.now - NOON for told in self.told if isinstance(told, Tick)]


def reckoning(world: World) -> None:
    """Let the past of its workload be replayed, which goes on for longer than anything else."""
    world.rules = replace(world.rules, reckon=lambda _: Reckoned({}, "", 0, 0.0, 1.0))
    world.leisure = WhenTold()
    world.edit(objective={"unserved": "0.01%"})
    world.restart()


def test_ticks_come_at_fixed_moments_however_long_they_take() -> None:
    watched = Watched(takes=[3.0, 14.0, 1.0])
    watched.run()
    assert watched.ticks == [7, 15, 30, 45]


def test_ticks_that_come_late_collapse_into_one_and_are_counted() -> None:
    watched = Watched(takes=[1.0, 40.0], seconds=120.0)
    watched.run()
    assert watched.ticks == [7, 15, 55, 60, 75, 90, 105]
    assert [told for told in watched.told if isinstance(told, Missed)] == [Missed(NOON + 45, 1)]


def test_a_tick_that_fails_as_a_whole_is_told_and_the_next_one_comes() -> None:
    watched = Watched()
    failures = [ClusterUnavailable("down")]

    def trouble(call: Call) -> None:
        watched.pass_time(call)
        if failures:
            raise failures.pop()

    watched.world.trouble = trouble
    watched.run()
    assert watched.told[0] == Missed(NOON + 7, 0, "down")
    assert watched.ticks == [15, 30, 45]


def test_a_stop_finishes_the_tick_that_goes_on() -> None:
    watched = Watched()

    def trouble(call: Call) -> None:
        watched.pass_time(call)
        if call.verb == "status":
            watched.clock.stop()

    watched.world.trouble = trouble
    watched.run()
    assert watched.ticks == [7]
    assert watched.world.replicas() == 120
    assert "intent" not in watched.world.status()


def test_a_stop_leaves_the_record_in_order() -> None:
    watched = Watched(seconds=45.0)
    reckoning(watched.world)
    watched.run()
    assert len(watched.ticks) == 3
    assert "tuningAttempt" not in watched.world.status()


def test_a_stop_that_can_not_be_put_on_record_ends_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched(seconds=45.0)
    reckoning(watched.world)

    def trouble(call: Call) -> None:
        watched.pass_time(call)
        if call.verb == "list" and len(watched.ticks) == 3:
            raise ClusterUnavailable("down")

    watched.world.trouble = trouble
    watched.run()
    assert watched.world.status()["tuningAttempt"]["times"] == 1
    assert "stays on record, and counts as cut off: down" in caplog.text


@pytest.mark.parametrize("takes", [0.0, 0.4, 2.0])
def test_a_soak_that_ends_between_two_ticks_gets_one_of_its_own(takes: float) -> None:
    watched = Watched(takes=[takes] * 99, seconds=900.0)
    watched.world.metrics.answer("edge", fallen(100.0, 10.0))
    watched.run()
    steps = [change.at - NOON for change in watched.world.cluster.changes]
    gaps = np.diff(steps)
    assert len(steps) > 5
    assert gaps.min() >= 60.0
    assert gaps.max() <= 60.0 + 2 * takes + 1e-3


@pytest.mark.parametrize("period", [15.0, 20.0])
def test_so_does_a_period_of_scaling_up(period: float) -> None:
    """The first tick is at no fixed moment, so the periods that follow begin at none either."""
    watched = Watched(seconds=150.0)
    watched.world.edit(policies={"rate": {"share": "10%", "period": f"{period:.0f}s"}})
    watched.world.metrics.answer("edge", fallen(1000.0, 1000.0))
    watched.run()
    rises = [change.at - NOON for change in watched.world.cluster.changes]
    assert rises == [7.0 + period * patch for patch in range(len(rises))]
    assert len(rises) == np.ceil((150.0 - 7.0) / period)


def test_a_soak_that_goes_on_takes_no_tick_away() -> None:
    watched = Watched(seconds=300.0)
    watched.world.metrics.answer("edge", fallen(100.0, 10.0))
    watched.run()
    between = [67.0, 127.0, 187.0, 247.0]
    assert watched.ticks == sorted([7.0, *(15.0 * tick for tick in range(1, 20)), *between])


def test_a_step_rests_from_when_it_was_taken_not_from_when_it_was_decided() -> None:
    watched = Watched(takes=[0.0] * 5 + [12.0] + [0.0] * 99, seconds=900.0)
    watched.world.metrics.answer("edge", fallen(100.0, 10.0))
    watched.run()
    steps = [change.at - NOON for change in watched.world.cluster.changes]
    assert (watched.ticks[5], steps[0]) == (67.0, 79.0)
    assert np.diff(steps).min() >= 60.0


@pytest.mark.parametrize(
    ("now", "due", "collapsed"),
    [
        pytest.param(100.0, 115.0, 0, id="at once"),
        pytest.param(114.9, 115.0, 0, id="in time"),
        pytest.param(115.0, 115.0, 0, id="at the last moment"),
        pytest.param(129.9, 115.0, 0, id="late by less than a tick"),
        pytest.param(130.0, 130.0, 1, id="a tick too late"),
        pytest.param(191.0, 190.0, 5, id="much too late"),
        pytest.param(99.9, 115.0, 0, id="a clock that is corrected by a hair"),
        pytest.param(40.0, 45.0, 0, id="a clock that is set back by a minute"),
        pytest.param(-3500.0, -3495.0, 0, id="a clock that is set back by an hour"),
    ],
)
def test_the_next_tick_is_due(now: float, due: float, collapsed: int) -> None:
    assert next_due(100.0, now, 15.0) == (due, collapsed)
