"""What signals of experience would have said, by the load."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.scoring.experience import (
    Fared,
    LoadCurve,
    Modelled,
    breached_minutes,
    fared,
    load,
)
from ebbtide_policies.experience import GateSignal

NAN = float("nan")
CURVE = LoadCurve((0.5, 1.0, 1.2), (0.002, 0.006, 0.03))
STALLS = GateSignal(query="stalls", at_most=0.01)
TICK = 30.0


def modelled(signal: GateSignal = STALLS, curve: LoadCurve = CURVE) -> Modelled:
    return Modelled("stalls", signal, curve, per_replica=100.0)


@pytest.mark.parametrize(
    ("load", "value"),
    [
        pytest.param(0.1, 0.002, id="below the first point it is as there"),
        pytest.param(0.75, 0.004, id="between points it is linear"),
        pytest.param(1.2, 0.03, id="at the last point"),
        pytest.param(1.21, NAN, id="beyond the last point nobody knows"),
        pytest.param(NAN, NAN, id="nor of a load that is unknown"),
    ],
)
def test_a_signal_follows_its_curve(load: float, value: float) -> None:
    np.testing.assert_allclose(CURVE.at(np.array([load])), [value])


@given(st.lists(st.floats(0.0, 1.2), min_size=2))
def test_users_fare_no_better_under_a_higher_load(loads: list[float]) -> None:
    values = CURVE.at(np.sort(loads))
    assert np.all(np.diff(values) >= 0)


def test_a_fleet_that_is_not_there_has_no_load() -> None:
    found = load(np.array([0.0, 5.0, NAN, 5.0, 0.5]), np.array([0.0, 0.0, 4.0, 4.0, 1.0]))
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, 1.25, 0.5])


def test_the_minutes_beyond_a_limit_are_counted() -> None:
    demand, ready = np.array([5.0, 11.0, 11.0, 14.0]), np.full(4, 10.0)
    assert breached_minutes([modelled()], demand, ready, TICK) == 1.0
    found = fared([modelled()], demand, ready, TICK)["stalls"]
    assert found.worst == pytest.approx(0.018)
    assert found.breached == 1.0
    assert modelled().left(demand, ready)
    assert not modelled().left(demand[:3], ready[:3])
    assert not modelled().left(np.array([12.0]), np.array([10.0])), "the last point is known"


def test_the_worst_of_a_signal_that_is_bad_when_low_is_its_lowest() -> None:
    bitrate = modelled(GateSignal(query="rate", at_least=2.0), LoadCurve((0.5, 1.0), (4.0, 1.0)))
    found = fared([bitrate], np.array([5.0, 10.0]), np.full(2, 10.0), TICK)
    assert found == {"stalls": Fared(1.0, 2.0, 0.5)}


def test_of_few_users_a_ratio_says_nothing() -> None:
    few = modelled(STALLS.model_copy(update={"min_demand": 2000.0}))
    found = fared([few], np.array([11.0]), np.array([10.0]), TICK)
    assert np.isnan(found["stalls"].worst)
    assert found["stalls"].breached == 0.0
    just_enough = fared([few], np.array([20.0]), np.array([20.0]), TICK)
    assert just_enough["stalls"].worst == pytest.approx(0.006)


def test_a_minute_counts_in_which_any_signal_is_beyond_its_limit() -> None:
    mild = modelled(GateSignal(query="delay", at_most=9.0))
    demand, ready = np.array([5.0, 11.0]), np.full(2, 10.0)
    assert breached_minutes([mild, modelled()], demand, ready, 60.0) == 1.0


def test_without_a_limit_there_is_nothing_to_count() -> None:
    relative = modelled(GateSignal.model_validate({"query": "stalls", "worseBy": "20%"}))
    assert breached_minutes([relative], np.ones(1), np.ones(1), TICK) is None
    assert breached_minutes([], np.ones(1), np.ones(1), TICK) is None
