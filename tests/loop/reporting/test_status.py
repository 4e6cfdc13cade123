"""The status: what it says, when it is written, and that the API server would take it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from ebbtide.api.status.capacity_policy import MOST_BOUNDS
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.reporting.status import (
    HEARTBEAT,
    bound_json,
    heartbeat_of,
    says_something,
    worth_writing,
)
from ebbtide.loop.world import Rules
from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation
from tests.loop.strict_cluster import faults
from tests.loop.world import PLAIN, SLOW, World, steady

NAN, INF = float("nan"), float("inf")


def bound(kind: Kind, replicas: float) -> Bound:
    """A bound of somebody."""
    return Bound(kind, replicas, "somebody", "SomeReason", "{}", ("because",))


class Talkative(Policy[PolicySettings]):
    """A policy that has a hundred things to say, and not all of them are known."""

    name: ClassVar[str] = "talkative"

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        for i in range(100):
            number = NAN if i % 7 == 0 else float(i)
            yield Bound(Kind.FLOOR, number, self.name, "SomeReason", "{}", ("x" * 2000,))


def talkative() -> World:
    """A world in which that policy is installed."""
    world = World()
    world.rules = Rules(forecasters=world.rules.forecasters, plugins={"talkative": Talkative})
    world.restart()
    world.add(plugins={"talkative": {}})
    return world


# --- what it says


def test_every_condition_has_a_sentence_also_where_all_is_well() -> None:
    world = World()
    world.add(level=50.0, policies=PLAIN)
    world.run(1.25)
    wordless = [c["type"] for c in world.status()["conditions"] if not c["message"]]
    assert wordless == []


def test_nothing_is_told_of_what_nobody_asks_for() -> None:
    world = World()
    world.add()
    world.tick()
    told = {condition["type"] for condition in world.status()["conditions"]}
    assert told.isdisjoint({"ExperienceAtRisk", "SessionsSpared", "TuningFailed"})


def test_the_status_of_a_descent_says_where_it_is_and_why() -> None:
    world = World()
    world.add(level=50.0, policies=PLAIN | {"descent": {"maxStep": "10%"}})
    world.run(1.25)
    status = world.status()
    assert status["replicas"] == {"current": 100, "ready": 100, "desired": 90, "want": 50}
    assert status["binding"]["reason"] == "DescentStep"
    assert status["bounds"][0] == status["binding"]
    assert status["demand"] == 50.0
    assert status["observedGeneration"] == 1
    assert status["heartbeat"] == "2026-11-11T12:01:00.000Z"


def test_every_bound_that_limits_something_is_told_once() -> None:
    world = World()
    world.add(level=50.0, policies=PLAIN | {"descent": {"maxStep": "10%"}})
    decision = world.tick().accounts["live/edge"].outcome.decision
    limiting = [bound_json(one) for one in decision.bounds if says_something(one)]
    assert world.status()["bounds"] == limiting
    assert 1 < len(limiting) < len(decision.bounds)


def test_a_policy_that_is_refused_holds_by_nothing_else() -> None:
    world = World()
    world.add(level=50.0, policies=PLAIN | {"descent": {"maxStep": "10%"}})
    world.override("freeze-1", minutes=30, freeze=True)
    world.run(1)
    assert {"bounds", "heldSince"} <= world.status().keys()
    world.edit(replicas={"min": 9, "max": 3})
    world.tick()
    assert world.status().keys().isdisjoint({"bounds", "heldSince"})
    assert world.status()["binding"]["reason"] == "InvalidSpec"


def test_since_when_a_hold_holds_is_told_for_as_long_as_its_reason_does() -> None:
    world = World()
    world.add(level=50.0, policies=PLAIN | {"descent": {"maxStep": "10%"}})
    world.override("freeze-1", minutes=30, freeze=True)
    world.run(1)
    frozen = world.status()["heldSince"]
    assert frozen == "2026-11-11T12:00:00.000Z"
    world.run(10)
    assert (world.status()["binding"]["reason"], world.status()["heldSince"]) == ("Frozen", frozen)
    world.run(20)
    assert world.status()["binding"]["reason"] != "Frozen"
    assert world.status()["heldSince"] > frozen
    world.run(20)
    assert world.replicas() == 50
    assert "heldSince" not in world.status()


def test_a_status_has_room_for_so_many_bounds_and_the_one_that_decided_is_the_first() -> None:
    world = talkative()
    world.tick()
    status = world.status()
    assert len(status["bounds"]) == MOST_BOUNDS
    assert status["bounds"][0] == status["binding"]
    assert all(len(one["message"]) <= 500 for one in status["bounds"])


def test_the_demand_that_is_told_is_that_of_the_signal_that_needs_most() -> None:
    world = World()
    signals = {
        "viewers": {"query": "viewers", "perReplica": 1000},
        "jobs": {"query": "jobs", "perReplica": 2},
        "egress": {"query": "nobody"},
    }
    world.metrics.answer("viewers", steady(9000.0))
    world.metrics.answer("jobs", steady(50.0))
    world.add(demand={"signals": signals})
    world.tick()
    assert world.status()["demand"] == 50.0


@pytest.mark.parametrize(("demand", "told"), [(8.12345, 8.123), (812.345, 812.0)])
def test_a_small_demand_is_told_with_its_fraction(demand: float, told: float) -> None:
    world = World()
    world.add(level=demand)
    world.tick()
    assert world.status()["demand"] == told


def test_where_no_demand_is_known_none_is_told() -> None:
    world = World()
    world.add(demand={"query": "nobody"})
    world.tick()
    assert "demand" not in world.status()


def test_a_number_that_is_unknown_or_unlimited_is_left_out() -> None:
    assert bound_json(bound(Kind.FLOOR, 7.0))["replicas"] == 7
    assert "replicas" not in bound_json(bound(Kind.FLOOR, NAN))
    assert "replicas" not in bound_json(bound(Kind.HARD_CEILING, INF))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (bound(Kind.FLOOR, 0.0), False),
        (bound(Kind.FLOOR, 1.0), True),
        (bound(Kind.PACE_DOWN, 0.0), False),
        (bound(Kind.PACE_UP, INF), False),
        (bound(Kind.SOFT_CEILING, 0.0), True),
        (bound(Kind.FLOOR, NAN), True),
    ],
)
def test_a_gate_that_stands_open_is_not_worth_a_line(one: Bound, said: bool) -> None:
    assert says_something(one) is said


def test_a_status_that_the_schema_does_not_know_is_found() -> None:
    world = World()
    world.add()
    world.tick()
    status = world.status()
    assert list(faults(status)) == []
    assert list(faults(status | {"mood": "calm"}))
    assert list(faults(status | {"heartbeat": "soon"}))
    assert list(faults(status | {"phase": None}))
    assert list(faults(status | {"bounds": status["bounds"] * 20}))


# --- when it is written


HEARD = "2026-11-11T12:00:00.000Z"
NOON = 1_794_398_400.0


def known(**more: Any) -> Json:
    """A status in which somebody could find something."""
    condition = {"type": "Ready", "status": "True", "reason": "Deciding", "message": "all is well"}
    return {
        "heartbeat": HEARD,
        "phase": "Peace",
        "demand": 3.5,
        "bounds": [{"policy": "p", "reason": "R", "message": "m", "kind": "Floor"}],
        "binding": {"policy": "p", "reason": "R", "message": "m"},
        "replicas": {"current": 5, "ready": 5, "desired": 5, "want": 5},
        "conditions": [condition],
        "memory": {"descent": {"at": 1.0}},
    } | more


CONDITION = known()["conditions"][0]


@pytest.mark.parametrize(
    ("after", "written"),
    [
        (known(), False),
        (known(demand=9.9), False),
        (known(bounds=[]), False),
        (known(binding={"policy": "p", "reason": "R", "message": "other"}), False),
        (known(replicas={"current": 5, "ready": 5, "desired": 5, "want": 9}), False),
        (known(conditions=[CONDITION | {"message": "still well"}]), False),
        (known(phase="War"), True),
        (known(binding={"policy": "q", "reason": "R", "message": "m"}), True),
        (known(replicas={"current": 5, "ready": 4, "desired": 5, "want": 5}), True),
        (known(conditions=[CONDITION | {"status": "False"}]), True),
        (known(conditions=[CONDITION | {"reason": "Other"}]), True),
        (known(memory={"descent": {"at": 2.0}}), True),
        (known(shadow={"replicas": 3}), True),
        (known(overrides=["live/freeze-1"]), True),
        (known(decisions=[{"to": 4}]), True),
    ],
)
def test_it_is_written_when_a_person_would_act_on_the_difference(
    after: Json, written: bool
) -> None:
    assert worth_writing(known(), after, NOON + 15) is written


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, False), (299, False), (300, True), (-1, True)]
)
def test_it_is_written_at_the_heartbeat_and_when_the_clock_was_set_back(
    seconds: float, written: bool
) -> None:
    assert worth_writing(known(), known(), NOON + seconds) is written


def test_the_heartbeats_of_many_that_began_together_are_spread_over_a_minute() -> None:
    beats = [heartbeat_of(f"live/w{i}") for i in range(1000)]
    assert min(beats) >= HEARTBEAT
    by_tick = Counter(int((beat - HEARTBEAT) // 15) for beat in beats)
    assert set(by_tick) == {0, 1, 2, 3}
    assert max(by_tick.values()) < 300


def test_a_first_status_is_written() -> None:
    assert worth_writing({}, known(), NOON)


def test_what_cannot_be_decided_on_is_said_once_and_at_heartbeats() -> None:
    world = World()
    world.add()
    world.edit(replicas={"min": 9, "max": 3})
    world.run(10)
    assert world.verbs().count("status") == 2
    assert world.reasons() == ["InvalidSpec", "InvalidSpec"]


def test_in_a_quiet_hour_it_is_written_at_heartbeats_only() -> None:
    world = World()
    world.add()
    world.run(2)
    world.verbs()
    world.run(36)
    assert world.verbs().count("status") == 6


def test_the_choice_of_auto_is_on_record_for_people_and_for_a_successor() -> None:
    world = World()
    world.add(forecast={"model": "Auto", "history": "1h"})
    world.run(1)
    found = world.status()["forecast"]["demand"]
    assert found["model"] == "Flat"
    assert found["message"].startswith("too little of the past is known")
    world.restart()
    world.run(1)
    assert world.status()["forecast"]["demand"] == found


def test_where_nobody_reads_a_status_it_holds_what_the_next_tick_goes_by() -> None:
    decided, statuses = [], []
    for replayed in (False, True):
        world = World()
        world.rules = replace(world.rules, replayed=replayed)
        world.restart()
        world.add(level=100.0, replicas=140, policies=SLOW)
        ticks = world.run(5)
        decided.append([tick.accounts["live/edge"].outcome.decision for tick in ticks])
        statuses.append(world.status())
    read, replayed_status = statuses
    assert decided[0] == decided[1]
    assert replayed_status == {name: read[name] for name in replayed_status}
    told = {"binding", "bounds", "conditions", "demand", "overrides"}
    assert read.keys() - replayed_status.keys() - {"heldSince", "nextSteps"} == told
