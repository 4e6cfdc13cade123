"""Which fleet decisions are about, and how a step is put on record and taken."""

from typing import Any

import pytest

from ebbtide.api.reading.compose import Installed
from ebbtide.api.status.capacity_policy import MOST_DECISIONS
from ebbtide.loop.acting.actuators import Scale, Withheld
from ebbtide.loop.acting.shadow import Shadow
from ebbtide.loop.ports.cluster import Json, Resource, Target
from ebbtide.loop.record.ledger import Step, last_step_in, with_decision
from ebbtide.loop.tick import Tick
from ebbtide.loop.workload import Workload, WorkloadReader
from ebbtide_policies.observation import Fleet, LastStep, Mode
from tests.loop.world import NOON, SLOW, World, spec_of, steady, target


def dry(replicas: int = 100, level: float = 50.0, **spec: Any) -> World:
    """A workload in DryRun."""
    world = World()
    world.add(replicas=replicas, level=level, **{"mode": "DryRun", "policies": SLOW} | spec)
    return world


def fleet(tick: Tick) -> Fleet:
    """The fleet that was decided about."""
    return tick.accounts["live/edge"].seen.fleet


# --- what is on record


def test_a_decision_is_on_record_once_and_the_oldest_are_forgotten() -> None:
    known = [{"to": number} for number in range(MOST_DECISIONS)]
    assert with_decision(known, {"to": 3}) == [*known[:3], *known[4:], {"to": 3}]
    assert with_decision(known, {"to": -1}) == [*known[1:], {"to": -1}]


def test_a_last_step_whose_moment_can_not_be_read_is_none() -> None:
    step = {"at": "2026-11-11T11:59:00.000Z", "from": 9, "to": 8}
    assert last_step_in({"lastStep": step}, NOON) == LastStep(NOON - 60, 9, 8)
    assert last_step_in({"lastStep": step | {"at": "a while ago"}}, NOON) is None


# --- the shadow


def test_the_shadow_begins_as_the_real_fleet_and_goes_down_its_staircase() -> None:
    world = dry()
    ticks = world.run(3)
    assert fleet(ticks[0]) == Fleet(current=100, ready=100)
    steps = [(d["from"], d["to"]) for d in world.status()["decisions"]]
    assert steps == [(100, 90), (90, 80), (80, 70), (70, 60), (60, 50)]
    assert world.status()["shadow"]["lastStep"]["to"] == 50
    assert world.replicas() == 100


def test_a_step_of_the_shadow_is_one_write() -> None:
    world = dry()
    world.run(0.5)
    world.verbs()
    world.tick()
    assert world.verbs() == ["list", "status", "event"]


def test_pods_of_the_shadow_boot_in_the_lead_time() -> None:
    world = dry(level=150.0)
    ready = [int(fleet(tick).ready) for tick in world.run(1)]
    assert ready == [100, 100, 150, 150]
    assert world.status()["shadow"]["boots"] == [{"at": "2026-11-11T12:00:30.000Z", "replicas": 50}]


def test_a_shadow_goes_on_where_a_killed_controller_left_it() -> None:
    world = dry()
    world.run(1)
    before = world.status()["shadow"]
    world.restart()
    assert int(fleet(world.tick()).current) == before["replicas"]


@pytest.mark.parametrize("shadow", [{"replicas": -5}, {"replicas": "many"}, {"boots": []}, None])
def test_a_shadow_that_cannot_be_is_none(shadow: Any) -> None:
    world = dry()
    world.run(1)
    world.cluster.strict = False
    world.set_status(world.status() | {"shadow": shadow})
    world.cluster.strict = True
    assert fleet(world.tick()) == Fleet(current=100, ready=100)


def workload(status: Json) -> Workload:
    """A workload with this status."""
    resource = Resource(
        kind="CapacityPolicy", namespace="live", name="edge", spec=spec_of("edge"), status=status
    )
    found = WorkloadReader(Installed(models=["Flat"])).of([resource])["live/edge"]
    assert isinstance(found, Workload)
    return found


def test_a_shadow_that_sleeps_is_no_fleet_at_first_sight() -> None:
    asleep = workload({"mode": "DryRun", "shadow": {"replicas": 0, "memory": {}}})
    seen = dry().cluster.survey().targets[target("edge")]
    ledger = Shadow().ledger(asleep, seen, Mode.DRY_RUN, NOON)  # type: ignore[arg-type]
    assert ledger.fleet == Fleet(current=0, ready=0)


def boots(step: Step, *on_record: tuple[str, int]) -> list[tuple[str, int]]:
    """What boots in the shadow after a step."""
    rows = [{"at": at, "replicas": count} for at, count in on_record]
    shadow = {"replicas": step.before, "boots": rows, "memory": {}}
    found = workload({"mode": "DryRun", "shadow": shadow})
    world = dry()
    seen = world.cluster.survey().targets[target("edge")]
    ledger = Shadow().ledger(found, seen, Mode.DRY_RUN, step.at)  # type: ignore[arg-type]
    after = Shadow().record(found, {}, ledger, step)["shadow"]
    assert after["replicas"] == step.after
    return [(boot["at"], boot["replicas"]) for boot in after["boots"]]


LATER, LATEST = "2026-11-11T12:01:00.000Z", "2026-11-11T12:02:00.000Z"
AGES_AGO = "2026-11-11T11:00:00.000Z"


def test_a_rise_boots_and_what_has_booted_is_forgotten() -> None:
    after = boots(Step(NOON, 10, 14), (AGES_AGO, 3), (LATER, 2))
    assert after == [(LATER, 2), ("2026-11-11T12:00:30.000Z", 4)]


@pytest.mark.parametrize(
    ("to", "left"),
    [
        (9, [(LATER, 2), (LATEST, 2)]),
        (7, [(LATER, 2)]),
        (6, [(LATER, 1)]),
        (5, []),
        (1, []),
    ],
)
def test_a_fall_takes_what_has_not_booted_first_the_latest_before_the_others(
    to: int, left: list[tuple[str, int]]
) -> None:
    assert boots(Step(NOON, 10, to), (LATER, 2), (LATEST, 3)) == left


def test_a_boot_at_no_moment_is_none() -> None:
    assert boots(Step(NOON, 10, 9), ("soon", 3)) == []


# --- from one mode to another


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("DryRun", "Enforce"),
        ("DryRun", "ScaleUpOnly"),
        ("Enforce", "DryRun"),
        ("Enforce", "ScaleUpOnly"),
        ("ScaleUpOnly", "DryRun"),
        ("ScaleUpOnly", "Enforce"),
    ],
)
def test_any_change_of_mode_starts_from_the_real_fleet_with_fresh_memory(
    first: str, then: str
) -> None:
    world = dry(mode=first)
    world.run(3)
    real = world.replicas()
    assert (real < 100) == (first == "Enforce")
    world.edit(mode=then)
    found = world.tick()
    now = world.time - 15.0
    assert int(fleet(found).current) == real
    seen = found.accounts["live/edge"]
    assert seen.seen.last_step is None
    assert seen.outcome.memories["descent"]["at"] == now
    assert seen.outcome.memories["descent"]["origin"] == real
    status = world.status()
    assert ("shadow" in status) == (then == "DryRun")
    assert status["mode"] == then


def test_after_a_change_of_mode_the_first_step_waits_for_a_soak() -> None:
    world = dry()
    world.run(2)
    world.edit(mode="Enforce")
    changed = world.time
    world.run(1)
    assert [change.at - changed for change in world.cluster.changes] == [30.0]
    assert [(c.before, c.after) for c in world.cluster.changes] == [(100, 90)]


def test_a_step_that_came_true_unseen_is_put_on_record_by_the_successor() -> None:
    world = World()
    world.add(replicas=100)
    world.run(1)
    step = Step(NOON, 100, 105, reason="PresentNeed").as_decision()
    world.set_status(world.status() | {"intent": step})
    world.cluster.scale(target("edge"), 105)
    world.metrics.answer("edge", steady(105.0))
    world.restart()
    world.run(1)
    assert world.status()["decisions"][0] == step
    assert "intent" not in world.status()


@pytest.mark.parametrize(
    ("more", "there", "rests"),
    [
        pytest.param({}, 90, 0.0, id="it came true, and may have done so just now"),
        pytest.param({}, 100, 300.0, id="it did not"),
        pytest.param({"follows": True}, 90, 300.0, id="it only followed what another did"),
    ],
)
def test_a_step_on_record_that_nobody_confirmed_rests_since(
    more: Json, there: int, rests: float
) -> None:
    step = Step(NOON - 300, 100, 90, reason="DescentStep")
    intent = step.as_decision() | more
    found = workload({"mode": "Enforce", "intent": intent, "lastStep": step.as_json()})
    world = dry(replicas=there)
    seen = world.cluster.survey().targets[target("edge")]
    assert isinstance(seen, Target)
    last = Scale(world.cluster).ledger(found, seen, Mode.ENFORCE, NOON).last_step
    assert last == (NOON - rests, 100, 90)


def test_what_is_withheld_keeps_an_intent_of_which_nobody_knows() -> None:
    intent = Step(NOON - 60, 100, 90).as_decision()
    found = workload({"mode": "Enforce", "intent": intent})
    world = dry()
    seen = world.cluster.survey().targets[target("edge")]
    assert isinstance(seen, Target)
    ledger = Withheld().ledger(found, seen, Mode.ENFORCE, NOON)
    assert Withheld().record(found, {}, ledger, None)["intent"] == intent


def test_a_step_that_did_not_come_true_leaves_no_trace() -> None:
    world = World()
    world.add(replicas=100)
    world.run(1)
    step = Step(NOON, 100, 95, reason="DescentStep").as_decision()
    world.set_status(world.status() | {"intent": step})
    world.tick()
    assert world.status()["decisions"] == []
    assert "intent" not in world.status()
