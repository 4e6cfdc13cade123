"""Prewarm in the loop: whether it is on track, what keeps it, and the lead time it is made from."""

from typing import Any

import numpy as np
import pytest

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.ports.cluster import Json
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings
from tests.loop.test_phases import event
from tests.loop.world import World, fails, spec_of, steady, target

AUTO: Json = {"perReplica": 1, "leadTime": "Auto", "leadTimeFallback": "60s", "warmup": "10s"}


def growing(lead: float = 30.0, **spec: Any) -> World:
    """A fleet of a hundred whose pods need a while to boot."""
    world = World()
    plant = Plant(PlantSettings(lead=lead), 100, world.time, np.random.default_rng(1))
    world.cluster.add_target(target("edge"), plant)
    world.metrics.answer("edge", steady(100.0))
    given: dict[str, Any] = {"capacity": AUTO} | spec
    world.write("CapacityPolicy", "edge", spec_of("edge", **given), labels={"app": "edge"})
    return world


def rise(world: World, replicas: int, minutes: float = 4.0) -> None:
    """Ask for more for a while, by a person's word."""
    world.tick()
    world.override(f"more-{replicas}", minutes=minutes, floor=replicas)
    world.run(minutes)


def seconds(world: World) -> float:
    return float(world.tick().accounts["live/edge"].seen.lead_time)


# --- leadTime: Auto


def test_until_enough_boots_were_measured_the_fallback_counts() -> None:
    world = growing()
    assert seconds(world) == 70.0
    rise(world, 103)
    assert world.status()["leadTime"]["there"] == [30.0] * 3
    assert seconds(world) == 70.0


def test_the_lead_time_is_that_of_the_boots_and_the_warmup_on_top() -> None:
    world = growing(lead=45.0)
    rise(world, 120)
    said = world.status()["leadTime"]
    assert (said["usual"], said["there"]) == (45.0, [45.0] * 8)
    assert "bootingSince" not in said
    assert seconds(world) == 55.0
    world.restart()
    assert seconds(world) == 55.0


def test_a_shorter_lead_time_comes_with_the_next_rises_and_never_on_the_way_down() -> None:
    world = growing(lead=100.0)
    rise(world, 120)
    assert seconds(world) == 110.0
    world.run(30)
    assert seconds(world) == 110.0
    assert world.replicas() < 120


def test_pods_are_listed_once_a_rise_and_else_never() -> None:
    world = growing(lead=45.0)
    world.run(2)
    assert "pods" not in {call.verb for call in world.calls}
    world.calls.clear()
    rise(world, 120)
    world.run(5)
    assert sum(call.verb == "pods" for call in world.calls) == 1


def test_boots_that_can_not_be_looked_at_are_looked_at_later() -> None:
    world = growing(lead=45.0)
    world.trouble = fails("edge", "pods", ClusterUnavailable("down"))
    rise(world, 120)
    assert world.status()["leadTime"]["there"] == []
    assert "bootingSince" in world.status()["leadTime"]
    world.trouble = lambda _: None
    world.tick()
    assert world.status()["leadTime"]["usual"] == 45.0


def test_boots_that_can_never_be_looked_at_are_given_up() -> None:
    world = growing(lead=45.0)
    world.trouble = fails("edge", "pods", ClusterUnavailable("down"))
    rise(world, 120)
    world.run(31)
    assert "bootingSince" not in world.status()["leadTime"]
    asked = sum(call.verb == "pods" for call in world.calls)
    world.run(5)
    assert sum(call.verb == "pods" for call in world.calls) == asked


def test_a_lead_time_that_is_said_is_not_measured() -> None:
    world = growing(lead=45.0, capacity={"perReplica": 1, "leadTime": "30s"})
    rise(world, 120)
    assert "leadTime" not in world.status()
    assert "pods" not in {call.verb for call in world.calls}


# --- the prewarm


def promoted(start: int = 20, replicas: str = "200", **more: Any) -> World:
    world = growing(lead=45.0, **({"capacity": {"perReplica": 1, "leadTime": "45s"}} | more))
    world.write("EventCalendar", "promotions", event(start, start + 30, demand=replicas))
    return world


def test_before_a_prewarm_there_is_nothing_to_say() -> None:
    world = promoted(start=200)
    world.run(1)
    assert "prewarm" not in world.status()
    assert world.condition("PrewarmLate")["reason"] == "NoPrewarm"


def test_a_prewarm_on_track_says_what_is_there_and_what_boots() -> None:
    world = promoted()
    while "prewarm" not in world.status():
        world.run(0.25)
    world.run(0.25)
    said = world.status()["prewarm"]
    assert (said["event"], said["desired"]) == ("double-11", 220)
    assert said["readyBy"] == "2026-11-11T12:20:00.000Z"
    assert said["pending"]["Booting"] > 0
    assert said["expectedReady"] <= said["readyBy"]
    assert world.condition("PrewarmLate")["reason"] == "OnTrack"
    assert (
        "220 replicas are ready, due 2026-11-11 12:20 UTC"
        in (world.condition("PrewarmLate")["message"])
    )
    world.run(1.5)
    said = world.status()["prewarm"]
    assert (said["ready"], said["pending"]) == (220, {})
    assert "expectedReady" not in said
    world.run(30)
    assert "prewarm" not in world.status()
    assert world.reasons().count("PrewarmLate") == 0


def test_a_fleet_that_may_not_grow_as_far_is_late_and_that_pages() -> None:
    world = promoted(replicas="2000", start=3)
    world.run(1)
    said = world.status()["prewarm"]
    assert said["pending"]["NotAsked"] == said["desired"] - world.status()["replicas"]["current"]
    world.run(1.75)
    assert world.condition("PrewarmLate")["status"] == "True"
    assert "NotAsked" in world.condition("PrewarmLate")["message"]
    assert world.reasons().count("PrewarmLate") == 1


def test_pods_that_do_not_come_make_a_prewarm_late() -> None:
    world = promoted(start=4)
    world.run(1.5)
    assert world.status()["phase"] == "Prewarm"
    book = world.cluster.book(target("edge"))
    book.unready |= {pod.name for pod in book.listed()[-50:]}
    world.run(2.25)
    said = world.status()["prewarm"]
    assert said["pending"] == {"Booting": 50}
    assert world.condition("PrewarmLate")["status"] == "True"
    told = next(a for a in world.cluster.announcements if a.reason == "PrewarmLate")
    assert told.warning
    assert "170 of 220 replicas are ready" in told.message


@pytest.mark.parametrize("mode", ["DryRun", "ScaleUpOnly"])
def test_a_shadow_is_on_track_by_its_own_pods(mode: str) -> None:
    world = promoted(start=4, mode=mode)
    world.run(1.75)
    said = world.status()["prewarm"]
    assert said["pending"].get("Booting", 0) > 0
    listed = {call.verb for call in world.calls}
    assert ("pods" in listed) is (mode == "ScaleUpOnly")
    world.run(2)
    assert world.status()["prewarm"]["pending"] == {}


def test_an_event_that_nobody_can_reckon_is_told_as_such() -> None:
    world = growing(capacity={"perReplica": 1, "leadTime": "45s"})
    world.write("EventCalendar", "promotions", event(2, 30, times=3))
    world.run(1)
    said = world.status()["prewarm"]
    assert "desired" not in said
    assert "nobody knows how many" in world.condition("PrewarmLate")["message"]
