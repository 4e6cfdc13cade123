"""No write of an old leader takes effect after its successor's first, however late it arrives."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import pytest

from ebbtide.adapters.embedded.cluster import Call
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden
from ebbtide.loop.ports.autoscalers import Autoscaler
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.observation import Mode
from tests.loop.test_interrupt import Killed
from tests.loop.world import SLOW, World, fails, steady, target

FLEET, NEED, STEP = 20, 10, 2
WRITES = {"status", "scale", "fence", "minimum", "mark", "finalizer"}


class Way(NamedTuple):
    """How decisions reach a fleet, and how an API server takes the write that was held."""

    verb: str
    spec: Json
    version: Callable[[World], str]
    land: Callable[[World], None]
    value: Callable[[World], int]


def hpa(world: World) -> Autoscaler:
    return world.cluster.autoscalers[0]


def land_scale(world: World) -> None:
    world.cluster.scale(target("edge"), FLEET - STEP, by="ebbtide")


def land_minimum(world: World) -> None:
    at = hpa(world)
    late = at._replace(minimum=FLEET - STEP, resource_version=str(int(at.resource_version) + 1))
    world.cluster.autoscalers[0] = late


SCALE = Way(
    "scale",
    {},
    lambda world: world.cluster.version_of(target("edge")),
    land_scale,
    lambda world: world.replicas(),
)
FLOOR = Way(
    "minimum",
    {"actuator": "AutoscalerFloor"},
    lambda world: hpa(world).resource_version,
    land_minimum,
    lambda world: hpa(world).least,
)
WAYS = [pytest.param(SCALE, id="scale"), pytest.param(FLOOR, id="floor")]


@dataclass
class Held:
    """A write that was sent, and has not arrived."""

    way: Way
    version: str = ""
    outcome: str = "on its way"

    def arrive(self, world: World) -> None:
        """Take effect, if the object still is as it was read."""
        if self.outcome != "on its way":
            return
        if self.way.version(world) == self.version:
            self.outcome = "done"
            self.way.land(world)
        else:
            self.outcome = "refused"


def frozen(way: Way, **spec: object) -> tuple[World, Held]:
    """A leader whose first step down is on record and sent, and then nothing: a successor begins.

    Demand has risen meanwhile, so the successor means to stay where it is.
    """
    world = World()
    world.add(replicas=FLEET, level=float(NEED), **{"policies": SLOW, **way.spec, **spec})
    hpa_of_fleet = Autoscaler("live", "by-cpu", target("edge"), minimum=FLEET, maximum=100)
    if way is FLOOR:
        world.cluster.autoscalers.add(hpa_of_fleet, lambda _: FLEET)
    held = Held(way)

    def hold(call: Call) -> None:
        if call.verb == way.verb and not call.done:
            held.version = way.version(world)
            raise Killed

    world.trouble = hold
    with pytest.raises(Killed):
        world.run(5)
    world.trouble = lambda _: None
    world.time += 60
    world.restart()
    world.override("freeze-1", minutes=60, freeze=True)
    world.verbs()
    return world, held


def arriving(world: World, held: Held, nth: int) -> list[str]:
    """Run the successor, and let the held write arrive at its n-th call; the writes until then."""
    calls = iter(range(10**6))
    before: list[str] = []

    def watch(call: Call) -> None:
        if held.outcome == "on its way" and call.done and call.verb in WRITES:
            before.append(call.verb)
        if next(calls) == nth:
            held.arrive(world)

    world.trouble = watch
    world.run(1)
    return before


def until_it_fails(world: World) -> None:
    for _ in range(20):
        if world.tick().failures:
            return
    pytest.fail("no step was tried")


@pytest.mark.parametrize("way", WAYS)
def test_a_write_that_arrives_after_any_write_of_the_successor_is_refused(way: Way) -> None:
    world, _ = frozen(way)
    world.run(1)
    outcomes = set()
    for nth in range(len(world.calls)):
        world, held = frozen(way)
        before = arriving(world, held, nth)
        held.arrive(world)
        assert held.outcome == ("refused" if before else "done"), (nth, before)
        outcomes.add(held.outcome)
        assert not before or way.value(world) == FLEET
    assert outcomes == {"done", "refused"}


@pytest.mark.parametrize("way", WAYS)
def test_what_arrives_before_is_the_step_on_record_and_the_soak_begins_with_it(way: Way) -> None:
    world, held = frozen(way)
    held.arrive(world)
    world.tick()
    assert held.outcome == "done"
    assert [d["to"] for d in world.status()["decisions"]] == [FLEET - STEP]
    assert "fence" not in world.verbs()


@pytest.mark.parametrize("way", WAYS)
def test_the_door_is_shut_once_before_anything_else_and_the_intent_leaves_the_record(
    way: Way,
) -> None:
    world, _ = frozen(way)
    world.run(2)
    shut = "fence" if way is SCALE else "minimum"
    done = world.verbs()
    assert next(verb for verb in done if verb in WRITES) == shut
    assert done.count("fence") == (way is SCALE)
    assert "intent" not in world.status()
    assert world.status()["decisions"] == []


@pytest.mark.parametrize("way", WAYS)
def test_what_policies_remembered_before_the_step_is_what_they_remember_after_it(way: Way) -> None:
    world, _ = frozen(way)
    before = world.status()["intent"]["memory"]
    assert before["descent"]["replicas"] == FLEET
    assert world.status()["memory"]["descent"]["replicas"] == FLEET - STEP
    world.tick()
    found = world.status()["memory"]["descent"]
    assert (found["origin"], found["replicas"]) == (FLEET, FLEET)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"mode": "DryRun"}, id="dry-run"),
        pytest.param({"mode": "ScaleUpOnly"}, id="up-only"),
        pytest.param({"replicas": {"min": 1, "max": 500}}, id="edited"),
    ],
)
def test_it_is_shut_whatever_the_policy_asks_for_by_now(change: Json) -> None:
    world, held = frozen(SCALE)
    world.edit(**change)
    world.tick()
    held.arrive(world)
    assert held.outcome == "refused"


def test_it_is_shut_although_another_autoscaler_stops_all_other_writes() -> None:
    world, held = frozen(SCALE)
    world.cluster.autoscalers.add(Autoscaler("live", "new", target("edge")), lambda _: FLEET)
    world.tick()
    held.arrive(world)
    assert held.outcome == "refused"
    assert "intent" not in world.status()
    assert world.condition("Conflicted")["status"] == "True"


def test_it_is_the_door_of_the_step_that_is_shut_not_that_of_the_next_one() -> None:
    """The step was sent to the scale; by now decisions reach the fleet through an autoscaler."""
    world, held = frozen(SCALE)
    by_cpu = Autoscaler("live", "by-cpu", target("edge"), minimum=FLEET, maximum=100)
    world.cluster.autoscalers.add(by_cpu, lambda _: FLEET)
    world.edit(actuator="AutoscalerFloor")
    world.tick()
    held.arrive(world)
    assert held.outcome == "refused"


def test_an_operator_in_dry_run_writes_nothing_not_even_this() -> None:
    world, _ = frozen(SCALE)
    world.rules = type(world.rules)(
        forecasters=world.rules.forecasters, max_mode=Mode.DRY_RUN, namespace=world.rules.namespace
    )
    world.restart()
    world.run(1)
    assert "fence" not in world.verbs()


def test_where_the_door_cannot_be_shut_nothing_is_decided_and_the_intent_stays() -> None:
    world, _ = frozen(SCALE)
    world.trouble = fails("edge", "fence", ClusterUnavailable("timeout"))
    before = world.status()
    assert world.tick().failures == {"live/edge": "timeout"}
    assert world.status() == before
    world.trouble = lambda _: None
    world.tick()
    assert "intent" not in world.status()


def test_where_it_may_not_be_shut_the_old_write_may_not_either_and_all_goes_on() -> None:
    world, _ = frozen(SCALE)
    world.trouble = fails("edge", "fence", Forbidden("rbac"))
    assert not world.tick().failures


def test_a_fleet_that_somebody_moved_is_past_the_door() -> None:
    world, _ = frozen(SCALE)
    world.cluster.scale(target("edge"), FLEET + 4)
    world.tick()
    assert "fence" not in world.verbs()


def test_a_step_that_was_refused_is_settled_and_needs_no_door() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.trouble = fails("edge", "scale", Conflict("somebody was quicker"))
    until_it_fails(world)
    assert world.status()["intent"]["settled"]
    world.trouble = lambda _: None
    world.run(5)
    assert "fence" not in world.verbs()
    assert world.replicas() == NEED


def test_a_step_of_which_nobody_knows_is_fenced_by_the_same_leader_too() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.trouble = fails("edge", "scale", ClusterUnavailable("timeout"))
    until_it_fails(world)
    world.trouble = lambda _: None
    world.tick()
    assert "fence" in world.verbs()


def test_a_minimum_that_only_follows_the_fleet_is_on_record_before_it_is_written_too() -> None:
    world = World()
    world.add(replicas=FLEET, level=float(FLEET), policies=SLOW, **FLOOR.spec)
    wants = [FLEET]
    by_cpu = Autoscaler("live", "by-cpu", target("edge"), minimum=FLEET, maximum=100)
    world.cluster.autoscalers.add(by_cpu, lambda _: wants[0])
    world.run(1)
    wants[0] = 2 * FLEET
    world.trouble = fails("by-cpu", "minimum", ClusterUnavailable("timeout"))
    until_it_fails(world)
    intent = world.status()["intent"]
    assert (intent["from"], intent["to"], intent["follows"]) == (FLEET, 2 * FLEET, True)


# --- a minimum that is put back


def released(note: bool) -> tuple[World, Held]:
    """A leader that has begun to put a minimum back, and then nothing: the policy is made again.

    `note`: it is the note before it that is on its way.
    """
    world = World()
    world.add(replicas=FLEET, level=float(FLEET), policies=SLOW, **FLOOR.spec)
    fleet = Autoscaler("live", "by-cpu", target("edge"), minimum=BEFORE, maximum=100)
    world.cluster.autoscalers.add(fleet, lambda _: FLEET)
    world.run(1)
    made = world.policy()
    world.cluster.delete(made.kind, made.namespace, made.name)
    held = Held(NOTED if note else PUT_BACK)

    def hold(call: Call) -> None:
        noted = hpa(world).held
        if call.verb == "minimum" and not call.done and note != bool(noted and noted.leaving):
            held.version = hpa(world).resource_version
            raise Killed

    world.trouble = hold
    with pytest.raises(Killed):
        world.run(1)
    world.trouble = lambda _: None
    world.cluster.purge(made.kind, made.namespace, made.name)
    world.cluster.apply(replace(made, status={}, finalizers=()))
    world.time += 60
    world.restart()
    world.verbs()
    return world, held


def land_put_back(world: World) -> None:
    at = hpa(world)
    version = str(int(at.resource_version) + 1)
    world.cluster.autoscalers[0] = at._replace(minimum=BEFORE, held=None, resource_version=version)


def land_note(world: World) -> None:
    at = hpa(world)
    assert at.held
    version = str(int(at.resource_version) + 1)
    noted = at.held._replace(leaving="2026-11-11T12:00:00Z")
    world.cluster.autoscalers[0] = at._replace(held=noted, resource_version=version)


BEFORE = 4
PUT_BACK, NOTED = FLOOR._replace(land=land_put_back), FLOOR._replace(land=land_note)


def test_no_minimum_is_put_back_after_a_write_of_a_successor_with_the_policy_made_again() -> None:
    world, _ = released(note=False)
    world.run(1)
    outcomes = set()
    for nth in range(len(world.calls)):
        world, held = released(note=False)
        before = arriving(world, held, nth)
        held.arrive(world)
        assert held.outcome == ("refused" if before else "done"), (nth, before)
        outcomes.add(held.outcome)
        assert not before or hpa(world).least == FLEET
    assert outcomes == {"done", "refused"}


def test_the_note_that_a_minimum_is_to_be_put_back_moves_nothing_and_is_taken_away() -> None:
    world, held = released(note=True)
    world.run(0.5)
    held.arrive(world)
    assert not any(tick.failures for tick in world.run(1))
    noted = hpa(world).held
    assert noted
    assert (held.outcome, noted.leaving, world.replicas()) == ("done", "", FLEET)


def test_a_minimum_that_stays_after_all_may_be_raised_in_the_same_tick() -> None:
    world, held = released(note=True)
    held.arrive(world)
    world.metrics.answer("edge", steady(2.0 * FLEET))
    assert not world.tick().failures
    assert hpa(world).least == 2 * FLEET


def test_a_minimum_that_is_being_put_back_is_put_back_by_the_next_leader() -> None:
    world, held = released(note=False)
    world.cluster.delete("CapacityPolicy", "live", "edge")
    world.tick()
    held.arrive(world)
    assert (held.outcome, hpa(world).least, hpa(world).held) == ("refused", BEFORE, None)


def test_where_a_minimum_cannot_be_kept_nothing_is_decided() -> None:
    world, _ = released(note=False)
    world.trouble = fails("by-cpu", "minimum", ClusterUnavailable("timeout"))
    assert world.tick().failures == {"live/edge": "timeout"}
