"""A shortfall is dealt out by value: who is worth most is served first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ebbtide.planning.scoring.score import Course, score
from ebbtide.planning.scoring.tiers import by_tier

TIERS = {"core": 0.2, "returning": 0.3, "rest": 0.5}


def course(demand: list[float] | np.ndarray, ready: float | np.ndarray) -> Course:
    told = np.asarray(demand, dtype=np.float64)
    fleet = np.broadcast_to(np.asarray(ready, dtype=np.float64), told.shape)
    return Course(tick=60.0, demand=told, asked=fleet, ready=fleet, paid=fleet)


@pytest.mark.parametrize(
    ("ready", "short"),
    [
        pytest.param(10.0, [0, 0, 0], id="enough for all"),
        pytest.param(8.0, [0, 0, 200], id="the last tier is short first"),
        pytest.param(3.0, [0, 200, 500], id="then the one before it"),
        pytest.param(0.0, [200, 300, 500], id="nobody is served"),
    ],
)
def test_the_least_valuable_tier_goes_without_first(ready: float, short: list[float]) -> None:
    found = by_tier(course([10.0], ready), 100.0, TIERS)
    assert [one.shortfall for one in found.values()] == pytest.approx(short)
    assert [one.worst_minute for one in found.values()] == pytest.approx(short)


@given(arrays(float, 20, elements=st.floats(0, 100)), arrays(float, 20, elements=st.floats(0, 100)))
def test_tiers_together_are_short_of_what_the_fleet_is_short_of(
    demand: np.ndarray, ready: np.ndarray
) -> None:
    told = course(demand, ready)
    found = by_tier(told, 50.0, TIERS)
    total = sum(one.shortfall for one in found.values())
    assert total == pytest.approx(50.0 * score(told).shortfall, abs=1e-6)
    unserved = [one.unserved for one in found.values()]
    assert all(np.diff(unserved) > -1e-9) or demand.sum() == 0


def test_unserved_is_a_share_of_all_that_a_tier_asked_for() -> None:
    found = by_tier(course([10.0, 30.0], np.array([0.0, 30.0])), 50.0, {"all": 1.0})
    assert found["all"].unserved == 0.25
    twice = by_tier(course([10.0, 30.0], np.array([0.0, 20.0])), 50.0, {"all": 1.0})
    assert twice["all"].unserved == 0.5
    nobody = by_tier(course([0.0, 0.0], 1.0), 50.0, {"all": 1.0})
    assert nobody["all"].unserved == 0.0


def test_unknown_demand_is_nobodys_shortfall() -> None:
    found = by_tier(course([10.0, float("nan")], 0.0), 1.0, {"all": 1.0})
    assert found["all"].shortfall == 10.0
    assert found["all"].unserved == 1.0
