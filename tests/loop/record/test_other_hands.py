"""Other hands on the replicas: a person is heard for a while, a tool that writes back is named."""

from typing import Any

import pytest

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.ports.autoscalers import Owner
from ebbtide.loop.record.other_hands import MEMORY
from tests.loop.acting.test_fences import until_it_fails
from tests.loop.world import SLOW, World, fails, target

FLEET, NEED = 20, 10


def descending(**spec: Any) -> World:
    """A fleet twice as large as it needs to be, of which one step has gone: 18 are left."""
    world = World()
    world.add(replicas=FLEET, level=float(NEED), **{"policies": SLOW} | spec)
    world.run(0.75)
    assert world.replicas() == FLEET - 2
    return world


def scaled(world: World, replicas: int, by: str = "kubectl", applied: bool = False) -> None:
    """Somebody else sets replicas, and the next tick sees it."""
    world.cluster.scale(target("edge"), replicas, by, applied)
    world.tick()


# --- a person


def test_up_by_hand_is_a_floor_until_its_end_and_then_the_descent_goes_on() -> None:
    world = descending(manualScaling={"respectFor": "5m"})
    scaled(world, 30)
    world.run(3)
    assert world.replicas() == 30
    assert world.status()["binding"]["reason"] == "ManualFloor"
    assert world.status()["hand"] == {
        "by": "kubectl",
        "kind": "Manual",
        "at": "2026-11-11T12:00:45.000Z",
        "from": 18,
        "to": 30,
        "until": "2026-11-11T12:05:45.000Z",
        "times": 1,
    }
    assert not any(tick.failures for tick in world.run(10))
    assert world.replicas() == NEED
    assert "hand" not in world.status()


def test_down_by_hand_is_a_ceiling_and_no_step_of_ours() -> None:
    world = descending()
    before = world.status()["lastStep"]
    scaled(world, 5)
    world.run(5)
    assert world.replicas() == 5
    assert world.status()["lastStep"] == before
    assert world.status()["binding"]["reason"] == "ManualCeiling"
    assert [d["to"] for d in world.status()["decisions"]] == [18]


def test_it_is_said_aloud_each_time_and_shown_as_an_override_with_an_end() -> None:
    world = descending()
    scaled(world, 30)
    scaled(world, 25)
    told = [a.message for a in world.cluster.announcements if a.reason == "ScaledByHand"]
    assert told == [
        "kubectl has changed replicas from 18 to 30 by hand: at least 30 until 13:00 UTC",
        "kubectl has changed replicas from 30 to 25 by hand: at most 25 until 13:01 UTC",
    ]
    assert world.status()["overrides"] == ["kubectl by hand"]
    assert world.condition("ScaledByHand")["status"] == "True"


def test_an_end_on_another_day_is_said_with_its_date() -> None:
    world = descending(manualScaling={"respectFor": "2d"})
    scaled(world, 30)
    world.run(1)
    [told] = [a.message for a in world.cluster.announcements if a.reason == "ScaledByHand"]
    assert told.endswith("at least 30 until 2026-11-13 12:00 UTC")


def test_the_hour_outlives_the_controller() -> None:
    world = descending()
    scaled(world, 30)
    world.restart()
    world.run(5)
    assert world.replicas() == 30


def test_the_need_may_rise_above_a_floor_made_by_hand() -> None:
    world = descending()
    scaled(world, 19)
    world.override("more", minutes=5, floor=40)
    world.run(1)
    assert world.replicas() == 40


@pytest.mark.parametrize(
    ("to", "word"),
    [
        pytest.param(30, "ManualFloor", id="up"),
        pytest.param(17, "ManualCeiling", id="down, by less than the step that was refused"),
    ],
)
def test_a_change_in_the_very_moment_of_a_step_is_seen_too(to: int, word: str) -> None:
    world = descending()
    world.run(0.25)
    acts = iter(range(10**6))

    def meanwhile(call: object) -> None:
        if getattr(call, "verb", "") == "scale" and not next(acts):
            world.cluster.scale(target("edge"), to)

    world.trouble = meanwhile
    world.run(2)
    assert word in {bound["reason"] for bound in world.status()["bounds"]}
    assert (world.status()["hand"]["from"], world.status()["hand"]["to"]) == (FLEET - 2, to)


@pytest.mark.parametrize(
    ("to", "word"),
    [pytest.param(19, "ManualFloor", id="up"), pytest.param(17, "ManualCeiling", id="down")],
)
def test_a_change_after_a_step_of_which_nobody_knows_is_one_from_where_that_went(
    to: int, word: str
) -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.trouble = fails("edge", "scale", ClusterUnavailable("timeout"), done=True)
    until_it_fails(world)
    assert world.replicas() == FLEET - 2
    world.trouble = lambda _: None
    scaled(world, to)
    assert word in {bound["reason"] for bound in world.status()["bounds"]}


@pytest.mark.parametrize("by", ["ebbtide", "kube-controller-manager"])
def test_what_ebbtide_or_an_autoscaler_writes_is_no_hand(by: str) -> None:
    world = descending()
    scaled(world, 30, by)
    assert "hand" not in world.status()


def test_in_dry_run_nobody_is_in_the_way() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), mode="DryRun", policies=SLOW)
    world.run(1)
    scaled(world, 30)
    assert "hand" not in world.status()


# --- a release that brings replicas along


RELEASES = pytest.mark.parametrize(
    ("by", "applied"),
    [("helm", False), ("kubectl-client-side-apply", False), ("kubectl", True)],
    ids=["helm upgrade", "kubectl apply", "kubectl apply --server-side"],
)


@RELEASES
def test_down_by_a_release_is_no_ceiling_over_what_is_needed(by: str, applied: bool) -> None:
    world = descending()
    scaled(world, 3, by, applied)
    world.run(2)
    assert world.replicas() == NEED
    assert world.condition("ScaledByHand")["status"] == "False"
    told = [a.message for a in world.cluster.announcements if a.reason == "ReplicasReset"]
    changed = f"{by} has changed replicas from 18 to 3"
    assert told == [f"{changed}, as a file declares: no word of a person, and no ceiling"]
    world.run(MEMORY / 60)
    assert "hand" not in world.status()


@RELEASES
def test_up_by_a_release_is_a_floor_as_by_a_person(by: str, applied: bool) -> None:
    world = descending()
    scaled(world, 30, by, applied)
    world.run(3)
    assert world.replicas() == 30
    assert world.status()["binding"]["reason"] == "ManualFloor"


def test_a_release_that_comes_again_and_again_is_a_conflict() -> None:
    world = descending()
    for _ in range(3):
        scaled(world, 3, "helm")
        world.run(1)
    assert world.condition("Conflicted")["reason"] == "ReplicasReset"


# --- a tool that writes back


def test_a_tool_that_applies_the_old_number_is_named_and_left_alone_in_peace() -> None:
    world = descending()
    scaled(world, FLEET, "deployer", applied=True)
    said = world.condition("Conflicted")
    assert (said["status"], said["reason"]) == ("True", "ReplicasReset")
    assert said["message"].startswith(
        "deployer writes spec.replicas of Deployment live/edge back to 20;"
    )
    told = [a.message for a in world.cluster.announcements if a.reason == "ReplicasReset"]
    assert told == ["deployer has changed replicas from 18 to 20"]
    world.run(2 * MEMORY / 60)
    assert world.replicas() == FLEET
    assert "ReplicasReset" in world.reasons()


def test_one_that_was_named_is_believed_once_it_declares_the_number_no_more() -> None:
    world = descending()
    scaled(world, FLEET, "deployer", applied=True)
    world.cluster.own(target("edge"), Owner("ebbtide-handover", applied=True))
    world.run(MEMORY / 60 + 5)
    assert world.replicas() < FLEET
    assert world.condition("Conflicted")["status"] == "False"


def test_the_same_number_thrice_in_a_row_is_no_person_any_more() -> None:
    world = descending()
    for _ in range(3):
        scaled(world, 30, "cron")
        world.override("less", minutes=60, ceiling=10)
        world.run(1)
    assert world.status()["hand"]["times"] == 3
    told = [a.message for a in world.cluster.announcements if a.reason == "ReplicasReset"]
    assert told == ["cron has changed replicas from 24 to 30, 3 times in a row"]
    assert world.condition("Conflicted")["reason"] == "ReplicasReset"


def test_in_war_a_reset_is_never_yielded_to_downward() -> None:
    world = descending()
    world.override("war", minutes=60, phase="War", floor=40)
    world.run(1)
    assert world.replicas() == 40
    for _ in range(3):
        scaled(world, 3, "argocd-controller")
        world.run(1)
        assert world.replicas() == 40
    assert world.condition("Conflicted")["reason"] == "ReplicasReset"


def test_enforce_is_refused_where_gitops_owns_the_replicas_from_the_start() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.cluster.own(target("edge"), Owner("kustomize-controller", applied=True))
    world.run(3)
    assert world.replicas() == FLEET
    said = world.condition("Conflicted")
    assert said["reason"] == "ReplicasOwned"
    assert "kustomize-controller owns spec.replicas" in said["message"]
    assert "ebbtide preflight" in said["message"]


# --- the rest


def test_a_fleet_at_zero_by_hand_is_switched_off_until_somebody_scales_it_up() -> None:
    world = descending()
    scaled(world, 0)
    world.override("more", minutes=60, floor=40)
    world.run(70)
    assert world.replicas() == 0
    assert world.condition("ScaledToZero")["status"] == "True"
    assert world.reasons().count("ScaledToZero") == 1
    scaled(world, 1)
    world.run(3)
    assert world.replicas() == NEED
    assert world.condition("ScaledToZero")["status"] == "False"


def test_a_paused_rollout_blocks_the_way_down_alone() -> None:
    world = descending()
    world.cluster.paused = True
    world.run(2)
    assert world.replicas() == FLEET - 2
    assert world.condition("RolloutPaused")["status"] == "True"
    assert "RolloutPaused" in world.reasons()
    world.override("more", minutes=5, floor=40)
    world.run(1)
    assert world.replicas() == 40


def test_a_second_policy_that_only_looks_on_stops_nobody() -> None:
    world = descending()
    spec = dict(world.policy().spec) | {"mode": "DryRun"}
    world.write("CapacityPolicy", "looking-on", spec)
    world.run(3)
    assert world.replicas() < FLEET - 2
    assert world.condition("Conflicted")["status"] == "False"
    assert world.condition("Conflicted", "looking-on")["status"] == "True"
