"""While settings change, the stricter of the old and the new hold for one soak."""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ebbtide_policies.decide import decide
from ebbtide_policies.descent import Descent, DescentSettings, step_size
from ebbtide_policies.limits import Limits, LimitSettings
from ebbtide_policies.strictness import (
    Values,
    as_set,
    chosen,
    held_in,
    in_force,
    looked,
    settled,
    values_of,
)
from tests.policies.builders import NOW, foretold, seen, settings

RULES = {"maxStep": np.minimum, "soak": np.maximum}
OLD = {"maxStep": 0.05, "soak": 60.0}
FAST = {"maxStep": 0.2, "soak": 30.0}
SLOW = {"maxStep": 0.01, "soak": 300.0}


def after(*edits: tuple[float, Mapping[str, float]]) -> dict[str, Any]:
    """A memory that has looked at settings at some moments, the first of them long in force."""
    memory: Any = as_set(edits[0][1])
    for at, values in edits[1:]:
        memory = settled(looked(memory, values, at, RULES), values, at)
    return dict(memory)


def counts(memory: Any, values: Mapping[str, float], now: float) -> dict[str, float]:
    known = looked(memory, values, now, RULES)
    return {name: float(n) for name, n in in_force(known, values, now, RULES).items()}


def test_settings_that_stay_are_not_held() -> None:
    memory = after((0, OLD), (10, OLD))
    assert memory == {"set.maxStep": 0.05, "set.soak": 60.0}
    assert counts(memory, OLD, 20) == OLD


def test_the_same_numbers_from_a_status_hold_nothing() -> None:
    mine, rules = DescentSettings(), {"soak": np.maximum}
    assert chosen(mine, {"set.soak": float("60")}, 10, rules, "soak") is mine


def test_one_setting_of_many_that_changes_is_a_change() -> None:
    before = DescentSettings()
    memory = as_set(values_of(before, RULES))
    bolder = before.model_copy(update={"max_step": 0.2})
    assert chosen(bolder, memory, 10, RULES, "soak").max_step == before.max_step


@pytest.mark.parametrize(
    ("now", "in_force_"),
    [
        pytest.param(10, OLD, id="at the edit the old hold"),
        pytest.param(69, OLD, id="for one soak, the longer of both"),
        pytest.param(70, FAST, id="then the new"),
    ],
)
def test_looser_settings_come_after_one_soak(now: float, in_force_: dict[str, float]) -> None:
    assert counts(after((0, OLD), (10, FAST)), FAST, now) == in_force_


def test_stricter_settings_come_at_once() -> None:
    assert counts(after((0, OLD)), SLOW, 10) == SLOW


def test_each_setting_is_the_stricter_of_its_own() -> None:
    mixed = {"maxStep": 0.01, "soak": 5.0}
    assert counts(after((0, OLD)), mixed, 10) == {"maxStep": 0.01, "soak": 60.0}


def test_what_was_in_force_for_a_moment_holds_for_a_soak_too() -> None:
    memory = after((0, OLD), (10, SLOW), (20, FAST))
    assert counts(memory, FAST, 319) == SLOW
    assert counts(memory, FAST, 320) == FAST


def test_an_edit_at_the_end_of_that_soak_begins_with_what_counts_then() -> None:
    memory = after((0, OLD), (10, SLOW), (20, FAST))
    faster = {"maxStep": 0.3, "soak": 15.0}
    assert counts(memory, faster, 320) == FAST


def test_an_edit_that_is_taken_back_leaves_nothing_after_its_soak() -> None:
    memory = after((0, OLD), (10, FAST), (20, OLD), (80, OLD))
    assert memory == as_set(OLD)


def test_lanes_change_each_for_itself() -> None:
    steps = np.array([0.05, 0.2])
    memory = looked(as_set(OLD), {"maxStep": steps, "soak": 60.0}, 10, RULES)
    found = in_force(memory, {"maxStep": steps, "soak": 60.0}, 30, RULES)
    assert np.asarray(found["maxStep"]).tolist() == [0.05, 0.05]
    later = in_force(memory, {"maxStep": steps, "soak": 60.0}, 70, RULES)
    assert np.asarray(later["maxStep"]).tolist() == [0.05, 0.2]


def test_nothing_is_forgotten_while_one_lane_is_held() -> None:
    values: Values = {"maxStep": np.array([0.05, 0.2]), "soak": 60.0}
    memory = looked(as_set(OLD), values, 10, RULES)
    assert settled(memory, values, 69) is memory
    assert settled(memory, values, 70).keys() == as_set(OLD).keys()


@pytest.mark.parametrize(
    ("stored", "sound"),
    [
        pytest.param(None, {}, id="nothing"),
        pytest.param({"at": 1.0}, {}, id="nothing held"),
        pytest.param({"heldUntil": 50.0}, None, id="a third of it"),
        pytest.param({"heldUntil": 50.0, "held.soak": 60.0}, None, id="two thirds of it"),
        pytest.param(
            {"heldUntil": 1e9, "held.maxStep": 0.1, "held.soak": 60.0}, None, id="for ever"
        ),
        pytest.param(
            {"heldUntil": 50.0, "held.maxStep": 0.1, "held.soak": 60.0},
            {"heldUntil": 50.0, "held.maxStep": 0.1, "held.soak": 60.0},
            id="all of it",
        ),
        pytest.param(
            {"heldUntil": 70.0, "held.maxStep": 0.1, "held.soak": 60.0},
            {"heldUntil": 70.0, "held.maxStep": 0.1, "held.soak": 60.0},
            id="what has been held since just now",
        ),
    ],
)
def test_what_a_status_holds_is_taken_as_a_whole(
    stored: dict[str, object] | None, sound: dict[str, float] | None
) -> None:
    assert held_in(stored, OLD, 10.0) == sound


def test_a_descent_with_half_of_what_was_held_begins_anew() -> None:
    policy, found = Descent(DescentSettings()), seen()
    memory = dict(policy.recall(None, found))
    assert policy.recall({**memory, "at": NOW - 9, "heldUntil": NOW}, found) == memory


# --- the promise


class Look(NamedTuple):
    """One tick of a descent."""

    at: float
    set: DescentSettings
    down: int
    origin: int


CHOICES = [
    settings(DescentSettings, maxStep=share, soak=soak)
    for share in ("1%", "5%", "20%")
    for soak in ("15s", "1m", "5m")
]
TICKS = st.tuples(st.sampled_from([5, 15, 20, 60, 200]), st.sampled_from(CHOICES), st.booleans())


def descended(ticks: list[tuple[int, DescentSettings, bool]]) -> list[Look]:
    """An idle fleet of a thousand, whose settings change with every tick that says so."""
    now, current, looks = NOW, 1000, list[Look]()
    stored: dict[str, Any] = {}
    chosen = ticks[0][1]
    for seconds, other, changes in ticks:
        now, chosen = now + seconds, other if changes else chosen
        found = seen(now=now, current=current, demand=(foretold(1.0, past=1.0, now=now),))
        outcome = decide([Descent(chosen), Limits(LimitSettings(max=1000))], found, stored)
        stored = json.loads(json.dumps(outcome.memories))
        looks.append(Look(now, chosen, current - outcome.decision.replicas, 1000))
        current = outcome.decision.replicas
    return looks


@profile(max_examples=150)
@given(st.lists(TICKS, min_size=2, max_size=60))
def test_after_a_change_every_step_obeys_both_settings_for_one_soak(
    ticks: list[tuple[int, DescentSettings, bool]],
) -> None:
    looks = descended(ticks)
    for before, after_ in pairwise(looks):
        if before.set == after_.set:
            continue
        old, new = before.set, after_.set
        ends = after_.at + max(old.soak, new.soak)
        both = step_size(1000, min(old.max_step, new.max_step))
        held = [look for look in looks if after_.at <= look.at < ends and look.down]
        assert all(look.down <= both for look in held)
        assert all(
            step.at - last.at >= max(old.soak, new.soak)
            for last in looks
            for step in held
            if last.down and last.at < step.at
        )


@profile(max_examples=150)
@given(st.lists(TICKS, min_size=2, max_size=60))
def test_in_any_window_of_a_soak_no_more_goes_than_the_strictest_step_of_it(
    ticks: list[tuple[int, DescentSettings, bool]],
) -> None:
    looks = descended(ticks)
    for i, step in enumerate(looks):
        if not step.down:
            continue
        soak = step.set.soak
        window = [look for look in looks[: i + 1] if step.at - soak < look.at]
        most = min(step_size(1000, look.set.max_step) for look in window)
        assert sum(look.down for look in window) <= most


def test_these_fleets_do_go_down() -> None:
    looks = descended([(20, CHOICES[7], False)] * 30)
    assert [look.down for look in looks if look.down] == [200, 200, 200, 200, 199]
