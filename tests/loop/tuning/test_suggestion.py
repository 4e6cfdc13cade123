"""When the settings that a workload's own past speaks for may be put in force, and what counts."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.capacity_policy.objective import PRIORS, Settings, knobs, prior, stricter
from ebbtide.api.capacity_policy.plant import plant_of
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.loop.record.applied_settings import Aim, Applied, applied_in, settings_for
from ebbtide.loop.tuning.suggestion import (
    AHEAD,
    AROUND,
    FRESH,
    Suggestion,
    around_event,
    changes,
    next_applied,
    suggestion_in,
)
from ebbtide.planning.tuning.objective import CANDIDATES
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event, Fleet, Phase
from ebbtide_policies.snapshot import Snapshot
from tests.loop.world import NOON, spec_of

OBJECTIVE, SOAK = 1e-4, 60.0
AIM = {"unserved": "0.01%"}
USUAL = prior(OBJECTIVE)
LOOSE, STRICT = PRIORS[0][1], knobs(0.3, 3.0)
HERE, THERE = Aim(OBJECTIVE, "here"), Aim(OBJECTIVE, "there")
SETTINGS = st.sampled_from(CANDIDATES)


def suggestion(settings: Settings, at: float = NOON, objective: float = OBJECTIVE) -> Suggestion:
    why = "it is the cheapest"
    return Suggestion(objective, settings, NOON, why, 40320, at, 3e-5, 0.93, HERE.plant)


def applied(settings: Settings, ago: float, objective: float = OBJECTIVE) -> Applied:
    return Applied(objective, settings, NOON - ago, plant=HERE.plant)


CASES = [
    pytest.param(None, suggestion(LOOSE), True, LOOSE, id="the first choice, at once"),
    pytest.param(None, suggestion(USUAL), True, None, id="nothing, where the prior is the choice"),
    pytest.param(None, suggestion(LOOSE), False, None, id="nothing, around an event"),
    pytest.param(applied(STRICT, DAY), suggestion(LOOSE), True, LOOSE, id="another, after a day"),
    pytest.param(applied(STRICT, DAY - 1), suggestion(LOOSE), True, STRICT, id="not within a day"),
    pytest.param(applied(STRICT, -60), suggestion(LOOSE), True, STRICT, id="nor by a clock behind"),
    pytest.param(applied(STRICT, DAY), suggestion(LOOSE), False, STRICT, id="nor around an event"),
    pytest.param(
        None, suggestion(LOOSE, NOON - FRESH - 1), True, None, id="nothing that is old by days"
    ),
    pytest.param(
        None, suggestion(LOOSE, NOON + AHEAD), True, LOOSE, id="one by a clock that is ahead"
    ),
    pytest.param(None, suggestion(LOOSE, NOON + AHEAD + 1), True, None, id="nothing of the future"),
    pytest.param(
        applied(STRICT, DAY, 1e-2),
        suggestion(USUAL),
        True,
        STRICT,
        id="nothing, where a new objective's prior is the choice",
    ),
]


@pytest.mark.parametrize(("held", "suggested", "quiet", "settings"), CASES)
def test_in_force_is(
    held: Applied | None, suggested: Suggestion, quiet: bool, settings: Settings | None
) -> None:
    found = next_applied(held, suggested, HERE, NOON, quiet, SOAK)
    assert (found.settings if found else None) == settings


def test_a_change_holds_the_stricter_of_both_for_one_soak() -> None:
    found = next_applied(applied(STRICT, DAY), suggestion(LOOSE), HERE, NOON, True, SOAK)
    assert found is not None
    assert found.counting["presentNeed"]["headroom"] == "30%"
    within = next_applied(found, suggestion(LOOSE), HERE, NOON + SOAK - 1, True, SOAK)
    assert within == found
    over = next_applied(found, suggestion(LOOSE), HERE, NOON + SOAK, True, SOAK)
    assert over is not None
    assert over.counting == LOOSE


def test_the_first_change_holds_the_prior_too() -> None:
    found = next_applied(None, suggestion(LOOSE), HERE, NOON, True, SOAK)
    assert found is not None
    assert found.before == USUAL


def test_what_was_put_in_force_in_years_to_come_was_put_there_just_now() -> None:
    years = 3650 * DAY
    held = applied(STRICT, -years)._replace(before=USUAL, until=NOON + years)
    found = next_applied(held, suggestion(LOOSE), HERE, NOON, True, SOAK)
    assert found == held._replace(since=NOON, until=NOON + SOAK)
    later = NOON + DAY
    over = next_applied(found, suggestion(LOOSE, later), HERE, later, True, SOAK)
    assert over is not None
    assert (over.settings, over.before) == (LOOSE, STRICT)


@given(
    st.lists(st.tuples(SETTINGS, st.floats(0, 2 * DAY), st.booleans()), max_size=12),
    st.sampled_from([1e-2, 1e-3, 1e-4]),
)
def test_whatever_is_suggested_changes_are_a_day_apart_and_never_around_an_event(
    days: list[tuple[Settings, float, bool]], objective: float
) -> None:
    now, times = NOON, []
    held: Applied | None = None
    for settings, later, quiet in days:
        now += later
        before = held
        told = suggestion(settings, now, objective)
        held = next_applied(held, told, told.aim, now, quiet, SOAK)
        if held and (before is None or held.settings != before.settings):
            assert quiet
            times.append(now)
    assert all(later - earlier >= DAY for earlier, later in pairwise(times))


ASKED_THERE = suggestion(LOOSE)._replace(plant=THERE.plant)


@pytest.mark.parametrize("quiet", [True, False])
def test_after_an_edit_of_the_plant_the_prior_holds_as_well_at_once(quiet: bool) -> None:
    found = next_applied(applied(LOOSE, 60.0), suggestion(LOOSE), THERE, NOON, quiet, SOAK)
    assert found == Applied(OBJECTIVE, stricter(USUAL, LOOSE), NOON, plant=HERE.plant)
    assert next_applied(found, suggestion(LOOSE), THERE, NOON + 60, quiet, SOAK) == found


def test_a_plant_that_was_changed_and_changed_back_lets_nothing_go_in_passing() -> None:
    found = next_applied(applied(LOOSE, 60.0), suggestion(LOOSE), THERE, NOON, True, SOAK)
    again = next_applied(found, suggestion(LOOSE), HERE, NOON + 60, True, SOAK)
    assert again == found
    later = NOON + DAY
    over = next_applied(again, suggestion(LOOSE, later), HERE, later, True, SOAK)
    assert over is not None
    assert over.settings == LOOSE


@pytest.mark.parametrize("quiet", [True, False])
def test_what_a_new_plant_asks_for_comes_at_once_as_far_as_it_is_more(quiet: bool) -> None:
    held = applied(LOOSE, 60.0)
    more = suggestion(STRICT)._replace(plant=THERE.plant)
    found = next_applied(held, more, THERE, NOON, quiet, SOAK)
    assert found is not None
    assert found.settings == stricter(stricter(USUAL, LOOSE), STRICT)
    assert found.aim == THERE
    less = next_applied(held, ASKED_THERE, THERE, NOON, quiet, SOAK)
    assert less is not None
    assert less.settings == stricter(USUAL, LOOSE)


def test_what_was_chosen_before_a_plant_was_written_down_is_for_the_one_that_there_is() -> None:
    held = applied(LOOSE, 60.0)
    found = next_applied(held._replace(plant=""), suggestion(LOOSE), HERE, NOON, True, SOAK)
    assert found == held


def test_what_is_for_another_plant_is_not_put_in_force() -> None:
    assert next_applied(None, suggestion(LOOSE), THERE, NOON, True, SOAK) is None


DAYS = st.lists(
    st.tuples(SETTINGS, st.floats(0, 2 * DAY), st.booleans(), st.sampled_from("abc")), max_size=12
)


@given(DAYS)
def test_whatever_is_edited_a_change_that_lets_go_comes_a_day_after_the_last_and_in_quiet(
    days: list[tuple[Settings, float, bool, str]],
) -> None:
    now, last = NOON, -math.inf
    held: Applied | None = None
    for settings, later, quiet, plant in days:
        now += later
        aim, told = Aim(OBJECTIVE, plant), suggestion(settings, now)._replace(plant=plant)
        before, held = held, next_applied(held, told, aim, now, quiet, SOAK)
        if before is None or held is None or held.settings == before.settings:
            continue
        if held.settings != stricter(before.settings, held.settings):
            assert quiet
            assert now - last >= DAY
        last = now


@given(SETTINGS, SETTINGS)
def test_the_stricter_of_two_has_no_less_of_anything_than_either(
    one: Settings, other: Settings
) -> None:
    both = in_numbers(stricter(one, other))
    for settings in (one, other):
        for path, value in in_numbers(settings).items():
            at_least = -1 if path.endswith("tolerance") else 1
            assert at_least * both[path] >= at_least * value, path


def in_numbers(settings: Settings) -> dict[str, float]:
    """Every number of some settings, as policies understand it, by its path."""
    spec = parse_policy(spec_of("edge") | {"policies": dict(settings)})
    each = {policy.name: policy.settings for policy in compose(spec, {}) if policy.name in settings}
    return {
        f"{name}.{field}": getattr(own, field)
        for name, own in each.items()
        for field in type(own).model_fields
    }


@given(SETTINGS, SETTINGS, st.booleans())
def test_a_successor_reads_in_the_status_what_is_suggested_and_in_force(
    one: Settings, other: Settings, held: bool
) -> None:
    known = suggestion(one)
    force = applied(one, 0.0)
    if held:
        force = force._replace(before=other, until=NOON + SOAK)
    status = {"tuning": known.as_json() | {"applied": force.as_json()}}
    assert suggestion_in(status) == known
    assert applied_in(status) == force


def test_what_a_replay_could_not_tell_is_left_out_of_the_status() -> None:
    unknown = suggestion(LOOSE)._replace(unserved=UNKNOWN, cost=UNKNOWN)
    assert {"unserved", "cost"}.isdisjoint(unknown.as_json())


@pytest.mark.parametrize("moment", ["since", "reckonedAt"])
def test_a_suggestion_without_its_moments_is_none(moment: str) -> None:
    told = suggestion(LOOSE).as_json() | {moment: "yesterday"}
    assert suggestion_in({"tuning": told}) is None


@pytest.mark.parametrize(
    ("spec", "objective", "used"),
    [
        pytest.param(
            {"tuning": "Apply", "objective": {"unserved": "0.01%"}}, 1e-4, True, id="kept"
        ),
        pytest.param({"objective": {"unserved": "0.01%"}}, 1e-4, False, id="only suggested"),
        pytest.param(
            {"tuning": "Apply", "objective": {"unserved": "0.1%"}}, 1e-4, False, id="of another one"
        ),
        pytest.param({}, 1e-4, False, id="no objective"),
    ],
)
def test_settings_are_used_for_the_objective_that_they_keep(
    spec: dict[str, object], objective: float, used: bool
) -> None:
    policy = parse_policy(spec_of("edge", **spec))
    here = applied(LOOSE, DAY, objective)._replace(plant=plant_of(policy))
    assert settings_for(policy, here) == (LOOSE if used else None)
    elsewhere = settings_for(policy, here._replace(plant="elsewhere"))
    assert elsewhere == (stricter(USUAL, LOOSE) if used else None)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"descent": {"soak": "0s"}}, id="of another policy"),
        pytest.param({"presentNeed": {"margin": "1m"}}, id="of another field"),
        pytest.param({"presentNeed": {"headroom": "much"}}, id="that are no numbers"),
        pytest.param({"presentNeed": {"width": None}}, id="that are nothing"),
    ],
)
def test_a_status_of_other_settings_or_of_none_is_not_followed(settings: Settings) -> None:
    force = Applied(OBJECTIVE, settings, NOON)
    assert (
        applied_in({"tuning": suggestion(LOOSE).as_json() | {"applied": force.as_json()}}) is None
    )
    assert suggestion_in({"tuning": suggestion(settings).as_json()}) is None


def test_what_counts_makes_no_sense_where_a_number_makes_none() -> None:
    wrong = {"presentNeed": {"headroom": "much"}}
    spec = parse_policy(spec_of("edge", tuning="Apply", objective={"unserved": "0.01%"}))
    assert settings_for(spec, Applied(OBJECTIVE, LOOSE, NOON, wrong, NOON + SOAK)) is None


LOOK = Snapshot(
    workload="live/edge",
    now=NOON,
    fleet=Fleet(current=10, ready=10),
    demand=(),
    lead_time=60.0,
)


def event(begins: float, lasts: float = 3600.0) -> Event:
    return Event("final", NOON + begins, NOON + begins + lasts, NOON + begins)


@pytest.mark.parametrize(
    ("seen", "around"),
    [
        pytest.param(LOOK, False, id="an ordinary day"),
        pytest.param(replace(LOOK, phase=Phase.EBB), True, id="ebb"),
        pytest.param(replace(LOOK, phase=Phase.PREWARM), True, id="prewarm"),
        pytest.param(replace(LOOK, phase=Phase.WAR), True, id="war"),
        pytest.param(replace(LOOK, events=(event(AROUND),)), True, id="an event in three hours"),
        pytest.param(replace(LOOK, events=(event(AROUND + 1),)), False, id="an event later"),
        pytest.param(replace(LOOK, events=(event(-60.0),)), True, id="an event that goes on"),
        pytest.param(replace(LOOK, events=(event(-3600.0),)), False, id="an event that is over"),
    ],
)
def test_the_time_around_an_event_is(seen: Snapshot, around: bool) -> None:
    assert around_event(seen) is around


def test_people_are_told_of_each_change_once() -> None:
    first = {"tuning": suggestion(LOOSE).as_json()}
    (told,) = changes({}, first)
    assert told[0] == "SettingsSuggested"
    assert "presentNeed.headroom 0%" in told[1]
    assert "it is the cheapest" in told[1]
    assert not list(changes(first, first))
    assert not list(changes({}, {"tuning": suggestion(USUAL).as_json()}))
    force = {"tuning": first["tuning"] | {"applied": applied(LOOSE, 0.0).as_json()}}
    assert [reason for reason, _ in changes(first, force)] == ["SettingsApplied"]
    assert not list(changes(force, {}))
