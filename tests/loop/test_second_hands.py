"""Whatever others do to a fleet has one behaviour, one condition and one event, as documented."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ebbtide.loop.ports.autoscalers import Autoscaler, Owner
from tests.loop.acting.test_autoscaler_floor import autoscaler, floored
from tests.loop.pods.test_sessions import draining
from tests.loop.world import SLOW, World, target

FLEET, NEED = 20, 10
REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"


def descending() -> World:
    """A fleet twice as large as it needs to be, of which one step has gone."""
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.run(0.75)
    return world


def autoscaled(world: World) -> None:
    world.cluster.autoscalers.add(Autoscaler("live", "by-cpu", target("edge")), lambda _: 1)


def event_driven(world: World) -> None:
    keda = Autoscaler("live", "by-queue", target("edge"), "ScaledObject")
    world.cluster.autoscalers.append(keda)


def unheld(world: World) -> None:
    world.edit(actuator="AutoscalerFloor")


def doubled(world: World) -> None:
    world.write("CapacityPolicy", "origin", dict(world.policy().spec))


def owned(world: World) -> None:
    world.cluster.own(target("edge"), Owner("kustomize-controller", applied=True))


def reset(world: World) -> None:
    world.cluster.scale(target("edge"), FLEET, "deployer", applied=True)


def raised(world: World) -> None:
    world.cluster.scale(target("edge"), 30)


def lowered(world: World) -> None:
    world.cluster.scale(target("edge"), 12)


def switched_off(world: World) -> None:
    world.cluster.scale(target("edge"), 0)


def paused(world: World) -> None:
    world.cluster.paused = True


def removed(world: World) -> None:
    world.cluster.remove_target(target("edge"))


@dataclass(frozen=True)
class Row:
    """What somebody does, and what is said of it."""

    does: Callable[[World], None]
    condition: str
    status: str
    reason: str
    event: str
    leaves: int | None = FLEET - 2
    """The replicas that Ebbtide leaves alone; None where there are none to look at."""


ROWS = {
    "an HPA": Row(autoscaled, "Conflicted", "True", "Conflict", "Conflict", None),
    "a ScaledObject": Row(event_driven, "Conflicted", "True", "Conflict", "Conflict"),
    "a floor of nothing": Row(unheld, "Conflicted", "True", "NoAutoscaler", "NoAutoscaler"),
    "a second policy": Row(doubled, "Conflicted", "True", "Conflict", "Conflict"),
    "GitOps owns it": Row(owned, "Conflicted", "True", "ReplicasOwned", "ReplicasOwned"),
    "GitOps resets it": Row(reset, "Conflicted", "True", "ReplicasReset", "ReplicasReset", FLEET),
    "up by hand": Row(raised, "ScaledByHand", "True", "ScaledByHand", "ScaledByHand", 30),
    "down by hand": Row(lowered, "ScaledByHand", "True", "ScaledByHand", "ScaledByHand", None),
    "to zero by hand": Row(switched_off, "ScaledToZero", "True", "ScaledToZero", "ScaledToZero", 0),
    "a paused rollout": Row(paused, "RolloutPaused", "True", "RolloutPaused", "RolloutPaused"),
    "no target": Row(removed, "Ready", "False", "TargetUnknown", "TargetUnknown", None),
}


def test_a_reset_is_no_word_of_a_person() -> None:
    world = descending()
    reset(world)
    world.tick()
    assert world.condition("Conflicted")["reason"] == "ReplicasReset"
    assert world.condition("ScaledByHand")["reason"] == "NotScaledByHand"


@pytest.mark.parametrize("name", ROWS)
def test_it_is_done_said_and_told(name: str) -> None:
    row, world = ROWS[name], descending()
    row.does(world)
    world.run(2)
    found = world.condition(row.condition)
    assert (found["status"], found["reason"]) == (row.status, row.reason)
    told = [a.warning for a in world.cluster.announcements if a.reason == row.event]
    assert told
    assert all(told)
    assert row.leaves is None or world.replicas() == row.leaves


def goes_while_pods_drain() -> Any:
    world = draining()
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    assert not world.draining()
    return world


def goes_with_a_floor() -> World:
    world = floored(minimum=8)
    world.run(1)
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.run(0.5)
    assert autoscaler(world).minimum == 8
    return world


GOES = {"PodsReopened": goes_while_pods_drain, "MinimumPutBack": goes_with_a_floor}


@pytest.mark.parametrize("event", GOES)
def test_a_policy_that_goes_leaves_all_as_it_was(event: str) -> None:
    assert event in GOES[event]().reasons()


ANEW = "TargetReplaced"


def test_a_target_that_is_made_again_is_told_of_and_no_word_of_a_person() -> None:
    world = descending()
    world.fleet("edge", 12)
    world.tick()
    assert ANEW in world.reasons()
    assert world.condition("ScaledByHand")["status"] == "False"


def test_every_row_of_the_reference_has_a_test_here() -> None:
    part = REFERENCE.read_text().partition("## Other hands on the same fleet")[2]
    table = part.partition("\n\nWho has written")[0]
    rows = [line.split("|")[4] for line in table.splitlines() if line.startswith("| ")][1:]
    events = {event for row in rows for event in re.findall(r"`(\w+)`", row)}
    assert events == {row.event for row in ROWS.values()} | GOES.keys() | {ANEW}
