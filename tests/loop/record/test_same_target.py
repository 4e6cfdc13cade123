"""A target that was made again, or is another one, begins anew: nothing on record is of it."""

from typing import Any

from ebbtide.errors import ClusterUnavailable
from ebbtide.loop.ports.autoscalers import Owner
from tests.loop.world import SLOW, World, fails, target

FLEET, NEED = 200, 150


def descending(**spec: Any) -> World:
    """A fleet that is larger than its need, and has gone down one step."""
    world = World()
    world.add(replicas=FLEET, level=float(NEED), **{"policies": SLOW} | spec)
    world.run(0.75)
    assert world.replicas() == FLEET - 20
    return world


def made_again(world: World, replicas: int, name: str = "edge") -> None:
    """Somebody creates the Deployment, as its manifest has it."""
    world.fleet(name, replicas, lead=0.0)
    world.cluster.own(target(name), Owner("kubectl-create"))


def test_the_replicas_of_one_made_again_are_no_word_of_a_person() -> None:
    world = descending()
    world.cluster.remove_target(target("edge"))
    world.run(1)
    made_again(world, 10)
    world.run(3)
    assert world.replicas() == NEED
    assert "hand" not in world.status()
    assert "ScaledByHand" not in world.reasons()
    assert world.reasons().count("TargetReplaced") == 1


def test_nor_are_those_of_another_target_that_an_edit_names() -> None:
    world = descending()
    made_again(world, 10, "edge-v2")
    named = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge-v2"}
    world.edit(scaleTargetRef=named)
    world.run(3)
    assert world.replicas("edge-v2") == NEED
    assert "hand" not in world.status()


def test_the_way_down_of_one_made_again_begins_with_its_own_fleet_and_a_soak() -> None:
    world = descending()
    world.cluster.remove_target(target("edge"))
    made_again(world, FLEET)
    world.tick()
    assert "lastStep" not in world.status()
    assert world.replicas() == FLEET
    world.run(0.75)
    assert world.replicas() == FLEET - 20


def test_a_step_of_which_nobody_knows_is_none_of_the_one_made_again() -> None:
    world = descending()
    world.trouble = fails("edge", "scale", ClusterUnavailable("the connection broke off"))
    world.run(0.5)
    assert world.status()["intent"]["to"] == FLEET - 40
    world.trouble = lambda _: None
    made_again(world, FLEET - 40)
    world.verbs()
    world.tick()
    assert "fence" not in world.verbs()
    assert "intent" not in world.status()
    assert [made["to"] for made in world.status()["decisions"]] == [FLEET - 20]


def test_a_shadow_begins_with_the_fleet_that_was_made_again() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), mode="DryRun", policies=SLOW)
    world.run(0.75)
    assert world.status()["shadow"]["replicas"] == FLEET - 20
    made_again(world, NEED + 30)
    world.tick()
    assert world.status()["shadow"]["replicas"] == NEED + 30


def test_a_record_that_names_no_target_goes_on() -> None:
    world = descending()
    known = dict(world.status())
    del known["targetUid"]
    world.set_status(known)
    world.run(0.5)
    assert world.replicas() == FLEET - 40
    assert "TargetReplaced" not in world.reasons()
