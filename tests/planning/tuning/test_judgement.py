"""Which variant is taken: measured, compared, and checked on what was held back."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.tuning.judgement import (
    MEMORY,
    Measured,
    Truth,
    front,
    judged,
    measured,
    of_late,
    recommended,
)


def found(hours: list[float], unserved: list[float]) -> Measured:
    cost, missed = np.array(hours), np.array(unserved)
    return Measured(cost, cost, missed, cost, missed, np.zeros(len(hours)), missed)


def test_cost_service_and_changes_are_measured_while_demand_is_known() -> None:
    asked = np.array([[10.0, 12.0], [10.0, 12.0], [10.0, 6.0], [10.0, 12.0]])
    truth = Truth(demand=np.array([10.0, 12.0, 8.0, np.nan]), tick=3600.0, boot=1)
    told = measured(asked, truth)
    assert told.replica_hours.tolist() == [30, 30]
    assert told.unserved.tolist() == pytest.approx([2 / 30, 2 / 30])
    assert told.changes.tolist() == [0, 12]
    assert told.beside_bound.tolist() == pytest.approx([30 / 32, 30 / 32])  # 12, 12 and 8


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
    st.integers(0, 2),
    st.sampled_from([0.0, 1.0, 2.0]),
)
def test_the_bound_is_the_cheapest_variant_that_serves_all(
    needed: list[int], boot: int, least: float
) -> None:
    demand = np.array(needed, dtype=np.float64)
    fleets = itertools.product(np.arange(least, 4.0), repeat=demand.size)
    asked = np.array(list(fleets)).T
    told = measured(asked, Truth(demand, 60.0, boot, least=least))
    if asked.sum(axis=0)[told.unserved == 0].min():
        assert told.beside_bound[told.unserved == 0].min() == 1
    else:
        assert np.isnan(told.beside_bound).all(), "nothing is no bound to divide by"


@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_a_variant_is_measured_alike_however_many_are_beside_it(at_once: int) -> None:
    rng = np.random.default_rng(5)
    truth = Truth(rng.uniform(5, 50, 20 * 1440), tick=60.0, boot=2, stress=1.3)
    asked = np.floor(rng.uniform(0, 60, (truth.demand.size, 6)))
    parts = [measured(asked[:, i : i + at_once], truth) for i in range(0, 6, at_once)]
    for whole, *each in zip(measured(asked, truth), *parts, strict=True):
        assert np.concatenate(each).tobytes() == whole.tobytes()


def test_under_stress_more_is_missed_of_the_same_demand() -> None:
    asked = np.array([[10.0, 30.0]] * 4)
    truth = Truth(demand=np.array([10.0, 12.0, 8.0, np.nan]), tick=3600.0, boot=1)
    calm, stressed = (measured(asked, one) for one in (truth, truth._replace(stress=2.0)))
    assert calm.missed.tolist() == pytest.approx([2 / 32, 0])
    assert stressed.missed.tolist() == pytest.approx([(10 + 14 + 6) / 32, 0])
    assert stressed.steady.tolist() == pytest.approx([0, 0])
    assert stressed.unserved.tolist() == calm.unserved.tolist() == pytest.approx([2 / 30, 0])


@given(st.integers(1, 60), st.integers(1, 30))
def test_ticks_of_any_length_are_told_by_the_day(ticks: int, hours: int) -> None:
    demand = np.full(ticks, 10.0)
    told = measured(demand[:, np.newaxis], Truth(demand, hours * 3600.0, 0))
    assert told.replica_hours[0] == pytest.approx(10 * ticks * hours)
    assert told.lately[0] == pytest.approx(1)


def test_what_came_long_ago_counts_less() -> None:
    days = round(MEMORY) + 1
    demand = np.full(days, 10.0)
    short_at_first, short_at_last = (
        np.where(np.arange(days) == day, 5.0, 10) for day in (0, -1 % days)
    )
    told = measured(np.stack((short_at_first, short_at_last), axis=1), Truth(demand, 86400.0, 0))
    assert told.unserved[0] == told.unserved[1]
    assert told.beside_bound[0] == told.beside_bound[1]
    assert told.missed[0] == pytest.approx(told.missed[1] / np.e)
    assert told.lately[0] > told.lately[1]


def test_where_days_are_alike_it_is_all_the_same_how_long_ago_they_were() -> None:
    each, bound = np.tile([[12.0, 30.0]], (28, 1)), np.full(28, 10.0)
    assert of_late(each, bound).tolist() == pytest.approx([1.2, 3.0])


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20)), min_size=1, max_size=30),
)
def test_the_front_is_what_no_other_one_beats(points: list[tuple[int, int]]) -> None:
    hours, unserved = ([float(x) for x in column] for column in zip(*points, strict=True))
    kept = front(found(hours, unserved))
    beaten = [any((a <= x and b <= y) and (a < x or b < y) for a, b in points) for x, y in points]
    assert {points[i] for i in kept} == {
        p for p, lost in zip(points, beaten, strict=True) if not lost
    }
    assert [hours[i] for i in kept] == sorted(hours[i] for i in kept)


def test_who_cuts_fewer_off_is_on_the_front_though_it_costs_more() -> None:
    told = found([10.0, 20.0, 30.0], [0.1, 0.1, 0.1])._replace(disruptions=np.array([5, 2, 4]))
    assert front(told) == [0, 1]


def test_so_is_whose_users_fare_badly_for_less_long() -> None:
    told = found([10.0, 20.0, 30.0], [0.1, 0.1, 0.1])._replace(breached=np.array([5, 5, 4]))
    assert front(told) == [0, 2]
    assert front(told._replace(breached=np.full(3, np.nan))) == [0]


@pytest.mark.parametrize(
    ("objective", "best"),
    [
        pytest.param(0.04, 1, id="the cheapest that keeps half of it"),
        pytest.param(0.2, 2, id="a laxer one costs less"),
        pytest.param(0.001, 0, id="the one that fails least where none keeps it"),
    ],
)
def test_the_recommendation_keeps_a_margin(objective: float, best: int) -> None:
    told = found([40.0, 30.0, 20.0, 10.0], [0.01, 0.02, 0.1, 0.5])
    assert recommended(told, objective, margin=0.5) == best


def test_what_is_held_back_has_no_part_in_the_choice() -> None:
    rng = np.random.default_rng(1)
    demand = rng.uniform(5, 10, 40)
    asked = np.stack([demand * 0.9, demand * 1.01 + 1, demand * 2], axis=1).round()
    other = np.concatenate((demand[:30], 100 * demand[30:]))
    searched = measured(asked[:30], Truth(demand[:30], 60.0, 1))
    best = recommended(searched, 0.01, 1.0)
    mine, theirs = (
        judged(searched, measured(asked[30:], Truth(truth[30:], 60.0, 1)), best)
        for truth in (demand, other)
    )
    assert [one.variant for one in mine] == [one.variant for one in theirs]
    assert [one.recommended for one in mine] == [one.recommended for one in theirs]
    assert [one.held_back.unserved for one in mine] != [one.held_back.unserved for one in theirs]
