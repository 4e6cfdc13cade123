"""What the loop did, decided again from its recording: tick for tick the same, bound for bound."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ebbtide.adapters.embedded.metrics import Period
from ebbtide.errors import InvalidInput
from ebbtide.forecast.baselines.seasonal import Seasonal
from ebbtide.loop.forecasting.forecasts import Forecasting
from ebbtide.loop.ports.background import AtOnce
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.replaying.recorder import FORMAT, Recorder
from ebbtide.loop.replaying.replay import Replay, Replayed
from ebbtide.loop.tick import Tick
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.contract import Bound, Kind, Memory, Policy
from ebbtide_policies.observation import Observation
from tests.loop.session_world import SessionWorld
from tests.loop.test_experience import ebbing, stalls
from tests.loop.world import BEFORE, NOON, World, fallen


def recorded(ticks: Iterable[Tick]) -> list[Json]:
    """The lines of some ticks, as they come out of a file."""
    recorder = Recorder()
    lines = [line for tick in ticks for line in recorder.lines(tick)]
    found: list[Json] = json.loads(json.dumps(lines, allow_nan=False))
    return found


def replayed(lines: Iterable[Json], forecasting: Forecasting | None = None) -> list[Replayed]:
    return list(Replay({}, forecasting).of(lines))


def falling() -> World:
    world = World()
    world.add(policies={"descent": {"maxStep": "10%"}})
    world.metrics.answer("edge", fallen(100.0, 40.0))
    return world


def two() -> World:
    world = falling()
    world.add("origin", replicas=100, level=180.0, mode="DryRun")
    return world


def announced() -> World:
    world = falling()
    event: Json = {"start": "2026-11-11 12:20", "end": "2026-11-11 12:40"}
    event["expect"] = [{"demand": "150"}]
    world.write("EventCalendar", "days", {"events": {"opening": event}})
    return world


def overridden() -> World:
    world = falling()
    world.override("floor", 6, floor=80)
    world.override("war", 8, phase="War")
    return world


def two_signals() -> World:
    world = falling()
    signals = {"viewers": {"query": "edge"}, "egress": {"query": "egress", "perReplica": 3}}
    world.metrics.answer("egress", fallen(200.0, 90.0))
    world.edit(demand={"signals": signals})
    return world


def in_an_outage() -> World:
    world = falling()
    world.metrics.outages.append(Period(NOON + 120, NOON + 240))
    return world


def with_sessions() -> World:
    world = SessionWorld()
    world.fleet_with_sessions(20, 8, live={3: 5, 4: 2})
    return world


WORLDS: Sequence[Any] = [
    pytest.param(falling, id="a descent"),
    pytest.param(two, id="two workloads, one in a shadow"),
    pytest.param(announced, id="an announced event"),
    pytest.param(overridden, id="overrides"),
    pytest.param(two_signals, id="two signals"),
    pytest.param(in_an_outage, id="an outage"),
    pytest.param(with_sessions, id="live sessions"),
    pytest.param(lambda: ebbing(stalls(60.0, 300.0)), id="an experience gate"),
]


@pytest.mark.parametrize("make", WORLDS)
def test_every_decision_is_the_same_again(make: Callable[[], World]) -> None:
    ticks = make().run(15)
    found = replayed(recorded(ticks))
    assert len(found) == sum(len(tick.accounts) for tick in ticks) >= 60
    assert len({each.then["replicas"] for each in found}) > 1
    assert [each for each in found if not each.same] == []
    assert [each.then["replicas"] for each in found] == [
        account.outcome.decision.replicas for tick in ticks for account in tick.accounts.values()
    ]


def test_other_settings_are_other_decisions() -> None:
    lines = recorded(falling().run(15))
    [first] = [line for line in lines if "policies" in line]
    first["settings"]["descent"]["maxStep"] = "3%"
    assert max(each.apart for each in replayed(lines)) == 7


def test_a_question_that_nobody_asked_then_holds_capacity() -> None:
    lines = recorded(falling().run(15))
    [first] = [line for line in lines if "policies" in line]
    first["settings"]["presentNeed"]["slopeWindow"] = "7m"
    each = replayed(lines)[-1]
    reasons = {reason for policy, _, reason, _ in each.now["bounds"] if policy == "presentNeed"}
    assert reasons == {"PolicyFailed"}


def test_an_edit_is_told_when_it_comes_into_force() -> None:
    world = falling()
    ticks = list(world.run(3))
    world.edit(replicas={"min": 95, "max": 1000})
    ticks += world.run(3)
    lines = recorded(ticks)
    assert [line["policies"] for line in lines if "policies" in line] == ["live/edge"] * 2
    assert all(each.same for each in replayed(lines))


def test_the_past_is_told_once_and_then_what_is_new_of_it() -> None:
    lines = recorded(falling().run(15))
    histories = [line for line in lines if "history" in line]
    assert len(histories) == 1
    assert len(histories[0]["minutes"]) == 60
    fresh = [len(line["demand"]["demand"]["fresh"]) for line in lines if "tick" in line]
    assert sum(fresh) == 15
    assert max(fresh) == 1
    sizes = [len(json.dumps(line)) for line in lines if "tick" in line]
    assert max(sizes[1:]) < 6000


# --- the forecast made anew -------------------------------------------------------------------


def waves() -> DemandSeries:
    """Demand that goes up and down every hour, and is to be seen between the minutes too."""
    at = np.arange(-BEFORE, 600)
    minutes = 100 + 40 * np.sin(at / 60 * 2 * np.pi)
    return DemandSeries(start=NOON - BEFORE * 60, minutes=minutes, apart=300.0)


def foreseeing() -> World:
    """A workload whose forecaster learns."""
    world = World()
    world.rules = replace(world.rules, forecasters={"Seasonal": Seasonal})
    world.restart()
    world.add(forecast={"model": "Seasonal", "history": "2h"}, policies={})
    world.metrics.answer("edge", waves())
    return world


def test_a_forecast_made_anew_leads_to_the_same_decisions() -> None:
    lines = recorded(foreseeing().run(20))
    found = replayed(lines, Forecasting({"Seasonal": Seasonal}, AtOnce()))
    assert all(each.foreseen for each in found[1:])
    assert max(each.apart for each in found) <= 1


def test_what_was_seen_between_the_minutes_is_kept_for_that() -> None:
    lines = recorded(foreseeing().run(20))
    ticks = [line for line in lines if "tick" in line]
    assert any(tick["demand"]["demand"]["look"] for tick in ticks)
    for tick in ticks:
        tick["demand"]["demand"]["look"] = None
    blind = replayed(lines, Forecasting({"Seasonal": Seasonal}, AtOnce()))
    assert max(each.apart for each in blind) > 1


def test_from_the_middle_it_is_as_near() -> None:
    ticks = foreseeing().run(30)
    found = replayed(recorded(ticks[60:]), Forecasting({"Seasonal": Seasonal}, AtOnce()))
    assert len(found) == 60
    assert max(each.apart for each in found) <= 1


# --- what is no recording ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param({"hello": 1}, "this is no line of a recording", id="something else"),
        pytest.param(
            {"policies": "live/edge", "format": 99, "settings": {}}, "no line of", id="a newer one"
        ),
        pytest.param(
            {"policies": "live/edge", "format": FORMAT, "settings": {"weekend": {}}},
            "the policy 'weekend' of the recording is not installed",
            id="a plugin that is not there",
        ),
        pytest.param(
            {"policies": "live/edge", "format": FORMAT, "settings": {"descent": {"stride": 1}}},
            r"descent\.stride of the recording: .*; replay it with the version that wrote it",
            id="a setting that is not there",
        ),
        pytest.param({"history": "live/edge"}, "can't be understood.*'minutes'", id="half a past"),
        pytest.param({"at": 5.0}, "can't be understood.*'tick'", id="a tick of nobody"),
    ],
)
def test_what_can_not_be_replayed_is_refused(line: Json, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        replayed([line])


def test_a_recording_without_its_beginning_is_refused() -> None:
    lines = [line for line in recorded(falling().run(1)) if "tick" in line]
    with pytest.raises(InvalidInput, match="does not begin with its policies"):
        replayed(lines)


class Moody(Policy[Any]):
    """A policy of a third party that is not pure: it asks for one more each time."""

    name = "moody"
    asked = 100

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        Moody.asked += 1
        return [Bound(Kind.FLOOR, Moody.asked, self.name, "Moody")]


def test_a_policy_that_is_not_pure_is_found_out() -> None:
    world = World()
    world.rules = replace(world.rules, plugins={"moody": Moody})
    world.restart()
    world.add(plugins={"moody": {}})
    lines = recorded(world.run(2))
    assert not any(each.same for each in Replay({"moody": Moody}).of(lines))
