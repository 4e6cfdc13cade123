"""The score of a course, and the HPA that is best in hindsight."""

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.score import LOADS as ALL_LOADS
from ebbtide.planning.scoring.score import Course, Trial, best_hpa, largest_drop, score
from ebbtide.planning.simulated_fleet.plant import Plant, PlantSettings, drive

LOADS = (0.5, 0.7, 0.9, 1.1)


def wave() -> DemandSeries:
    minutes = 40_000 + 30_000 * np.sin(np.arange(600) / 60)
    return DemandSeries(start=0.0, minutes=minutes)


def trial(price: float = 0.0) -> Trial:
    return Trial(demands=[(wave(), 800.0)], start=0.0, end=36_000.0, lead=90.0, price=price)


def test_every_number_of_a_score_is_what_its_word_says() -> None:
    told = score(
        Course(
            tick=60.0,
            demand=np.array([10.0, 10.0, 20.0, 20.0]),
            asked=np.array([12.0, 20.0, 20.0, 14.0]),
            ready=np.array([12.0, 12.0, 17.0, 14.0]),
            paid=np.array([12.0, 20.0, 20.0, 14.0]),
            disruptions=3,
        ),
        price=0.6,
    )
    assert told.idle == pytest.approx(4 / 60)
    assert told.replica_hours == pytest.approx(66 / 60)
    assert told.cost == pytest.approx(0.66)
    assert told.shortfall == pytest.approx(9.0)
    assert told.worst_shortfall == pytest.approx(6.0)
    assert told.unserved == pytest.approx(9 / 60)
    assert (told.disruptions, told.events, told.largest_drop) == (3, 2, 6.0)


@pytest.mark.parametrize(("beyond", "short"), [(1e-9, 0.0), (0.01, 0.01)])
def test_the_noise_of_floating_point_is_no_shortfall(beyond: float, short: float) -> None:
    three = np.full(1, 3.0)
    told = score(Course(tick=60.0, demand=three + beyond, asked=three, ready=three, paid=three))
    assert (told.shortfall, told.worst_shortfall) == pytest.approx((short, short), abs=0, rel=1e-9)


def test_unknown_demand_is_neither_idle_nor_short() -> None:
    ones = np.ones(2)
    told = score(Course(tick=60.0, demand=np.full(2, np.nan), asked=ones, ready=ones, paid=ones))
    assert (told.idle, told.shortfall, told.unserved) == (0.0, 0.0, 0.0)
    assert (told.worst_shortfall, told.largest_drop) == (0.0, 0.0)
    assert told.replica_hours == pytest.approx(2 / 60)


@pytest.mark.parametrize(
    ("tick", "drop"),
    [
        pytest.param(15.0, 40.0, id="four steps of ten in a minute"),
        pytest.param(60.0, 10.0, id="one step a minute"),
        pytest.param(45.0, 20.0, id="two steps 45 s apart"),
    ],
)
def test_the_largest_drop_counts_all_steps_within_the_seconds(tick: float, drop: float) -> None:
    assert largest_drop(np.arange(100.0, 0.0, -10.0), tick, 60.0) == drop


def test_the_course_of_a_plant_is_that_of_the_closed_form() -> None:
    tried = trial()
    asked = np.ceil(tried.demand * 1.2)
    plant = Plant(PlantSettings(lead=90.0), int(asked[0]), 0.0, np.random.default_rng(1))
    census = drive(plant, tried.times, asked)
    lived = Course.told(census, tried.demand, tried.tick)
    assert score(lived) == tried.score(asked)


def test_the_sessions_that_a_plant_cut_off_are_counted() -> None:
    [calm] = drive(
        Plant(PlantSettings(), 2, 0.0, np.random.default_rng(1)), np.zeros(1), 2 + np.zeros(1)
    )
    census = [calm._replace(disrupted=lost) for lost in (3, 0, 4)]
    assert score(Course.told(census, np.ones(3), 60.0)).disruptions == 7


def test_a_part_of_a_tick_is_waited_for_as_a_whole_one() -> None:
    tried = replace(trial(), lead=50.0, tick=20.0)
    asked = np.where(tried.times < 100.0, 1.0, 9.0)
    assert tried.course(asked).ready[:9].tolist() == [1.0] * 8 + [9.0]


def test_the_peer_falls_short_the_least_of_those_that_fall_short_no_less() -> None:
    tried, given = trial(), 100.0
    singles = [best_hpa(tried, given, (load,)) for load in LOADS]
    best = best_hpa(tried, given, LOADS)
    worse = [one for one in singles if one.score.shortfall >= given]
    assert 0 < len(worse) < len(LOADS)
    assert best.score == min((one.score for one in worse), key=lambda told: told.shortfall)
    assert best.asked.shape == tried.times.shape


def test_who_falls_short_by_just_as_much_is_a_peer() -> None:
    given = best_hpa(trial(), 0.0, (1.0,))
    assert given.score.shortfall > 0
    assert best_hpa(trial(), given.score.shortfall, (0.9, 1.0, 1.1)).load == 1.0


@pytest.mark.parametrize(("least", "smallest"), [(0.0, 1.0), (3.0, 3.0)])
def test_no_hpa_goes_below_the_least_fleet_or_knows_zero(least: float, smallest: float) -> None:
    night = DemandSeries(start=0.0, minutes=np.zeros(120))
    tried = Trial(demands=[(night, 800.0)], start=0.0, end=7200.0, least=least)
    assert best_hpa(tried, 0.0, LOADS).asked.min() == smallest


def test_an_hpa_begins_with_what_the_first_demand_asks_for() -> None:
    tried = trial()
    best = best_hpa(tried, 0.0, (0.9,))
    assert best.asked[0] == np.ceil(tried.demand[0] / 0.9) > np.ceil(tried.demand[0])


def test_the_best_hpa_is_looked_for_from_a_tenth_of_load_to_a_tenth_too_much() -> None:
    assert (ALL_LOADS[0], ALL_LOADS[-1]) == (0.1, 1.1)
    assert {0.5, 0.69, 0.7, 1.0} < set(ALL_LOADS)


def test_among_peers_that_never_fall_short_the_least_idle_one_is_taken() -> None:
    best = best_hpa(trial(), 0.0, (0.2, 0.25))
    assert best.load == 0.25
    assert best.score.shortfall == 0


def test_where_every_hpa_is_better_the_least_idle_one_is_taken() -> None:
    best = best_hpa(trial(), 1e9, LOADS)
    assert best.load == 1.1


def test_a_price_makes_replica_hours_money() -> None:
    tried = trial(price=0.12)
    told = tried.score(np.full(tried.times.size, 100.0))
    assert told.cost == pytest.approx(1000 * 0.12)
    assert told.events == 0
