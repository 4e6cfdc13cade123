"""What policies see of a workload, put together from what was read."""

from typing import Any

import numpy as np
import pytest

from ebbtide.adapters.embedded.metrics import Period
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.demand import Outlook, Signal
from ebbtide_policies.lanes import every
from ebbtide_policies.observation import Override, Phase
from ebbtide_policies.snapshot import Snapshot
from tests.loop.world import HOME, NOON, World, levels, spec_of, steady


def seen(world: World, name: str = "edge") -> Snapshot:
    """What policies see at the next tick."""
    return world.tick().accounts[f"live/{name}"].seen


def signal(world: World, at: int = 0) -> Signal:
    """One signal of the demand at the next tick."""
    found = seen(world).demand[at]
    assert isinstance(found, Signal)
    return found


def with_policy(**spec: Any) -> World:
    """A workload with a spec of its own."""
    world = World()
    world.fleet("edge", 100)
    world.metrics.answer("edge", steady(100.0))
    world.write("CapacityPolicy", "edge", spec_of("edge", **spec), labels={"app": "edge"})
    return world


# --- demand


def test_a_signal_is_seen_in_replicas_with_the_age_of_its_newest_minute() -> None:
    world = with_policy(capacity={"perReplica": 4, "leadTime": "30s", "warmup": "10s"})
    found = signal(world)
    assert found.present() == 25.0
    assert found.age == 60.0
    assert found.trusted
    assert seen(world).lead_time == 40.0


def test_the_capacity_of_a_replica_may_be_asked_for() -> None:
    world = with_policy(capacity={"perReplicaQuery": "per_replica", "leadTime": "30s"})
    assert np.isnan(signal(world).present())
    assert world.condition("MetricsAvailable")["status"] == "False"
    world.metrics.answer("per_replica", steady(5.0))
    world.run(1)
    assert signal(world).present() == 20.0
    world.metrics.answer("per_replica", steady(0.5))
    world.run(1)
    assert signal(world).present() == 200.0
    world.metrics.answer("per_replica", steady(0.0))
    world.run(1)
    assert np.isnan(signal(world).per_replica)


def test_every_named_signal_is_seen_with_its_own_capacity() -> None:
    signals = {"viewers": {"query": "edge", "perReplica": 2}, "jobs": {"query": "jobs"}}
    world = with_policy(demand={"signals": signals})
    world.metrics.answer("jobs", steady(7.0))
    found = seen(world)
    assert [(d.name, d.present()) for d in found.demand] == [("viewers", 50.0), ("jobs", 7.0)]
    assert world.status()["demand"] == 100.0


# --- alive


def test_the_share_of_answering_targets_is_seen_with_the_least_that_is_believed() -> None:
    world = with_policy(demand={"query": "edge", "alive": {"query": "up", "atLeast": "80%"}})
    world.metrics.answer("up", steady(0.5))
    found = signal(world)
    assert (found.alive, found.alive_at_least) == (0.5, 0.8)
    assert world.status()["conditions"][1]["reason"] == "MetricsIncomplete"


def test_without_alive_every_answer_is_believed_but_not_silence() -> None:
    world = with_policy()
    assert (signal(world).alive, signal(world).alive_at_least) == (1.0, 0.0)
    world.metrics.outages.append(Period(NOON, NOON + 9999))
    world.run(1)
    assert np.isnan(signal(world).alive)


def test_a_source_that_is_down_answers_for_no_target() -> None:
    world = with_policy(demand={"query": "edge", "alive": {"query": "up"}})
    world.metrics.answer("up", steady(1.0))
    world.tick()
    world.metrics.outages.append(Period(NOON, NOON + 9999))
    world.run(1)
    assert np.isnan(signal(world).alive)


# --- whenAbsent


def vanishing(when_absent: str) -> World:
    """A gauge that vanished half an hour ago with its last job, and was back for a while."""
    alive = {"query": "up", "atLeast": "80%"}
    world = with_policy(
        demand={"query": "jobs", "alive": alive, "whenAbsent": when_absent},
    )
    nan = float("nan")
    world.metrics.answer("jobs", levels((5.0, 90), (nan, 10), (3.0, 10), (nan, 600)))
    world.metrics.answer("up", levels((1.0, 115), (0.1, 2), (1.0, 600)))
    return world


def test_absent_is_zero_where_that_is_said_and_the_targets_answer() -> None:
    world = vanishing("Zero")
    found = signal(world)
    assert found.present() == 0.0
    known = found.minutes[-31:-1]
    assert known[:10].tolist() == [0.0] * 10
    assert known[10:20].tolist() == [3.0] * 10
    assert np.isnan(known[25:27]).all()
    assert known[27:].tolist() == [0.0] * 3


def test_just_as_many_targets_as_are_asked_for_are_enough_for_that() -> None:
    world = vanishing("Zero")
    world.metrics.answer("up", steady(0.8))
    assert signal(world).present() == 0.0
    world.metrics.answer("up", steady(0.79))
    world.restart()
    assert signal(world).present() == 3.0


def test_a_forecast_is_made_of_the_same_zeros() -> None:
    world = vanishing("Zero")
    world.tick()
    shown = world.forecaster.shown[0].minutes[:, 0]
    assert shown[-1] == 0.0
    assert np.count_nonzero(shown == 0.0) == 18


def test_absent_is_unknown_where_nothing_is_said() -> None:
    found = signal(vanishing("Hold"))
    assert found.present() == 3.0
    assert found.age > 600


def test_in_an_outage_of_monitoring_absent_is_never_zero() -> None:
    world = vanishing("Zero")
    world.metrics.answer("up", levels((1.0, 118), (float("nan"), 600)))
    assert signal(world).age == 180.0


# --- answers, calendars, overrides


def test_the_queries_of_policies_are_answered_under_their_names() -> None:
    asked = {"standby": {"query": "standby"}, "spare": {"query": "nothing"}}
    world = with_policy(policies={"query": {"questions": asked}})
    world.metrics.answer("standby", steady(12.0))
    found = seen(world)
    assert found.answers["query/standby"] == 12.0
    assert np.isnan(found.answers["query/spare"])


def calendar(*expect: Json) -> Json:
    """An event in an hour."""
    event = {"start": "2026-11-11 13:00", "end": "2026-11-11 14:00", "readyBy": "2026-11-11 12:50"}
    return {"events": {"double-11": event | {"expect": list(expect)}}}


@pytest.mark.parametrize(
    ("namespace", "holds"), [("live", True), (HOME, True), ("elsewhere", False)]
)
def test_a_calendar_holds_in_its_namespace_and_that_of_the_operator_everywhere(
    namespace: str, holds: bool
) -> None:
    world = with_policy()
    world.write("EventCalendar", "promotions", calendar({"times": 2.0}), namespace=namespace)
    assert [event.name for event in seen(world).events] == ["double-11"] * holds


def test_an_event_is_seen_as_it_concerns_a_workload() -> None:
    world = with_policy(capacity={"perReplica": 10})
    expect = ({"selector": {"app": "origin"}, "times": 9}, {"demand": "3k"})
    world.write("EventCalendar", "promotions", calendar(*expect))
    event = seen(world).events[0]
    assert (event.start, event.end, event.ready_by) == (NOON + 3600, NOON + 7200, NOON + 3000)
    assert event.replicas == 300.0
    assert np.isnan(event.times)
    world.write("EventCalendar", "promotions", calendar({"times": 1.5}))
    event = seen(world).events[0]
    assert event.times == 1.5
    assert np.isnan(event.replicas)


def test_an_override_is_seen_with_all_that_it_says() -> None:
    world = with_policy()
    world.override("freeze-1", minutes=5, freeze=True, floor=3, ceiling=9, phase="War")
    until = NOON + 300
    said = Override("live/freeze-1", "CDN migration", until, True, 3.0, 9.0, Phase.WAR)
    assert seen(world).overrides == (said,)


def test_the_phase_follows_the_settings_of_the_calendar_policy() -> None:
    world = with_policy(policies={"calendar": {"margin": "55m"}})
    world.write("EventCalendar", "promotions", calendar({"demand": "100"}))
    assert seen(world).phase is Phase.PREWARM


def test_the_last_step_is_seen_and_never_lies_in_the_future() -> None:
    world = with_policy()
    world.metrics.answer("edge", steady(120.0))
    world.tick()
    known = seen(world).last_step
    assert known is not None
    assert (known.at, known.before, known.after) == (NOON, 100, 120)
    world.late = 3600.0
    known = seen(world).last_step
    assert known is not None
    assert known.at == world.time - 15.0 - world.late


def test_a_rollout_is_seen() -> None:
    world = with_policy()
    world.cluster.rolling = True
    assert every(seen(world).fleet.rollout)


# --- what was announced, in the forecast


def foreseen_in(world: World, minutes: float) -> float:
    """The demand that is expected in so many minutes, as the forecast of a workload has it."""
    outlook = signal(world).outlook
    assert outlook is not None
    return float(np.interp(NOON + 60 * minutes, *at_minutes(outlook)))


def at_minutes(outlook: Outlook) -> tuple[Any, Any]:
    """The moments of a forecast, and its median at them."""
    median = outlook.values[0]
    return outlook.origin + 60 * np.arange(1, median.size + 1), median


@pytest.mark.parametrize(
    ("expect", "height"),
    [
        pytest.param({"times": 2.5}, 250.0, id="a multiple of the usual"),
        pytest.param({"demand": "3k"}, 3000.0, id="a demand in numbers"),
        pytest.param({"selector": {"app": "origin"}, "times": 9}, 100.0, id="somebody else's"),
    ],
)
def test_the_forecast_heeds_what_was_announced(expect: Json, height: float) -> None:
    world = with_policy()
    world.write("EventCalendar", "promotions", calendar(expect))
    assert foreseen_in(world, 50) == 100.0
    assert foreseen_in(world, 90) == height


def test_an_event_that_is_called_off_is_no_longer_foreseen() -> None:
    world = with_policy()
    world.write("EventCalendar", "promotions", calendar({"times": 2.5}))
    assert foreseen_in(world, 90) == 250.0
    world.write("EventCalendar", "promotions", {"events": {}})
    assert foreseen_in(world, 90) == 100.0


def test_a_demand_in_numbers_is_that_of_the_first_signal() -> None:
    signals = {"viewers": {"query": "edge"}, "jobs": {"query": "jobs"}}
    world = with_policy(demand={"signals": signals})
    world.metrics.answer("jobs", steady(7.0))
    world.write("EventCalendar", "promotions", calendar({"demand": "3k"}))
    first, second = (s.outlook for s in seen(world).demand if isinstance(s, Signal))
    assert first is not None
    assert second is not None
    assert float(first.values[0, 90]) == 3000.0
    assert float(second.values[0, 90]) == 7.0
