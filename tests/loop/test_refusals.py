"""Objects that can't be understood, or are not there: one is held and told of, the others go on."""

import logging
from collections.abc import Iterable, Mapping
from typing import ClassVar

import pytest

from ebbtide.errors import ClusterUnavailable, Conflict
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.world import Rules
from ebbtide_policies.contract import Bound, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation
from tests.loop.world import World, fails, spec_of, target, two_growing


def test_a_target_that_is_missing_holds_one_and_says_so() -> None:
    world = two_growing()
    world.cluster.remove_target(target("edge"))
    tick = world.tick()
    assert "Deployment live/edge can't be read" in tick.failures["live/edge"]
    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "TargetUnknown")
    assert world.reasons() == ["TargetUnknown"]
    assert world.replicas("origin") == 120
    world.fleet("edge", 100)
    world.run(1)
    assert world.condition("Ready")["status"] == "True"
    assert world.replicas("edge") == 120


def test_a_target_that_comes_back_keeps_what_was_known_of_it() -> None:
    world = World()
    world.add()
    world.tick()
    before = {c["type"]: c["lastTransitionTime"] for c in world.status()["conditions"]}
    world.trouble = fails("edge", "get", ClusterUnavailable("timeout"))
    world.tick()
    assert world.condition("MetricsAvailable")["status"] == "True"
    world.trouble = lambda _: None
    world.tick()
    after = {c["type"]: c["lastTransitionTime"] for c in world.status()["conditions"]}
    assert before.pop("Ready") < after.pop("Ready")
    assert before == after


def test_a_target_that_was_never_listed_is_not_there() -> None:
    world = World()
    world.add()
    world.cluster.unlisted = True
    assert "it is not there" in world.tick().failures["live/edge"]


def test_a_spec_that_is_invalid_holds_and_says_so() -> None:
    world = two_growing()
    world.tick()
    world.edit("edge", replicas={"min": 9, "max": 3})
    tick = world.tick()
    assert "min 9 is above max 3" in tick.failures["live/edge"]
    ready = world.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSpec")
    assert world.status()["binding"]["reason"] == "InvalidSpec"
    assert world.status()["memory"]
    world.trouble = fails("edge", "status", Conflict("409"))
    world.edit("edge", replicas={"min": 9, "max": 2})
    world.time += 300
    assert list(world.tick().failures) == ["live/edge"]


def test_a_forecaster_that_nobody_brought_holds_and_says_which_are_known() -> None:
    world = two_growing()
    world.tick()
    world.edit("edge", forecast={"model": "Oracle"}, replicas={"min": 1, "max": 2})
    failures = [world.tick().failures for _ in range(3)]
    known = ", ".join(sorted({"Auto", *world.rules.forecasters}))
    why = f"spec.forecast.model: 'Oracle' is not one of {known}"
    assert failures == [{"live/edge": why}] * 3
    assert world.condition("Ready")["message"] == why
    assert world.replicas("edge") == 120


def test_even_a_spec_without_a_sensible_target_stops_no_other() -> None:
    world = two_growing()
    wrong: list[Json] = [{}, {"scaleTargetRef": "edge"}, {"demand": None}]
    for i, spec in enumerate(wrong):
        world.write("CapacityPolicy", f"wrong-{i}", spec)
    tick = world.tick()
    assert sorted(tick.failures) == ["live/wrong-0", "live/wrong-1", "live/wrong-2"]
    assert world.replicas("edge") == world.replicas("origin") == 120


def test_a_policy_that_is_being_deleted_decides_nothing() -> None:
    world = World()
    world.write("CapacityPolicy", "edge", spec_of("edge"), deleting=True)
    world.fleet("edge", 5)
    assert not world.tick().accounts


class Stranger(Policy[PolicySettings]):
    """A third party's policy that fails wherever it can."""

    name: ClassVar[str] = "stranger"

    def queries(self) -> Mapping[str, str]:
        raise RuntimeError("no idea")

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        return ()


def test_a_strangers_policy_that_cannot_say_what_it_asks_stops_no_other() -> None:
    world = two_growing()
    world.rules = Rules(
        forecasters=world.rules.forecasters, plugins={"stranger": Stranger}, namespace="ebbtide"
    )
    world.restart()
    world.edit("edge", plugins={"stranger": {}})
    assert "RuntimeError: no idea" in world.tick().failures["live/edge"]
    assert world.replicas("origin") == 120


def test_a_status_that_somebody_has_garbled_is_none(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.add()
    world.tick()
    world.cluster.strict = False
    world.set_status(world.status() | {"memory": 7, "conditions": "all is well"})
    world.cluster.strict = True
    with caplog.at_level(logging.WARNING):
        assert not world.tick().failures
    assert "status.memory can't be understood" in caplog.text
    assert world.status()["memory"]["descent"]["origin"] == 100


@pytest.mark.parametrize("resource", ["calendar", "override"])
def test_what_people_wrote_wrongly_is_said_once_and_stops_nothing(
    resource: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = two_growing()
    kind = {"calendar": "EventCalendar", "override": "CapacityOverride"}[resource]
    world.write(kind, "wrong", {"until": "tomorrow"})
    with caplog.at_level(logging.WARNING):
        world.run(1)
    assert caplog.text.count(f"{kind} live/wrong can't be understood") == 1
    assert world.replicas("edge") == 120
