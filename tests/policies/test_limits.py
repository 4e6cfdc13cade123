"""What people said about a workload."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from ebbtide_policies.contract import Kind, PolicySettings
from ebbtide_policies.demand import Signal
from ebbtide_policies.lanes import every, some
from ebbtide_policies.limits import Limits, LimitSettings, ModeGuard, Overrides
from ebbtide_policies.observation import Mode, Override
from ebbtide_policies.resolve import resolve, settle, tightest
from tests.policies.builders import NAN, NOW, seen, signal, steady
from tests.policies.stacking import stack, stack_settings

WORD = Override("freeze-1", "CDN migration", NOW + 60)


def test_the_range_is_a_guaranteed_floor_and_a_hard_ceiling() -> None:
    low, high = Limits(LimitSettings(min=6, max=1200)).bounds(seen(), {})
    assert (low.kind, low.replicas, low.message) == (Kind.GUARANTEED_FLOOR, 6, "min is 6")
    assert (high.kind, high.replicas, high.message) == (Kind.HARD_CEILING, 1200, "max is 1200")


@pytest.mark.parametrize(("least", "most"), [(-1, 5), (7, 6), (1, 0)])
def test_a_range_is_refused(least: int, most: int) -> None:
    with pytest.raises(ValidationError):
        LimitSettings(min=least, max=most)


def test_a_range_of_one_number_is_a_range() -> None:
    assert LimitSettings(min=6, max=6).max == 6


EMPTY = [0.0] * 6


@pytest.mark.parametrize(
    ("demand", "current", "replicas", "reason"),
    [
        pytest.param((signal(EMPTY),), 1, 0, "DesiredWithinRange", id="nobody for five minutes"),
        pytest.param((signal([1.0, *EMPTY[:4]]),), 1, 1, "ZeroUnproven", id="or for less"),
        pytest.param(
            (signal([1.0, *EMPTY]),), 1, 0, "DesiredWithinRange", id="somebody before that"
        ),
        pytest.param((signal([*EMPTY, 0.001]),), 1, 1, "ZeroUnproven", id="almost nobody"),
        pytest.param((signal([*EMPTY, NAN, 0.0]),), 1, 1, "ZeroUnproven", id="a minute unknown"),
        pytest.param((signal([0.0]),), 1, 1, "ZeroUnproven", id="no more history"),
        pytest.param((signal([NAN]),), 1, 1, "ZeroInDoubt", id="nothing known"),
        pytest.param(
            (signal(EMPTY, alive=0.5, alive_at_least=0.8),), 1, 1, "ZeroUnproven", id="half alive"
        ),
        pytest.param(
            (signal(EMPTY), signal([1.0] * 6, name="jobs")), 1, 1, "ZeroUnproven", id="a job left"
        ),
        pytest.param((), 1, 1, "ZeroUnproven", id="no signal at all"),
        pytest.param((steady(0.5),), 5, 1, "ZeroUnproven", id="somebody, and all others may go"),
        pytest.param(
            (signal(EMPTY, alive=0.8, alive_at_least=0.8),),
            1,
            0,
            "DesiredWithinRange",
            id="nobody, where just enough targets say so",
        ),
        pytest.param((signal(EMPTY),), 0, 0, "DesiredWithinRange", id="none stays none"),
        pytest.param(
            (signal(EMPTY, late=300.0),), 0, 0, "DesiredWithinRange", id="while it is a little late"
        ),
        pytest.param((signal(EMPTY, late=301.0),), 0, 1, "ZeroInDoubt", id="until it is unknown"),
        pytest.param((signal([NAN]),), 0, 1, "ZeroInDoubt", id="or was never known"),
    ],
)
def test_of_the_last_replica_there_stays(
    demand: tuple[Signal, ...], current: int, replicas: int, reason: str
) -> None:
    found = seen(current=current, demand=demand)
    decision = resolve(found, Limits(LimitSettings(min=0, max=9)).bounds(found, {}))
    assert (decision.replicas, decision.binding.reason) == (replicas, reason)


def test_a_minimum_above_zero_asks_for_no_proof() -> None:
    found = seen(current=1, demand=(steady(NAN),))
    assert len(list(Limits(LimitSettings(min=1, max=9)).bounds(found, {}))) == 2


def test_lanes_have_a_minimum_each() -> None:
    looks = [
        seen(current=current, demand=(demand,))
        for current, demand in (
            (1, signal(EMPTY)),
            (1, steady(1.0, minutes=6)),
            (0, steady(NAN, minutes=6)),
            (0, steady(NAN, minutes=6)),
            (1, signal(EMPTY)),
        )
    ]
    least = [0, 0, 0, 1, 1]
    chosen = [LimitSettings(min=each, max=9) for each in least]
    together = stack(looks)
    lanes = Limits(stack_settings(chosen)).bounds(together, {})
    limits = tightest(lanes, together.fleet.current)
    for lane, (look, each) in enumerate(zip(looks, chosen, strict=True)):
        alone = tightest(Limits(each).bounds(look, {}), look.fleet.current)
        assert [np.broadcast_to(limit, 5)[lane] for limit in limits] == list(alone)
    assert np.asarray(settle(limits).replicas).tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("mode", "replicas"),
    [
        pytest.param(Mode.SCALE_UP_ONLY, 100, id="ScaleUpOnly lets nothing go"),
        pytest.param(Mode.ENFORCE, 0, id="Enforce does"),
        pytest.param(Mode.DRY_RUN, 0, id="so does the shadow of DryRun"),
    ],
)
def test_the_mode_decides_whether_capacity_may_go(mode: Mode, replicas: int) -> None:
    found = seen(mode=mode)
    assert resolve(found, ModeGuard(PolicySettings()).bounds(found, {})).replicas == replicas


@pytest.mark.parametrize(
    ("word", "replicas", "reason"),
    [
        pytest.param(WORD._replace(freeze=True), 100, "Frozen", id="a freeze stops the way down"),
        pytest.param(WORD._replace(floor=120.0), 120, "OverrideFloor", id="a floor raises"),
        pytest.param(
            WORD._replace(floor=120.0, ceiling=80.0), 80, "OverrideCeiling", id="a ceiling has it"
        ),
        pytest.param(WORD._replace(floor=0.0), 0, "DesiredWithinRange", id="a floor of none"),
        pytest.param(WORD, 0, "DesiredWithinRange", id="a word about the phase limits nothing"),
    ],
)
def test_an_override_decides(word: Override, replicas: int, reason: str) -> None:
    found = seen(overrides=(word,))
    decision = resolve(found, Overrides(PolicySettings()).bounds(found, {}))
    assert decision.replicas == replicas
    assert decision.binding.reason in (reason, "OverrideFloor")


def test_a_word_holds_up_to_its_end() -> None:
    assert every(WORD.holds(NOW + 59))
    assert not some(WORD.holds(NOW + 60))


def test_an_override_is_shown_with_its_reason() -> None:
    (bound,) = Overrides(PolicySettings()).bounds(seen(overrides=(WORD._replace(freeze=True),)), {})
    assert bound.message == "freeze-1: CDN migration"


def test_a_word_may_concern_some_lanes_only() -> None:
    word = WORD._replace(floor=np.array([NAN, 50.0]), ceiling=np.array([70.0, NAN]))
    floor, ceiling = Overrides(PolicySettings()).bounds(seen(overrides=(word,)), {})
    assert np.asarray(floor.replicas).tolist() == [0.0, 50.0]
    assert np.asarray(ceiling.replicas).tolist() == [70.0, float("inf")]


def test_what_is_withheld_goes_neither_down_nor_up() -> None:
    found = list(
        ModeGuard(PolicySettings()).bounds(replace(seen(current=40), withheld="an HPA"), {})
    )
    assert [(bound.kind, bound.replicas) for bound in found] == [
        (Kind.PACE_DOWN, 40),
        (Kind.PACE_UP, 40),
    ]
    assert {(bound.reason, bound.message) for bound in found} == {("Conflict", "an HPA")}
