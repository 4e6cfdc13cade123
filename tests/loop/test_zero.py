"""A workload that nobody needs has no replicas; the first who comes has one at the next tick."""

from typing import Any

from ebbtide.planning.demand.series import DemandSeries
from tests.loop.world import BEFORE, World, levels
from tests.policies.builders import NAN

JOBS: Any = {"query": "jobs", "independent": True}


def idle(series: DemandSeries, replicas: int = 1, **more: Any) -> World:
    """A workload that may go to none, and is counted outside of its pods."""
    world = World()
    world.add("jobs", replicas=replicas, demand=JOBS | more)
    world.edit("jobs", replicas={"min": 0, "max": 9})
    world.metrics.answer("jobs", series)
    return world


def test_the_last_replica_goes_once_nobody_has_been_there_for_five_minutes() -> None:
    world = idle(levels((1.0, BEFORE - 2), (0.0, 600)))
    world.run(2)
    assert world.replicas("jobs") == 1
    world.run(20)
    assert world.replicas("jobs") == 0
    assert world.condition("MetricsAvailable", "jobs")["status"] == "True"


def test_the_first_job_brings_one_back_at_the_tick_that_sees_it() -> None:
    world = idle(levels((0.0, BEFORE + 4), (1.0, 600)))
    world.run(4)
    assert world.replicas("jobs") == 0
    world.run(0.5)
    assert world.replicas("jobs") == 0
    world.tick()
    assert world.replicas("jobs") >= 1


def test_doubt_that_lasts_brings_one_back() -> None:
    world = idle(levels((0.0, BEFORE + 4), (NAN, 600)))
    world.run(5)
    assert world.replicas("jobs") == 0
    world.run(6)
    assert world.replicas("jobs") == 1
    assert world.status("jobs")["binding"]["reason"] in {"ZeroInDoubt", "DemandUnknown"}


def test_gauges_that_vanish_with_the_last_job_are_zero_where_that_is_said() -> None:
    alive = {"query": "up", "atLeast": "80%"}
    gone = levels((2.0, BEFORE - 60), (NAN, 700))
    world = idle(gone, replicas=2, whenAbsent="Zero", alive=alive)
    world.metrics.answer("up", levels((1.0, BEFORE + 600)))
    world.run(20)
    assert world.replicas("jobs") == 0


def test_what_slept_in_a_quiet_phase_wakes_when_that_is_over() -> None:
    world = idle(levels((0.0, BEFORE + 600)))
    world.edit("jobs", replicas={"min": 2, "max": 9, "when": {"Ebb": {"min": 0}}})
    world.override("night", minutes=20, phase="Ebb")
    world.run(15)
    assert world.replicas("jobs") == 0
    world.run(10)
    assert world.replicas("jobs") == 2


def test_what_slept_wakes_when_it_may_sleep_no_more() -> None:
    world = idle(levels((0.0, BEFORE + 600)))
    world.run(15)
    assert world.replicas("jobs") == 0
    world.edit("jobs", replicas={"min": 2, "max": 9})
    world.run(1)
    assert world.replicas("jobs") == 2
