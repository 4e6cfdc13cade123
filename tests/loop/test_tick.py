"""One tick: the order of its calls, and what stops whom when something goes wrong."""

import logging

import pytest

from ebbtide.adapters.embedded.cluster import Call
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotLeading
from ebbtide.loop.ports.cluster import Json
from tests.loop.world import World, fails, target, two_growing


def test_the_intent_is_on_record_before_the_act() -> None:
    world = World()
    world.add(replicas=100, level=120.0)
    seen: list[Json] = []
    world.trouble = lambda call: seen.append(world.status()) if call.verb == "scale" else None
    world.tick()
    assert world.verbs() == ["list", "status", "scale", "event", "status"]
    assert (seen[0]["intent"]["from"], seen[0]["intent"]["to"]) == (100, 120)
    assert seen[0]["lastStep"]["to"] == 120
    assert "intent" not in world.status()
    assert [d["to"] for d in world.status()["decisions"]] == [120]


def test_a_tick_tells_what_was_decided_and_times_its_steps() -> None:
    world = two_growing()
    tick = world.tick()
    assert tick.leading
    assert sorted(tick.accounts) == ["live/edge", "live/origin"]
    assert tick.accounts["live/edge"].outcome.decision.replicas == 120
    step = tick.accounts["live/edge"].step
    assert step
    assert (step.before, step.after) == (100, 120)
    assert list(tick.seconds) == ["renew", "survey", "read", "forecast", "put back", "decide"]
    assert not tick.failures


@pytest.mark.parametrize(
    ("verb", "error"),
    [
        ("status", ClusterUnavailable("timeout")),
        ("status", Conflict("409")),
        ("status", KeyError("a mistake of ours")),
        ("scale", Conflict("409")),
        ("scale", Forbidden("403")),
        ("scale", KeyError("a mistake of ours")),
        ("get", ClusterUnavailable("timeout")),
    ],
)
def test_the_failure_of_one_workload_stops_no_other(verb: str, error: Exception) -> None:
    world = two_growing()
    world.trouble = fails("edge", verb, error)
    tick = world.tick()
    assert list(tick.failures) == ["live/edge"]
    assert world.replicas("origin") == 120
    assert world.replicas("edge") == 100
    world.trouble = lambda _: None
    world.tick()
    assert world.replicas("edge") == 120


def test_an_event_that_cannot_be_written_stops_nothing() -> None:
    world = two_growing()
    world.trouble = fails("edge", "event", ClusterUnavailable("timeout"))
    assert not world.tick().failures
    assert world.replicas("edge") == 120


def test_a_status_that_has_changed_means_no_act() -> None:
    world = two_growing()
    world.trouble = fails("edge", "status", Conflict("the object has changed"))
    world.tick()
    assert world.verbs().count("scale") == 1
    assert world.replicas("edge") == 100


def test_a_step_that_fails_is_told_once_and_tried_again() -> None:
    world = World()
    world.add(replicas=100, level=120.0)
    world.trouble = fails("edge", "scale", Forbidden("403"))
    world.run(3)
    assert [a.warning for a in world.cluster.announcements if a.reason == "FailedRescale"] == [True]
    assert "decisions" not in world.status() or not world.status()["decisions"]
    world.trouble = lambda _: None
    world.tick()
    assert world.replicas() == 120


def test_a_step_whose_confirmation_fails_is_told_all_the_same() -> None:
    world = World()
    world.add(replicas=100, level=120.0)
    writes = iter(range(10))

    def trouble(call: Call) -> None:
        if call.verb == "status" and not call.done and next(writes) == 1:
            raise Conflict("the object has changed")

    world.trouble = trouble
    assert list(world.tick().failures) == ["live/edge"]
    world.tick()
    assert [d["to"] for d in world.status()["decisions"]] == [120]
    assert world.reasons().count("SuccessfulRescale") == 1


def test_a_survey_that_fails_decides_nothing() -> None:
    world = two_growing()

    def trouble(call: Call) -> None:
        raise ClusterUnavailable("down")

    world.trouble = trouble
    with pytest.raises(ClusterUnavailable):
        world.tick()
    assert world.cluster.changes == []


class Follower:
    """Leadership that somebody else has."""

    held = False

    def renew(self) -> None:
        """Stand by."""

    def keep(self) -> None:
        """Stand by."""


def test_a_follower_neither_reads_nor_writes() -> None:
    world = two_growing()
    world.leadership = Follower()
    world.restart()
    tick = world.tick()
    assert not tick.leading
    assert world.verbs() == []


def test_leadership_that_ends_in_mid_tick_ends_all_writes() -> None:
    world = two_growing()

    def trouble(call: Call) -> None:
        if call.verb in {"scale", "status"} and not call.done and call.name == "live/origin":
            raise NotLeading("leadership is not certain any more")
        if call.verb == "scale" and not call.done:
            raise NotLeading("leadership is not certain any more")

    world.trouble = trouble
    tick = world.tick()
    assert sorted(tick.failures) == ["live/edge", "live/origin"]
    assert world.cluster.changes == []
    assert world.reasons() == []
    world.trouble = lambda _: None
    world.tick()
    assert world.replicas("edge") == world.replicas("origin") == 120


def test_leadership_is_seen_to_before_each_workload_as_a_tick_may_take_long() -> None:
    world, kept = two_growing(), list[str]()
    world.leadership.keep = lambda: kept.append(world.verbs()[-1])  # type: ignore[method-assign]
    world.tick()
    assert kept == ["list", "status"]


def test_who_is_told_to_stop_begins_with_no_further_workload() -> None:
    world = two_growing()
    world.goes_on = lambda: "scale" not in {call.verb for call in world.calls}
    world.restart()
    tick = world.tick()
    assert list(tick.accounts) == ["live/edge"]
    assert (world.replicas("edge"), world.replicas("origin")) == (120, 100)
    assert world.status("origin") == {}


def test_nothing_is_written_to_a_world_that_is_as_it_was() -> None:
    world = World()
    world.add()
    world.run(1)
    world.verbs()
    world.run(3)
    assert set(world.verbs()) == {"list"}


def test_each_step_each_phase_and_each_change_by_others_is_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.add(replicas=100, level=120.0)
    with caplog.at_level(logging.INFO, "ebbtide.loop"):
        world.run(0.5)
        world.cluster.scale(target("edge"), 130)
        world.override("war", minutes=9, phase="War")
        world.tick()
    said = [line for line in caplog.records if getattr(line, "workload", "") == "live/edge"]
    step, phase, hand = (line.getMessage() for line in said)
    assert step.startswith("live/edge: Peace: 100 -> 120 replicas (")
    assert phase == "live/edge: phase Peace -> War"
    assert hand.startswith("live/edge: kubectl has changed replicas from 120 to 130 by hand")
    assert (said[0].__dict__["step"]["from"], said[0].__dict__["step"]["to"]) == (100, 120)
