"""`objective` in the loop: its settings are asked for off the tick, published, and put in force."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ebbtide.api.capacity_policy.objective import PRIORS, Reckoned, Settings, knobs, prior, stricter
from ebbtide.api.reading.compose import Installed
from ebbtide.loop.forecasting.signals import Column
from ebbtide.loop.ports.background import AtOnce
from ebbtide.loop.tuning.tuner import Tuner
from ebbtide.loop.tuning.tuning_input import TuningInput
from ebbtide.loop.workload import Workload, WorkloadReader
from ebbtide_policies.observation import Phase
from ebbtide_policies.snapshot import Snapshot
from tests.loop.when_told import WhenTold
from tests.loop.world import NOON, TICK, World, fails, levels

AIM = {"unserved": "0.01%"}
LOOSE, STRICT = PRIORS[0][1], knobs(0.3, 3.0)
DAY = 86400.0


class Planner:
    """Speaks for some settings, and keeps what it was asked."""

    def __init__(self, settings: Settings = LOOSE) -> None:
        self.settings = settings
        self.asked: list[TuningInput] = []

    def __call__(self, tuning_input: TuningInput) -> Reckoned:
        self.asked.append(tuning_input)
        return Reckoned(self.settings, "it is the cheapest", 40320, 3e-5, 0.93)


def tuned(planner: Callable[[TuningInput], Reckoned], **spec: Any) -> World:
    """A world with one workload that has an objective and writes no settings itself."""
    world = World()
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    world.add(level=100.0, objective=AIM, policies={}, **spec)
    return world


def let_go_of_objective(world: World) -> None:
    """Take the objective out of the policy."""
    known = world.policy()
    left = {name: value for name, value in known.spec.items() if name != "objective"}
    world.cluster.apply(replace(known, spec=left))


def later(world: World, seconds: float) -> None:
    """Let time pass without a tick."""
    world.time += seconds
    world.metrics.answer("edge", levels((100.0, 5 * 1440)))


def headroom(world: World) -> float:
    """The headroom that decides at the next tick."""
    (account,) = world.tick().accounts.values()
    assert account.basis is not None
    settings = {policy.name: policy.settings for policy in account.basis.policies}
    return float(settings["presentNeed"].headroom)


def test_what_the_past_speaks_for_stands_in_the_status_with_its_evidence() -> None:
    world = tuned(Planner())
    world.run(1)
    told = world.status()["tuning"]
    assert told["settings"] == LOOSE
    assert (told["unserved"], told["cost"], told["minutes"]) == (3e-5, 0.93, 40320)
    assert told["message"] == "it is the cheapest"
    assert told["reckonedAt"] == "2026-11-11T11:59:00.000Z"
    assert "applied" not in told
    assert headroom(world) == 0.11, "a suggestion changes nothing"
    assert world.reasons().count("SettingsSuggested") == 1


def test_settings_that_are_applied_decide_from_the_next_tick_on() -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    world.run(0.5)
    assert world.status()["tuning"]["applied"]["settings"] == STRICT
    assert headroom(world) == 0.3
    world.run(1)
    assert world.replicas() == 130
    assert world.reasons().count("SettingsApplied") == 1


def test_what_lets_more_go_counts_after_one_soak() -> None:
    world = tuned(Planner(LOOSE), tuning="Apply")
    world.tick()
    assert headroom(world) == 0.11
    world.run(2)
    assert headroom(world) == 0.0


def test_a_successor_goes_on_with_what_is_in_force_and_asks_nothing_anew() -> None:
    world, planner = tuned(Planner(STRICT), tuning="Apply"), Planner(LOOSE)
    world.run(1)
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    assert headroom(world) == 0.3
    world.run(1)
    assert planner.asked == []
    assert world.status()["tuning"]["settings"] == STRICT


NEWER = {"novelNeed": {"headroom": "5%"}}
"""Settings of a policy that only another version knows."""


def test_what_is_in_force_stays_where_the_suggestion_beside_it_can_not_be_understood() -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    world.run(2)  # for one soak the stricter of old and new is on record as well
    ours = world.status()["tuning"]
    world.set_status(world.status() | {"tuning": ours | {"settings": NEWER}})
    world.rules = replace(world.rules, reckon=None)
    world.restart()
    for _ in range(3):
        assert headroom(world) == 0.3
    assert world.status()["tuning"]["applied"] == ours["applied"]
    world.rules = replace(world.rules, reckon=Planner(STRICT))
    world.restart()
    world.run(1)
    assert world.status()["tuning"]["settings"] == STRICT
    assert world.status()["tuning"]["applied"] == ours["applied"]


def test_what_another_leader_found_meanwhile_is_not_undone() -> None:
    world = tuned(Planner(STRICT))
    world.run(1)
    theirs = {"settings": dict(LOOSE), "reckonedAt": "2026-11-11T12:00:30.000Z"}
    world.set_status(world.status() | {"tuning": world.status()["tuning"] | theirs})
    world.run(1)
    assert world.status()["tuning"]["settings"] == LOOSE


def test_a_choice_of_the_future_is_made_anew_and_never_put_in_force() -> None:
    world, planner = tuned(Planner(STRICT)), Planner(STRICT)
    world.run(1)
    ahead = world.status()["tuning"] | {"settings": LOOSE, "reckonedAt": "2036-11-11T12:00:30.000Z"}
    world.rules = replace(world.rules, reckon=planner)
    world.set_status(world.status() | {"tuning": ahead})
    world.restart()
    world.edit(tuning="Apply")
    world.run(0.5)
    world.set_status(world.status() | {"tuning": ahead})
    world.run(1)
    assert len(planner.asked) == 1
    assert world.status()["tuning"]["settings"] == STRICT
    assert world.status()["tuning"]["applied"]["settings"] == STRICT


def test_every_workload_is_asked_once_a_day_and_changed_no_more_often() -> None:
    planner = Planner(STRICT)
    world = tuned(planner, tuning="Apply")
    world.run(2)
    assert len(planner.asked) == 1
    planner.settings = LOOSE
    later(world, DAY / 2 + 60)
    world.run(1)
    assert len(planner.asked) == 2
    assert world.status()["tuning"]["settings"] == LOOSE
    assert world.status()["tuning"]["applied"]["settings"] == STRICT, "half a day ago"
    later(world, DAY / 2)
    world.run(1)
    assert world.status()["tuning"]["applied"]["settings"] == LOOSE
    assert [one.suggested for one in planner.asked] == [prior(1e-4), STRICT]


def test_an_objective_that_comes_back_begins_with_what_is_in_force_for_it() -> None:
    planner = Planner(STRICT)
    world = tuned(planner, tuning="Apply")
    for unserved in ("0.01%", "1%", "0.01%"):
        world.edit(objective={"unserved": unserved})
        world.run(1)
    assert [one.suggested for one in planner.asked] == [prior(1e-4), prior(1e-2), STRICT]


def test_since_when_the_same_is_suggested_is_told() -> None:
    planner, since = Planner(STRICT), []
    world = tuned(planner)
    for settings in (STRICT, STRICT, LOOSE):
        planner.settings = settings
        world.run(1)
        since.append(world.status()["tuning"]["since"])
        later(world, DAY)
    assert since[0] == since[1] < since[2]


def test_a_past_that_is_not_known_is_not_replayed() -> None:
    planner = Planner()
    world = World()
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    signals = {name: {"query": name, "perReplica": 1} for name in ("viewers", "jobs")}
    world.metrics.answer("viewers", levels((100.0, 5 * 1440)))
    world.add(objective=AIM, demand={"signals": signals})
    assert not any(tick.failures for tick in world.run(1))
    assert planner.asked == []
    world.metrics.answer("jobs", levels((100.0, 5 * 1440)))
    world.run(6)
    assert len(planner.asked) == 1


def test_nothing_is_changed_around_an_event() -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    final = {"start": "2026-11-11 14:00", "end": "2026-11-11 15:00", "expect": [{"times": 1.3}]}
    world.write("EventCalendar", "matches", {"events": {"final": final}})
    world.run(1)
    assert world.status()["tuning"]["settings"] == STRICT
    assert "applied" not in world.status()["tuning"]


def test_another_objective_is_asked_for_at_once_and_its_prior_holds_until_the_day_is_over() -> None:
    planner = Planner(STRICT)
    world = tuned(planner, tuning="Apply")
    world.run(1)
    planner.settings = LOOSE
    world.edit(objective={"unserved": "1%"})
    world.run(1)
    assert [tuning_input.objective for tuning_input in planner.asked] == [1e-4, 1e-2]
    assert world.status()["tuning"]["objective"] == 1e-2
    assert world.status()["tuning"]["applied"]["objective"] == 1e-4
    assert headroom(world) == 0.0


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"capacity": {"perReplica": 1, "leadTime": "10m"}}, id="lead time"),
        pytest.param({"capacity": {"perReplica": 1, "leadTime": "Auto"}}, id="measured"),
        pytest.param({"capacity": {"perReplica": 2, "leadTime": "30s"}}, id="what one carries"),
        pytest.param({"replicas": {"min": 1, "max": 2000}}, id="limits"),
        pytest.param({"demand": {"query": "edge", "whenAbsent": "Hold", "source": "x"}}, id="q"),
    ],
)
def test_another_plant_is_asked_for_at_once_and_until_then_the_prior_holds_as_well(
    edit: Any,
) -> None:
    planner = Planner(LOOSE)
    world = tuned(planner, tuning="Apply")
    world.run(5)
    assert headroom(world) == 0.0
    world.edit(**edit)
    assert headroom(world) == 0.11
    world.run(1)
    assert len(planner.asked) == 2
    assert planner.asked[1].suggested == stricter(prior(1e-4), LOOSE)
    assert headroom(world) == 0.11, "what lets go waits for its day"
    assert world.status()["tuning"]["settings"] == LOOSE
    for _ in range(2):
        later(world, DAY)
        world.run(2)
    assert headroom(world) == 0.0


def test_what_another_plant_needs_comes_at_once() -> None:
    planner = Planner(LOOSE)
    world = tuned(planner, tuning="Apply")
    world.run(5)
    planner.settings = STRICT
    world.edit(capacity={"perReplica": 1, "leadTime": "10m"})
    world.run(1)
    assert headroom(world) == 0.3


def test_a_successor_knows_what_a_choice_was_made_for() -> None:
    planner = Planner(LOOSE)
    world = tuned(planner, tuning="Apply")
    world.run(5)
    world.restart()
    world.run(1)
    assert len(planner.asked) == 1
    world.edit(capacity={"perReplica": 1, "leadTime": "10m"})
    world.restart()
    assert headroom(world) == 0.11
    world.run(1)
    assert len(planner.asked) == 2


def test_what_is_no_part_of_the_plant_asks_for_no_new_choice() -> None:
    planner = Planner(LOOSE)
    world = tuned(planner, tuning="Apply")
    world.run(5)
    world.edit(mode="DryRun")
    world.run(1)
    assert (len(planner.asked), headroom(world)) == (1, 0.0)


def test_what_was_reckoned_while_the_plant_was_edited_is_asked_anew() -> None:
    planner, leisure = Planner(LOOSE), WhenTold()
    world = tuned(planner, tuning="Apply")
    world.leisure = leisure
    world.restart()
    world.run(1)
    world.edit(capacity={"perReplica": 1, "leadTime": "10m"})
    leisure.work()
    world.run(1)
    assert "applied" not in world.status()["tuning"]
    leisure.work()
    world.run(0.5)
    assert [one.lead_time for one in planner.asked] == [30.0, 600.0]
    assert world.status()["tuning"]["applied"]["settings"] == LOOSE


def test_what_was_found_for_another_objective_is_not_put_in_force() -> None:
    world = tuned(Planner(STRICT))
    world.run(1)
    world.edit(objective={"unserved": "1%"}, tuning="Apply")
    world.run(1)
    assert world.status()["tuning"]["applied"]["objective"] == 1e-2


def test_without_an_objective_there_is_nothing_to_say() -> None:
    planner = Planner()
    world = World()
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    world.add()
    world.run(1)
    assert planner.asked == []
    assert "tuning" not in world.status()
    assert "TuningFailed" not in {one["type"] for one in world.status()["conditions"]}


def test_a_planner_is_told_what_is_known_of_the_workload() -> None:
    planner = Planner()
    world = tuned(planner)
    world.run(1)
    (tuning_input,) = planner.asked
    assert (tuning_input.workload, tuning_input.lead_time) == ("live/edge", 30.0)
    assert tuning_input.per_replica == {"demand": 1.0}
    minutes = tuning_input.minutes["demand"]
    assert (minutes.start + 60 * (minutes.values.size - 1), minutes.values.size) == (NOON, 60)
    assert tuning_input.spec["objective"] == AIM


def test_no_tick_waits_and_one_workload_is_asked_for_at_a_time() -> None:
    planner, leisure = Planner(), WhenTold()
    world = tuned(planner)
    world.leisure = leisure
    world.restart()
    for i in range(20):
        world.add(f"edge-{i}", objective=AIM)
    world.run(1)
    assert len(leisure.waiting) == 1
    for _ in range(2 * 21):
        leisure.work()
        world.tick()
        assert len(leisure.waiting) <= 1
    assert {tuning_input.workload for tuning_input in planner.asked} == set(world.tick().accounts)
    assert leisure.waiting == []


def broken(tuning_input: TuningInput) -> Reckoned:
    raise LookupError(tuning_input.workload)


def failing(world: World) -> None:
    """From now on the process that replays dies."""
    world.rules = replace(world.rules, reckon=broken)
    world.restart()


def test_a_replay_that_fails_is_told_and_what_was_known_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    world.run(1)
    told = world.condition("TuningFailed")
    assert (told["status"], told["message"]) == ("False", "its past can be replayed")
    failing(world)
    later(world, DAY)
    world.run(2)
    assert world.status()["tuning"]["settings"] == STRICT
    assert headroom(world) == 0.3
    told = world.condition("TuningFailed")
    assert (told["status"], told["reason"]) == ("True", "ReplayFailed")
    assert "can't be replayed: LookupError: live/edge; it is tried again at" in told["message"]
    assert world.reasons().count("ReplayFailed") == 1
    failures = [record for record in caplog.records if "can't be replayed" in record.message]
    assert len(failures) == 1


def test_a_replay_that_failed_is_tried_again_ever_less_often_until_one_succeeds() -> None:
    planner = Planner(STRICT)
    world = tuned(broken)
    world.run(0.5)
    asked: list[float] = []

    def dying(tuning_input: TuningInput) -> Reckoned:
        asked.append(world.time)
        return broken(tuning_input)

    world.rules = replace(world.rules, reckon=dying)
    world.restart()
    begun = world.time
    for _ in range(215):
        world.tick()
        later(world, 45)
    pauses = np.diff([begun, *asked]) - [300, 600, 1200, 2400, 3600, 3600]
    assert np.all((pauses >= 0) & (pauses <= 2 * 60)), "it is on record a tick before"
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    world.run(6)
    assert planner.asked == [], "a successor waits as long"
    later(world, 3600)
    world.run(1)
    assert len(planner.asked) == 1
    assert world.condition("TuningFailed")["status"] == "False"
    assert world.status()["tuning"]["settings"] == STRICT
    assert world.reasons().count("PastReplayed") == 1


def test_a_replay_is_on_record_before_it_is_begun_and_until_something_comes_of_it() -> None:
    told: list[Any] = []

    def planner(tuning_input: TuningInput) -> Reckoned:
        told.append(world.status()["tuningAttempt"])
        return Planner()(tuning_input)

    world = tuned(planner)
    world.run(1)
    [attempt] = told
    assert (attempt["times"], attempt["failed"]) == (1, False)
    assert "tuningAttempt" not in world.status()


def test_whoever_was_killed_with_a_replay_is_no_example_to_a_successor() -> None:
    world, deadly = tuned(Planner(STRICT)), WhenTold()
    world.leisure = deadly
    world.restart()
    begun: list[float] = []
    for _ in range(120):
        if deadly.waiting:
            begun.append(world.time)
            deadly.waiting.clear()
            world.restart()  # killed before anything is told
        world.tick()
        later(world, 45)
    pauses = np.diff(begun) - [300, 600, 1200, 2400][: len(begun) - 1]
    assert len(begun) == 5
    assert np.all((pauses >= 0) & (pauses <= 4 * 60)), "ever less often"
    told = world.condition("TuningFailed")
    assert told["status"] == "True"
    assert "ended first, out of memory?, 5 times in a row; it is tried again at" in told["message"]
    attempts = world.status()["tuningAttempt"]
    assert (attempts["times"], attempts["failed"]) == (5, True)


def test_whoever_is_told_to_stop_with_a_replay_leaves_no_failure_behind() -> None:
    planner = Planner(STRICT)
    world = tuned(planner)
    world.leisure = WhenTold()
    world.restart()
    world.run(1)
    assert world.status()["tuningAttempt"]["times"] == 1
    world.loop.stop()
    assert "tuningAttempt" not in world.status()
    world.leisure = AtOnce()
    world.restart()
    world.run(0.5)
    assert len(planner.asked) == 1, "a successor asks at once"
    assert world.status()["tuning"]["settings"] == STRICT
    assert "ReplayFailed" not in world.reasons()


def test_a_stop_takes_back_no_failure_that_there_was() -> None:
    world = tuned(broken)
    world.run(1)
    failure = world.status()["tuningAttempt"]
    world.rules = replace(world.rules, reckon=Planner(STRICT))
    world.leisure = WhenTold()
    world.restart()
    later(world, 300)
    world.run(1)
    assert (world.status()["tuningAttempt"]["times"], failure["failed"]) == (2, True)
    world.loop.stop()
    assert world.status()["tuningAttempt"] == failure


def test_a_stop_touches_no_policy_but_the_one_whose_replay_it_ends() -> None:
    world = tuned(Planner())
    world.add("origin", objective=AIM)
    world.leisure = WhenTold()
    world.restart()
    world.run(1)
    both = [name for name in ("edge", "origin") if "tuningAttempt" in world.status(name)]
    world.calls.clear()
    world.loop.stop()
    assert [call.name for call in world.calls if call.verb == "status" and call.done] == [
        f"live/{name}" for name in both
    ]
    assert len(both) == 1


class Disputed:
    """Leadership that is held when a test says so."""

    held = True

    def renew(self) -> None:
        """Leave it as it is."""

    def keep(self) -> None:
        """Leave it as it is."""


def test_whoever_leads_again_takes_what_was_found_meanwhile() -> None:
    world, lease, leisure = tuned(Planner(STRICT)), Disputed(), WhenTold()
    world.leadership, world.leisure = lease, leisure
    world.restart()
    world.run(1)
    lease.held = False
    world.run(1)
    leisure.work()
    lease.held = True
    world.run(0.5)
    assert world.status()["tuning"]["settings"] == STRICT
    assert "tuningAttempt" not in world.status()
    assert "ReplayFailed" not in world.reasons()


@pytest.mark.parametrize("leads", [True, False])
def test_a_stop_writes_only_what_is_its_own_to_write(leads: bool) -> None:
    world, lease = tuned(Planner()), Disputed()
    if leads:
        world.run(1)  # nothing is under way any more
    else:
        world.leadership, world.leisure = lease, WhenTold()
        world.restart()
        world.run(1)
        lease.held = False
    world.verbs()
    world.loop.stop()
    assert world.verbs() == []


def test_a_successor_goes_on_counting_what_failed() -> None:
    world = tuned(broken)
    world.run(1)
    for _ in range(12):
        world.tick()
        later(world, 45)
    assert world.status()["tuningAttempt"]["times"] == 2
    world.restart()
    world.tick()
    said = world.condition("TuningFailed")["message"]
    assert "LookupError: live/edge, 2 times in a row; it is tried again" in said
    assert said.count("in a row") == 1


def test_a_workload_that_gets_nothing_on_record_keeps_no_other_from_its_turn() -> None:
    planner = Planner()
    world = tuned(planner)
    world.add("edge-1", objective=AIM)
    world.trouble = fails("edge", "status", RuntimeError("the wire was cut"))
    world.run(2)
    assert [tuning_input.workload for tuning_input in planner.asked] == ["live/edge-1"]
    world.trouble = lambda _: None
    world.run(2)
    assert {tuning_input.workload for tuning_input in planner.asked} == {"live/edge", "live/edge-1"}
    assert "tuningAttempt" not in world.status()


def test_an_attempt_that_can_not_be_read_is_none() -> None:
    world = tuned(Planner(STRICT))
    world.run(0.25)
    attempt = world.status()["tuningAttempt"]
    world.cluster.strict = False
    world.set_status(world.status() | {"tuningAttempt": attempt | {"at": "a while ago"}})
    world.cluster.strict = True
    world.restart()
    world.run(1)
    assert world.status()["tuning"]["settings"] == STRICT
    assert "ReplayFailed" not in world.reasons()


def test_an_edit_may_have_mended_it_so_it_is_tried_at_once() -> None:
    planner = Planner(STRICT)
    world = tuned(broken)
    world.run(1)
    world.rules = replace(world.rules, reckon=planner)
    world.restart()
    world.run(1)
    assert planner.asked == []
    world.edit(replicas={"min": 2, "max": 400})
    world.run(1)
    assert len(planner.asked) == 1


def test_one_that_fails_keeps_no_other_from_its_turn() -> None:
    asked: list[str] = []

    def half(tuning_input: TuningInput) -> Reckoned:
        asked.append(tuning_input.workload)
        return (
            broken(tuning_input)
            if tuning_input.workload == "live/edge"
            else Planner()(tuning_input)
        )

    world = tuned(half)
    for i in range(3):
        world.add(f"edge-{i}", objective=AIM)
    world.run(2)
    assert sorted(asked) == ["live/edge", *(f"live/edge-{i}" for i in range(3))]


def by_hand() -> tuple[Workload, Column, Snapshot]:
    """A workload that has an objective and no status, its past, and what is seen of it."""
    world = tuned(Planner())
    (account,) = world.tick().accounts.values()
    (column,) = (known.forecast.task.column for known in account.prospects.foresights.values())
    workload = WorkloadReader(Installed(models=["Flat"])).of([world.policy()])["live/edge"]
    assert isinstance(workload, Workload)
    fresh = replace(workload, resource=replace(workload.resource, status={}))
    return fresh, replace(column, minutes=np.full(60, 100.0)), account.seen


@pytest.mark.parametrize("whole", [True, False])
def test_a_past_that_is_still_being_read_waits_for_its_turn(whole: bool) -> None:
    workload, column, seen = by_hand()
    tuner = Tuner(Planner(), AtOnce())
    tuner.refresh([workload], [replace(column, whole=whole)], unknown, NOON)
    assert ("tuningAttempt" in tuner.section(workload, seen)) is whole


def unknown(*_: object) -> TuningInput:
    """Nothing is known of a workload."""
    raise LookupError("no such signal")


def test_a_question_that_can_not_be_put_stops_no_tick(caplog: pytest.LogCaptureFixture) -> None:
    workload, column, seen = by_hand()
    planner, fresh = Planner(), workload
    tuner = Tuner(planner, AtOnce())
    for _ in range(2):
        tuner.refresh([fresh], [column], unknown, NOON)
        status = tuner.section(fresh, seen)
        fresh = replace(workload, resource=replace(workload.resource, status=status))
    assert planner.asked == []
    assert "live/edge: its past can't be replayed: LookupError" in caplog.text
    (told,) = tuner.conditions(fresh)
    assert told.holds


@pytest.mark.parametrize(
    ("settings", "written", "waits"),
    [
        pytest.param(STRICT, {}, True, id="it differs"),
        pytest.param(prior(1e-4), {}, False, id="it is the prior"),
        pytest.param(STRICT, {k: dict(v) for k, v in STRICT.items()}, False, id="it is written"),
        pytest.param(LOOSE, {k: dict(v) for k, v in STRICT.items()}, True, id="another is written"),
        pytest.param(prior(1e-4), {"presentNeed": {"headroom": "60%"}}, True, id="over the prior"),
        pytest.param(prior(1e-4), {"stabilization": {"window": "60s"}}, False, id="written so"),
    ],
)
def test_a_suggestion_waits_until_somebody_takes_it_over(
    settings: Settings, written: Any, waits: bool
) -> None:
    world = tuned(Planner(settings))
    world.edit(policies=written)
    world.run(1)
    assert world.status()["tuning"]["waiting"] is waits


@pytest.mark.parametrize(
    ("preset", "waits"),
    [
        pytest.param("ai-service", False, id="where the preset has one"),
        pytest.param("streaming-edge", True, id="where it has none"),
    ],
)
def test_a_rate_waits_for_somebody_to_write_it(preset: str, waits: bool) -> None:
    faster = {**prior(1e-4), "rate": {"share": "300%"}}
    world = tuned(Planner(faster))
    world.edit(preset=preset)
    world.run(1)
    assert world.status()["tuning"]["waiting"] is waits


def test_what_nothing_speaks_for_yet_waits_for_nobody() -> None:
    world = tuned(lambda _: Reckoned(prior(1e-4), "3.0 days of demand are known", 4320))
    world.edit(policies={"presentNeed": {"headroom": "60%"}})
    world.run(1)
    assert world.status()["tuning"]["waiting"] is False


def test_a_status_that_was_not_written_is_written_at_the_next_tick() -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    world.trouble = fails("edge", "status", RuntimeError("the wire was cut"))
    world.tick()
    assert "tuning" not in world.status()
    world.trouble = lambda _: None
    world.run(0.5)
    assert world.status()["tuning"]["applied"]["settings"] == STRICT


def test_a_workload_that_is_gone_is_forgotten() -> None:
    planner, leisure = Planner(), WhenTold()
    world = tuned(planner)
    world.leisure = leisure
    world.restart()
    world.tick()
    let_go_of_objective(world)
    leisure.work()
    world.tick()
    assert "tuning" not in world.status()


@pytest.mark.parametrize("planner", [Planner(STRICT), broken], ids=["found", "failed"])
def test_an_objective_that_comes_back_begins_anew(
    planner: Callable[[TuningInput], Reckoned],
) -> None:
    world, later_on = tuned(planner), WhenTold()
    world.run(1)
    let_go_of_objective(world)
    world.run(0.5)
    world.edit(objective=AIM)
    world.leisure = later_on
    world.tick()
    assert world.condition("TuningFailed")["status"] == "False"
    assert "tuning" not in world.status()
    assert world.status()["tuningAttempt"]["times"] == 1


def test_a_war_leaves_settings_as_they_are() -> None:
    world = tuned(Planner(STRICT), tuning="Apply")
    world.override("war", minutes=30, phase=Phase.WAR.value)
    world.run(1)
    assert "applied" not in world.status()["tuning"]
    assert world.time == NOON + 4 * TICK
