"""Users come first: no step while they fare badly, and the one that did it is taken back."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ebbtide_policies.contract import Kind, Memory
from ebbtide_policies.course import Courses, Minutes
from ebbtide_policies.experience import GateSignal
from ebbtide_policies.experience_gate import ExperienceGate, ExperienceGateSettings
from ebbtide_policies.observation import LastStep, Mode
from ebbtide_policies.resolve import resolve, tightest
from ebbtide_policies.snapshot import Snapshot
from tests.policies.builders import NAN, NOW, seen, settings, steady
from tests.policies.stacking import memory_lane, stack

GOOD, BAD = 0.004, 0.02
STALL = {"query": "stall", "atMost": 0.01, "delay": "60s", "window": "3m"}
STEPPED = LastStep(NOW - 180.0, 105.0, 100.0)
"""Three minutes ago a step was taken; for two minutes it could be seen."""
DESCENDING: dict[str, float] = {
    "replicas": 100.0,
    "descending": 1.0,
    "factor": 1.0,
    "at": NOW - 9000,
    "back": 0.0,
    "level stall": GOOD,
}


def gate(**more: Any) -> ExperienceGate:
    signals = {"stall": STALL | more}
    return ExperienceGate(settings(ExperienceGateSettings, signals=signals))


def measured(*newest: float, before: float = GOOD, late: float = 0.0) -> Courses:
    """A signal that was at one level for an hour, and then went through some values."""
    minutes = np.array([before] * 60 + list(newest))
    return Courses({"experienceGate/stall": Minutes(NOW - late, minutes)})


def look(*newest: float, **words: Any) -> Snapshot:
    more = {key: words.pop(key) for key in ("withheld", "soak") if key in words}
    times = {key: words.pop(key) for key in ("before", "late") if key in words}
    courses = words.pop("courses", None) or measured(*newest, **times)
    return replace(seen(**words), courses=courses, **more)


def decided(policy: ExperienceGate, found: Snapshot, memory: Memory = DESCENDING) -> Any:
    decision = resolve(found, policy.bounds(found, policy.recall(memory, found)))
    return decision.replicas, decision.binding.reason


def open_gate(policy: ExperienceGate, found: Snapshot, memory: Memory = DESCENDING) -> bool:
    limits = tightest(policy.bounds(found, policy.recall(memory, found)), found.fleet.current)
    return bool(limits.pace_down == 0)


@pytest.mark.parametrize(
    ("signal", "newest", "reason"),
    [
        pytest.param({}, [0.02] * 3, "ExperienceGate", id="a limit is passed"),
        pytest.param({}, [0.02, GOOD, GOOD], None, id="one minute is none: the median counts"),
        pytest.param({}, [NAN] * 4, "ExperienceUnknown", id="nothing is known of late"),
        pytest.param({}, [GOOD, NAN, NAN, NAN], None, id="it is a little late"),
        pytest.param(
            {"atMost": None, "atLeast": 0.01}, [0.02] * 4, None, id="high is good where low is bad"
        ),
        pytest.param(
            {"atMost": None, "atLeast": 0.01}, [GOOD] * 4, "ExperienceGate", id="low is bad there"
        ),
        pytest.param({"worseBy": "20%"}, [0.0049] * 4, "ExperienceWorse", id="a quarter worse"),
        pytest.param({"worseBy": "20%"}, [0.0048] * 4, None, id="a fifth worse"),
        pytest.param({"worseBy": "20%", "slack": 0.002}, [0.0068] * 4, None, id="slack on top"),
        pytest.param({"worseBy": "20%"}, [0.001] * 4, None, id="it is much better"),
        pytest.param({"atMost": None, "worseBy": "20%"}, [0.9] * 4, "ExperienceWorse", id="alone"),
        pytest.param(
            {"atMost": None, "atLeast": 0.0, "worseBy": "20%"},
            [0.0031] * 4,
            "ExperienceWorse",
            id="low is worse where low is bad",
        ),
        pytest.param(
            {"atMost": None, "atLeast": 0.0, "worseBy": "20%"}, [0.0032] * 4, None, id="by a fifth"
        ),
        pytest.param({"minDemand": "81"}, [0.9] * 4, None, id="there are too few to tell"),
        pytest.param({"minDemand": "81"}, [NAN] * 9, None, id="then it need not be known"),
        pytest.param({"minDemand": "80"}, [0.9] * 4, "ExperienceGate", id="there are just enough"),
    ],
)
def test_the_way_down_is_shut_or_open_when(
    signal: dict[str, Any], newest: list[float], reason: str | None
) -> None:
    found = look(*newest)
    if reason is None:
        assert open_gate(gate(**signal), found)
    else:
        assert decided(gate(**signal), found) == (100, reason)


def test_of_an_unknown_demand_it_is_not_said_that_it_is_small() -> None:
    found = look(*[0.9] * 4, demand=(steady(NAN),))
    assert decided(gate(minDemand="1M"), found) == (100, "ExperienceGate")
    assert decided(gate(minDemand="1M"), look(*[0.9] * 4, demand=())) == (100, "ExperienceGate")


@pytest.mark.parametrize(
    ("least", "is_open"),
    [pytest.param("8000", False, id="enough"), pytest.param("8001", True, id="too few")],
)
def test_too_few_are_told_in_units_of_the_demand(least: str, is_open: bool) -> None:
    found = look(*[0.9] * 4, demand=(steady(8000.0, per_replica=100.0),))
    assert open_gate(gate(minDemand=least), found) is is_open


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(DESCENDING | {"level stall": -1.0}, id="a descent has begun"),
        pytest.param({k: v for k, v in DESCENDING.items() if "level" not in k}, id="it was named"),
        pytest.param({}, id="anything is remembered"),
    ],
)
def test_worse_than_at_the_start_is_nothing_before(memory: dict[str, float]) -> None:
    policy, found = gate(atMost=None, worseBy="1%"), look(*[5.0] * 4)
    assert open_gate(policy, found, memory)
    assert policy.recall(memory, found)["level stall"] == -1.0


def test_nought_at_the_start_is_a_level() -> None:
    policy = gate(worseBy="20%", slack=0.001)
    memory = DESCENDING | {"level stall": 0.0}
    assert decided(policy, look(*[0.002] * 4), memory) == (100, "ExperienceWorse")
    assert open_gate(policy, look(*[0.001] * 4), memory)


# --- the last step is taken back


@pytest.mark.parametrize(
    ("newest", "words", "expected"),
    [
        pytest.param([BAD] * 3, {}, (105, "ExperienceRollback"), id="a breach since it shows"),
        pytest.param(
            [BAD],
            {"last_step": LastStep(NOW - 60, 105.0, 100.0)},
            (105, "ExperienceRollback"),
            id="the first minute in which it shows is bad",
        ),
        pytest.param([BAD], {}, None, id="one minute of several"),
        pytest.param([BAD, BAD, GOOD, GOOD, GOOD], {}, None, id="one that is over already"),
        pytest.param([BAD] * 9, {}, (100, "ExperienceGate"), id="one that began before it showed"),
        pytest.param(
            [BAD] * 3, {"rollout": True}, (100, "ExperienceGate"), id="one that came with a rollout"
        ),
        pytest.param(
            [BAD] * 3, {"mode": Mode.DRY_RUN}, (100, "ExperienceGate"), id="a shadow's step"
        ),
        pytest.param(
            [BAD] * 3, {"withheld": "an HPA"}, (100, "ExperienceGate"), id="not ours to move"
        ),
        pytest.param(
            [BAD] * 3, {"current": 99}, (99, "ExperienceGate"), id="another hand moved it"
        ),
        pytest.param(
            [BAD] * 3,
            {"last_step": LastStep(NOW - 180, 95.0, 100.0)},
            (100, "ExperienceGate"),
            id="the last step went up",
        ),
        pytest.param([BAD] * 3, {"last_step": None}, (100, "ExperienceGate"), id="no step known"),
        pytest.param(
            [BAD] * 3,
            {"last_step": LastStep(NOW - 1200, 105.0, 100.0)},
            (100, "ExperienceGate"),
            id="it was long before",
        ),
    ],
)
def test_of_a_step_to_a_hundred_there_are_after(
    newest: list[float], words: dict[str, Any], expected: tuple[int, str] | None
) -> None:
    found = look(*newest, **({"last_step": STEPPED} | words))
    if expected is None:
        assert open_gate(gate(), found)
    else:
        assert decided(gate(), found) == expected


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        pytest.param(1.0, (100, "ExperienceGate"), id="of a minute is over"),
        pytest.param(4.0, (105, "ExperienceRollback"), id="of four minutes is not"),
    ],
)
def test_a_step_is_blamed_for_what_came_within_a_soak_that(
    factor: float, expected: tuple[int, str]
) -> None:
    found = look(GOOD, BAD, BAD, BAD, BAD, last_step=LastStep(NOW - 300, 105.0, 100.0))
    memory = DESCENDING | {"factor": factor, "at": NOW - 600}
    assert decided(gate(), found, memory) == expected


def test_what_it_can_not_have_done_yet_it_is_not_blamed_for() -> None:
    found = look(BAD, BAD, BAD, last_step=LastStep(NOW - 30, 105.0, 100.0))
    assert decided(gate(), found)[0] == 100
    said = {b.reason for b in gate().bounds(found, DESCENDING) if b.replicas > 0}
    assert said == {"ExperienceGate", "ExperienceAwaited"}


def test_the_next_step_waits_for_what_the_last_one_did() -> None:
    just_now = look(last_step=LastStep(NOW - 59, 105.0, 100.0))
    assert decided(gate(), just_now) == (100, "ExperienceAwaited")
    assert open_gate(gate(), look(last_step=LastStep(NOW - 60, 105.0, 100.0)))


def after(found: Snapshot, memory: Memory, replicas: float) -> dict[str, float]:
    policy = gate()
    return dict(policy.remember(found, policy.recall(memory, found), replicas))  # type: ignore[arg-type]


def test_a_rollback_is_kept_for_one_soak_and_doubles_the_next() -> None:
    found = look(BAD, BAD, BAD, last_step=STEPPED)
    learnt = after(found, DESCENDING, 105.0)
    assert {key: learnt[key] for key in DESCENDING} == DESCENDING | {
        "replicas": 105.0,
        "factor": 2.0,
        "at": NOW,
        "back": 105.0,
    }
    back = LastStep(NOW, 100.0, 105.0)
    kept = look(BAD, current=103, last_step=back)
    assert decided(gate(), kept, learnt) == (105, "ExperienceRollback")
    lifts = {b.until for b in gate().bounds(kept, learnt) if b.kind is Kind.ROLLBACK and b.replicas}
    assert lifts == {NOW + 120.0}
    assert after(kept, learnt | {"replicas": 103.0}, 105.0)["back"] == 105.0


@pytest.mark.parametrize(
    ("since", "factor", "is_open"),
    [
        pytest.param(119.0, 2.0, False, id="twice the soak, not over"),
        pytest.param(120.0, 2.0, True, id="over"),
        pytest.param(950.0, 16.0, False, id="sixteen times"),
        pytest.param(1900.0, 32.0, True, id="a spell of calm halves it"),
    ],
)
def test_the_soak_after_a_breach(since: float, factor: float, is_open: bool) -> None:
    memory = DESCENDING | {"factor": min(factor, 16.0), "at": NOW - since, "back": 105.0}
    found = look(current=105, last_step=LastStep(NOW - since, 100.0, 105.0))
    assert open_gate(gate(), found, memory | {"replicas": 105.0}) is is_open


def test_a_longer_soak_says_when_it_ends() -> None:
    memory = DESCENDING | {"factor": 4.0, "at": NOW - 90.0, "back": 105.0, "replicas": 105.0}
    found = look(current=105, last_step=LastStep(NOW - 70.0, 100.0, 105.0))
    *_, soaking = gate().bounds(found, memory)
    assert (soaking.reason, soaking.until) == ("ExperienceSoaking", NOW + 170.0)
    assert soaking.message == "70 s of 240 s have passed: the soak is longer after a breach"


@pytest.mark.parametrize(
    ("signal", "level", "said"),
    [
        pytest.param({}, BAD, "stall is 0.02, and may be at most 0.01", id="high is bad"),
        pytest.param(
            {"atMost": None, "atLeast": 0.01},
            GOOD,
            "stall is 0.004, and may be at least 0.01",
            id="low is bad",
        ),
    ],
)
def test_a_breach_says_what_may_be(signal: dict[str, Any], level: float, said: str) -> None:
    policy, found = gate(**signal), look(*[level] * 4)
    assert resolve(found, policy.bounds(found, DESCENDING)).binding.message == said


def test_it_is_doubled_up_to_a_bound() -> None:
    found = look(BAD, BAD, BAD, last_step=STEPPED)
    memory = DESCENDING | {"factor": 16.0, "at": NOW - 200.0}
    assert after(found, memory, 105.0)["factor"] == 16.0
    long_ago = DESCENDING | {"factor": 16.0, "at": NOW - 3600.0}
    assert after(found, long_ago, 105.0)["factor"] == 8.0


def test_the_first_step_keeps_the_levels_and_later_ones_leave_them() -> None:
    fresh: dict[str, float] = {}
    found = look(0.006, 0.006, 0.006)
    begun = after(found, fresh, 95.0)
    assert (begun["descending"], begun["level stall"]) == (1.0, 0.006)
    later = look(0.009, 0.009, 0.009, current=95)
    assert after(later, begun, 90.0)["level stall"] == 0.006
    moved = look(0.009, 0.009, 0.009, current=97)
    assert after(moved, begun, 92.0)["level stall"] == 0.009
    risen = after(later, begun, 120.0)
    assert (risen["descending"], risen["level stall"]) == (0.0, -1.0)
    unknown = look(NAN, NAN, NAN, NAN, NAN)
    assert after(unknown, fresh, 95.0)["level stall"] == -1.0


def test_without_a_memory_no_descent_has_begun_and_no_breach_is_known() -> None:
    policy, found = gate(), look()
    fresh = policy.recall(None, found)
    assert fresh == {
        "replicas": 100,
        "descending": 0.0,
        "factor": 1.0,
        "at": NOW,
        "back": 0.0,
        "set": fresh["set"],
        "setAt": 0.0,
        "level stall": -1.0,
    }
    just_set = {**fresh, "at": NOW - 60, "setAt": NOW}
    assert policy.recall(just_set, found) == just_set


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param({"at": NOW + 1}, id="from the future"),
        pytest.param({"factor": 0.5}, id="shorter than a soak"),
        pytest.param({"descending": 2.0}, id="neither yes nor no"),
        pytest.param({"replicas": None}, id="no number"),
    ],
)
def test_a_memory_is_lost_that_is(junk: dict[str, Any]) -> None:
    found = look()
    assert gate().recall(DESCENDING | junk, found) == gate().recall(None, found)


def test_no_edit_of_the_longest_soak_ends_a_breach() -> None:
    breach = DESCENDING | {"factor": 8.0, "at": NOW - 90.0, "back": 105.0, "replicas": 105.0}
    signals = {"stall": STALL}
    edited = ExperienceGate(settings(ExperienceGateSettings, signals=signals, most=2))
    found = look()
    assert edited.recall(breach, found) == {**gate().recall(breach, found), "factor": 2.0}
    assert decided(edited, look(last_step=STEPPED), breach)[1] == "ExperienceRollback"


def test_a_replayed_day_says_nothing_of_this_fleet() -> None:
    foreign = frozenset({"experienceGate/stall"})
    found = look(courses=Courses(measured(BAD, BAD, BAD).known, foreign))
    said = list(gate().bounds(found, DESCENDING))
    assert [(bound.kind, bound.replicas, bound.reason) for bound in said] == [
        (Kind.PACE_DOWN, 0.0, "ExperienceNotModelled")
    ]


def test_beside_a_signal_of_another_fleet_those_of_this_one_are_heard() -> None:
    both = ExperienceGate(
        settings(ExperienceGateSettings, signals={"stall": STALL, "bitrate": STALL})
    )
    known = measured(BAD, BAD, BAD).known
    found = look(courses=Courses(known, frozenset({"experienceGate/bitrate"})))
    limits = tightest(both.bounds(found, both.recall(None, found)), found.fleet.current)
    assert limits.pace_down == found.fleet.current
    reasons = [bound.message for bound in both.bounds(found, both.recall(None, found))]
    assert any(told.startswith("bitrate: of that day") for told in reasons)
    assert not any("bitrate: the signal is not known" in told for told in reasons)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"query": "x"}, id="nothing is bad"),
        pytest.param({"query": "x", "atMost": 1, "atLeast": 1}, id="high and low are bad"),
    ],
)
def test_a_signal_is_refused_of_which(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="write"):
        settings(GateSignal, **wrong)


def test_a_course_ends_with_its_newest_known_minute() -> None:
    course = Minutes(NOW, np.array([1.0, 2.0, 6.0, NAN, NAN]))
    assert course.newest == NOW - 120
    assert course.median(NOW - 240, NOW - 120) == 1.5
    assert course.median(NOW - 240, NOW) == 2.0
    assert np.isnan(course.median(NOW - 60, NOW + 1))
    assert np.isnan(Minutes(NOW, np.array([NAN])).newest)


def test_signals_are_followed_long_enough_to_blame_a_step() -> None:
    assert gate().followed()["stall"] == ("stall", 1800.0 + 180.0 + 60.0)


class Stacked:
    """The courses of one signal in many observations, as lanes."""

    def __init__(self, alone: list[Minutes]) -> None:
        self._alone = alone
        self.newest = np.array([each.newest for each in alone])

    def median(self, start: Any, end: Any) -> Any:
        spans = zip(np.broadcast_to(start, 4), np.broadcast_to(end, 4), strict=True)
        return np.array([c.median(*span) for c, span in zip(self._alone, spans, strict=True)])


AT_ONE_MOMENT = (0.0, 0.0, 0.0, 0.0)
IN_PLACES_OF_A_SWEEP = (0.0, 86400.0, 60.0, 7200.0)


def beside(later: tuple[float, ...], courses: list[list[float]]) -> tuple[list[Snapshot], Any]:
    """A step and what came of it at some moments: one by one, and as lanes."""
    alone = [
        look(
            *course,
            now=NOW + seconds,
            demand=(steady(now=NOW + seconds),),
            late=-seconds,
            last_step=STEPPED._replace(at=STEPPED.at + seconds),
        )
        for seconds, course in zip(later, courses, strict=True)
    ]
    known: Any = [each.courses.of("experienceGate", "stall") for each in alone]
    together = replace(
        stack(alone),
        courses=Courses({"experienceGate/stall": Stacked(known)}),
        last_step=LastStep(*map(np.array, zip(*(each.last_step for each in alone), strict=True))),
    )
    return alone, together


@pytest.mark.parametrize("later", [AT_ONE_MOMENT, IN_PLACES_OF_A_SWEEP])
@pytest.mark.parametrize("back", [0.0, 110.0])
def test_lanes_are_judged_as_each_alone(back: float, later: tuple[float, ...]) -> None:
    memory = DESCENDING | {"back": back}
    policy = gate(worseBy="50%")
    alone, together = beside(later, [[GOOD], [BAD], [BAD] * 9, [NAN] * 9])
    limits = tightest(policy.bounds(together, memory), together.fleet.current)
    learnt = policy.remember(together, memory, np.array([95.0, 105.0, 100.0, 95.0]))
    for lane, (one, replicas) in enumerate(zip(alone, (95.0, 105.0, 100.0, 95.0), strict=True)):
        single = tightest(policy.bounds(one, memory), one.fleet.current)
        assert [np.broadcast_to(x, 4)[lane] for x in limits] == list(single)
        assert memory_lane(learnt, lane) == policy.remember(one, memory, replicas)


def test_lanes_at_different_moments_begin_as_each_alone() -> None:
    policy = gate()
    alone, together = beside(IN_PLACES_OF_A_SWEEP, [[GOOD]] * 4)
    for lane, one in enumerate(alone):
        assert memory_lane(policy.recall(None, together), lane) == policy.recall(None, one)


def test_other_signals_than_before_let_nothing_go_for_one_soak() -> None:
    before, after = gate(worseBy="20%"), gate(worseBy="90%")
    memory: Any = before.recall(None, look(*[GOOD] * 9))

    def reasons_at(seconds: float) -> list[str]:
        nonlocal memory
        found = replace(look(*[GOOD] * 9), now=NOW + seconds)
        memory = after.recall(json.loads(json.dumps(memory)), found)
        said = [b.reason for b in after.bounds(found, memory) if b.replicas]
        memory = after.remember(found, memory, found.fleet.current)
        return said

    edited = next(iter(after.bounds(look(*[GOOD] * 9), memory)))
    assert edited.until == NOW + 60.0
    assert "ExperienceEdited" in reasons_at(0)
    assert "ExperienceEdited" in reasons_at(59)
    assert "ExperienceEdited" not in reasons_at(60)
