"""The two lines that every decision is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.contract import Bound, Kind
from ebbtide_policies.resolve import resolve, settle, tightest
from tests.policies.builders import INF, NAN, seen

FLOOR, GUARANTEED = Kind.FLOOR, Kind.GUARANTEED_FLOOR
SOFT, HARD = Kind.SOFT_CEILING, Kind.HARD_CEILING
DOWN, UP, BACK = Kind.PACE_DOWN, Kind.PACE_UP, Kind.ROLLBACK

KNOWN = st.one_of(st.integers(0, 300).map(float), st.floats(-10, 1e18))
ANY = KNOWN | st.sampled_from([NAN, INF, -INF])
BOUNDS = st.lists(st.builds(Bound, st.sampled_from(list(Kind)), KNOWN, st.just("p"), st.just("R")))


def bound(kind: Kind, replicas: float) -> Bound:
    return Bound(kind, replicas, "policy", kind.value, "{} of {:.0f}", (kind, replicas))


def row(said: list[tuple[Kind, float]], replicas: int, reason: str, sentence: str) -> object:
    return pytest.param([bound(*each) for each in said], replicas, reason, id=sentence)


ROWS = [
    row([], 0, "DesiredWithinRange", "with nothing said, nothing is needed"),
    row([(FLOOR, 90), (FLOOR, 110)], 110, "Floor", "the highest floor decides"),
    row([(FLOOR, 110), (SOFT, 80)], 80, "SoftCeiling", "a soft ceiling lowers a floor"),
    row([(GUARANTEED, 90), (SOFT, 80)], 90, "GuaranteedFloor", "but no guaranteed floor"),
    row([(GUARANTEED, 90), (HARD, 80)], 80, "HardCeiling", "a hard ceiling lowers both"),
    row([(FLOOR, 110), (HARD, 110)], 110, "Floor", "a ceiling that is met limits nothing"),
    row([(FLOOR, 110), (SOFT, 110)], 110, "Floor", "nor does a soft one"),
    row([(FLOOR, 40), (DOWN, 95)], 95, "PaceDown", "pace has the last word on the way down"),
    row([(HARD, 40), (FLOOR, 90), (DOWN, 95)], 95, "PaceDown", "a lowered maximum is no leave"),
    row([(FLOOR, 40), (DOWN, 130)], 100, "PaceDown", "a pace down never raises"),
    row([(FLOOR, 300), (UP, 200)], 200, "PaceUp", "a rise goes no faster than its pace"),
    row([(FLOOR, 300), (UP, 50)], 100, "PaceUp", "a pace up never lowers"),
    row([(FLOOR, 40), (BACK, 105)], 105, "Rollback", "a rollback goes back up"),
    row([(FLOOR, 40), (BACK, 300), (UP, 200)], 300, "Rollback", "the pace up lets it through"),
    row([(FLOOR, 40), (BACK, 40), (DOWN, 95)], 95, "PaceDown", "a rollback below lowers nothing"),
    row([(FLOOR, NAN), (FLOOR, 40)], 100, "Floor", "an unknown floor holds capacity"),
    row([(FLOOR, NAN), (FLOOR, 140)], 140, "Floor", "and lets another floor raise it"),
    row([(FLOOR, INF), (HARD, 900)], 100, "Floor", "an infinite need is unknown"),
    row([(FLOOR, 40), (SOFT, NAN)], 100, "SoftCeiling", "an unknown ceiling holds capacity"),
    row([(FLOOR, 140), (SOFT, -INF)], 140, "Floor", "and limits nothing"),
    row([(FLOOR, 140), (UP, NAN)], 140, "Floor", "so does an unknown pace up"),
    row([(FLOOR, 40), (BACK, NAN)], 100, "Rollback", "an unknown rollback holds"),
    row([(FLOOR, NAN), (DOWN, 100)], 100, "PaceDown", "a pace says more than an unknown"),
    row([(FLOOR, 110.2)], 111, "Floor", "a part of a replica is a whole one"),
    row([(FLOOR, 110.0000000001)], 110, "Floor", "but noise is none"),
    row([(FLOOR, 120), (HARD, 110.9)], 110, "HardCeiling", "a ceiling is rounded down"),
    row([(FLOOR, 120), (HARD, 110.9999999999)], 111, "HardCeiling", "noise takes nothing away"),
    row([(FLOOR, 120), (HARD, -4), (DOWN, 0)], 0, "HardCeiling", "nothing is less than nothing"),
    row([(FLOOR, 1e18), (HARD, 1e18)], 10**18, "Floor", "huge numbers are numbers"),
]


@pytest.mark.parametrize(("bounds", "replicas", "reason"), ROWS)
def test_a_hundred_replicas_become(bounds: list[Bound], replicas: int, reason: str) -> None:
    decision = resolve(seen(current=100), bounds)
    assert decision.replicas == replicas
    assert decision.binding.reason == reason


def test_every_bound_is_carried_and_the_binding_one_stands_first() -> None:
    given_ = [bound(DOWN, 95), bound(HARD, 500), bound(FLOOR, 40)]
    decision = resolve(seen(current=100), given_)
    assert [b.reason for b in decision.bounds] == ["PaceDown", "Floor", "HardCeiling"]
    assert (decision.current, decision.want, decision.squeezed) == (100, 40, False)


def test_a_floor_above_a_ceiling_is_a_squeeze() -> None:
    assert resolve(seen(), [bound(FLOOR, 90), bound(SOFT, 80)]).squeezed
    assert resolve(seen(), [bound(GUARANTEED, 90), bound(HARD, 80)]).squeezed
    assert not resolve(seen(), [bound(FLOOR, 80), bound(SOFT, 80), bound(HARD, 80)]).squeezed


def test_of_two_that_hold_the_one_that_does_not_lift_by_itself_is_named() -> None:
    soaking = Bound(DOWN, 100, "a", "Soaking", until=1e9)
    shut = Bound(DOWN, 100, "b", "Shut")
    assert resolve(seen(current=100), [soaking, shut]).binding is shut
    assert resolve(seen(current=100), [soaking, bound(DOWN, 95)]).binding is soaking


def test_a_message_is_the_detail_with_its_values() -> None:
    assert bound(FLOOR, 90).message == "Floor of 90"


def test_a_message_has_a_sign_for_what_nobody_knows() -> None:
    values = float("nan"), float("inf"), 3.0
    assert Bound(FLOOR, 1, "policy", "Floor", "{:.1f}, {:.0%}, {:.1f}", values).message == (
        "?, ∞, 3.0"
    )


@pytest.mark.parametrize("detail", ["{} {}", "{name}", "{:.0f}", "{0.age}"])
def test_a_template_that_its_values_do_not_fit_is_shown_raw(detail: str) -> None:
    assert Bound(FLOOR, 1, "policy", "Floor", detail, ("text",)).message == detail


@given(BOUNDS, st.randoms(use_true_random=False))
def test_the_order_of_bounds_changes_nothing(bounds: list[Bound], chance: object) -> None:
    shuffled = sorted(bounds, key=lambda _: chance.random())  # type: ignore[attr-defined]
    first, second = resolve(seen(), bounds), resolve(seen(), shuffled)
    assert (first.want, first.replicas) == (second.want, second.replicas)
    assert first.binding.kind == second.binding.kind


@given(BOUNDS.filter(len), st.integers(0, 100), st.floats(0, 1e18), st.integers(0, 300))
def test_resolve_is_monotone_in_every_bound(
    bounds: list[Bound], which: int, more: float, current: int
) -> None:
    index = which % len(bounds)
    raised = list(bounds)
    raised[index] = replace(bounds[index], replicas=bounds[index].replicas + more)
    lower, higher = (settle(tightest(each, current)) for each in (bounds, raised))
    assert lower.want <= higher.want
    assert lower.replicas <= higher.replicas


@given(st.lists(st.builds(bound, st.sampled_from(list(Kind)), st.just(NAN))), st.integers(0, 300))
def test_nothing_known_never_shrinks(bounds: list[Bound], current: int) -> None:
    assert resolve(seen(current=current), bounds).replicas >= (current if bounds else 0)


@given(st.lists(st.tuples(st.sampled_from(list(Kind)), st.lists(ANY, min_size=3, max_size=3))))
def test_lanes_come_to_what_is_decided_for_each_alone(
    columns: list[tuple[Kind, list[float]]],
) -> None:
    current = np.array([0.0, 100.0, 7.0])
    lanes = [Bound(kind, np.array(column), "p", "R") for kind, column in columns]
    together = settle(tightest(lanes, current))
    for lane in range(3):
        alone = [bound(kind, column[lane]) for kind, column in columns]
        single = settle(tightest(alone, current[lane]))
        decision = resolve(seen(current=int(current[lane])), alone)
        assert np.broadcast_to(together.want, 3)[lane] == single.want == decision.want
        assert np.broadcast_to(together.replicas, 3)[lane] == single.replicas == decision.replicas
