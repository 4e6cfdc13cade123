"""What a workload's own past says of its objective."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.capacity_policy.objective import Settings, in_words, prior
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.planning.sweeping.lanes import stacked
from ebbtide.planning.tuning.judgement import Measured
from ebbtide.planning.tuning.objective import (
    CANDIDATES,
    LEAST_DAYS,
    PRICE,
    RARE,
    WORTH,
    chosen,
    needed_days,
    price,
    priced,
    spare,
    stress_test,
)
from ebbtide.planning.tuning.reasons import told


def found(hours: list[float], unserved: list[float], steady: list[float] | None = None) -> Measured:
    cost, missed = np.array(hours), np.array(unserved)
    beside, nothing = cost / 100, np.zeros(cost.size)
    rest = np.array(steady or nothing)
    return Measured(cost, beside, missed, beside, missed, nothing, rest)


POINTS = st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1)), min_size=1, max_size=9)
"""Cost and what went unserved, of some candidates."""
LEVELS = st.sampled_from([1e-2, 1e-3, 1e-4, 1e-5])
PAST = found([130.0, 110.0, 105.0, 101.0], [0.0, 4e-4, 6e-4, 2e-3])


@pytest.mark.parametrize(
    ("objective", "days", "candidate"),
    [
        pytest.param(1e-2, 28.0, 3, id="a loose one lets little be spent on it"),
        pytest.param(1e-3, 28.0, 2, id="what it lets go unserved costs a tenth of the bound"),
        pytest.param(1e-4, 28.0, 0, id="a stricter one makes it dearer"),
        pytest.param(1e-3, 7.0, 2, id="a week is enough to tell"),
        pytest.param(1e-3, 2.0, None, id="two days are not"),
        pytest.param(1e-5, 13.0, None, id="nor are 13 for what is rare"),
    ],
)
def test_the_choice_is(objective: float, days: float, candidate: int | None) -> None:
    assert chosen(PAST, objective, days).candidate == candidate


def test_a_burst_that_nothing_could_have_served_asks_for_nothing() -> None:
    burst = PAST._replace(unserved=PAST.unserved + 0.02, missed=PAST.missed + 0.02)
    for objective in (1e-2, 1e-3, 1e-4):
        assert chosen(burst, objective, 28.0).candidate == chosen(PAST, objective, 28.0).candidate


@pytest.mark.parametrize(
    ("steady", "candidate"),
    [
        pytest.param([0.0, 9e-4, 1e-3], 2, id="is priced where only the worst days broke it"),
        pytest.param([0.0, 9e-4, 2e-3], 1, id="is a limit on all other days"),
        pytest.param([2e-3, 3e-3, 4e-3], 2, id="is priced where nothing keeps it"),
    ],
)
def test_the_objective(steady: list[float], candidate: int) -> None:
    past = found([200.0, 120.0, 100.0], [4e-3, 4e-3, 4e-3], steady)
    assert chosen(past, 1e-3, 28.0).candidate == candidate


@pytest.mark.parametrize(
    ("before", "candidate"),
    [
        pytest.param(0, 1, id="clearly cheaper"),
        pytest.param(2, 2, id="hardly cheaper"),
        pytest.param(None, 1, id="cheaper, where none is in force"),
    ],
)
def test_another_choice_is_made_where_it_is(before: int | None, candidate: int) -> None:
    past = found([110.0, 100.0, 100.05], [1e-6, 1e-6, 1e-6])
    assert chosen(past, 1e-3, 28.0, before).candidate == candidate


@pytest.mark.parametrize(
    ("usual", "objective", "days", "candidate"),
    [
        pytest.param(3, 1e-5, 13.0, 0, id="refute it, and another one came cheaper"),
        pytest.param(0, 1e-5, 13.0, None, id="do not refute it"),
        pytest.param(3, 1e-3, 2.0, None, id="lost less than all that are needed may"),
        pytest.param(3, 1e-3, 3.6, 2, id="lost as much as all that are needed may"),
        pytest.param(3, 1e-5, 0.9, None, id="are not even one"),
        pytest.param(2, 1e-6, 3.0, 0, id="refute it, and what came cheaper costs more"),
    ],
)
def test_the_prior_holds_while_few_days_are_known_unless_they(
    usual: int, objective: float, days: float, candidate: int | None
) -> None:
    assert chosen(PAST, objective, days, usual=usual).candidate == candidate


@given(POINTS, LEVELS, st.floats(0, 6), st.integers(0, 8))
def test_few_days_never_speak_for_less_than_what_is_held(
    points: list[tuple[float, float]], objective: float, days: float, before: int
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    before = min(before, len(points) - 1)
    evidence = chosen(past, objective, days, before, usual=0, rests_on=days + 1)
    assert evidence.kept is (before != 0)
    if evidence.candidate is not None:
        assert past.replica_hours[evidence.candidate] >= past.replica_hours[before]


@given(POINTS, LEVELS, st.floats(0, 6))
def test_few_days_never_speak_for_less_than_the_prior_has(
    points: list[tuple[float, float]], objective: float, days: float
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    evidence = chosen(past, objective, days, usual=0)
    if evidence.candidate is not None:
        assert past.replica_hours[evidence.candidate] >= past.replica_hours[0]
        assert past.unserved[0] * days > objective * needed_days(objective)


@given(POINTS, LEVELS, st.floats(20, 60), st.integers(0, 8))
def test_no_candidate_comes_clearly_cheaper_than_the_choice(
    points: list[tuple[float, float]], objective: float, days: float, before: int
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    before = min(before, len(points) - 1)
    best = chosen(past, objective, days, before).candidate
    assert best is not None
    paid = priced(past, objective)
    assert paid[best] <= paid.min() + WORTH * past.lately[before] + 1e-9
    assert paid[best] <= paid[before]


@given(POINTS, LEVELS, LEVELS)
def test_a_stricter_objective_never_chooses_what_leaves_more_unserved(
    points: list[tuple[float, float]], one: float, other: float
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    loose, strict = (
        chosen(past, level, 60.0).candidate for level in (max(one, other), min(one, other))
    )
    assert loose is not None
    assert strict is not None
    assert past.unserved[strict] <= past.unserved[loose]


def test_what_is_rarer_takes_longer_to_see_and_is_dearer_to_leave_out() -> None:
    assert needed_days(1e-5) > needed_days(1e-4) > needed_days(1e-3) == needed_days(1e-2)
    assert needed_days(RARE) == 2 * LEAST_DAYS
    assert price(1e-3) * 1e-3 == pytest.approx(price(1e-2) * 1e-2) == pytest.approx(PRICE)
    assert price(1e-4) * 1e-4 > price(1e-3) * 1e-3


@pytest.mark.parametrize(
    ("objective", "times"),
    [
        pytest.param(1e-3, 1.0, id="weeks tell of"),
        pytest.param(5e-5, 1.0, id="they just tell of"),
        pytest.param(1e-5, 5**0.4, id="they hardly tell of"),
        pytest.param(1e-6, 50**0.4, id="months would hardly tell of"),
    ],
)
def test_so_many_times_the_demand_is_stood_for_what(objective: float, times: float) -> None:
    assert stress_test(objective) == pytest.approx(times)


def test_a_fleet_begins_with_the_largest_headroom_of_its_settings() -> None:
    chosen_: Settings = {"presentNeed": {"headroom": "10%"}, "stabilization": {"headroom": "80%"}}
    assert spare({**chosen_, "seasonNeed": {"trust": "100%"}}) == 0.8


@pytest.mark.parametrize(
    ("objective", "days", "said"),
    [
        pytest.param(1e-3, 28.0, "of 4 settings tried on 28.0 days it came cheapest", id="why"),
        pytest.param(
            1e-3, 28.0, "0.06% of demand, at 1.050 times the clairvoyant bound", id="what"
        ),
        pytest.param(1e-3, 2.0, "2.0 days of demand are known and 7.0 speak for", id="too little"),
        pytest.param(1e-12, 999999.0, "; none of all that were tried kept 1e-10%", id="none"),
    ],
)
def test_people_are_told(objective: float, days: float, said: str) -> None:
    past = PAST._replace(unserved=PAST.unserved + 1e-9)
    assert said in str(told(chosen(past, objective, days), past, objective))


def test_where_nothing_was_needed_no_bound_is_told() -> None:
    past = PAST._replace(beside_bound=np.full(4, np.nan))
    said = str(told(chosen(past, 1e-3, 28.0), past, 1e-3))
    assert said.endswith("came cheapest: nothing was needed, so there is no clairvoyant bound")


def test_people_are_told_what_the_objective_would_have_taken() -> None:
    past = found([400.0, 100.0], [0.0, 1.2e-3])
    said = str(told(chosen(past, 1e-3, 28.0), past, 1e-3))
    assert said.endswith("1.000 times the clairvoyant bound; 0.1% would have taken 4.000 times")


def test_people_are_told_that_the_prior_has_failed() -> None:
    said = str(told(chosen(PAST, 1e-5, 3.0, usual=3), PAST, 1e-5))
    assert said.startswith(
        "what keeps it on other workloads lost more in 3.0 days than it may in 14.0; "
        "of 4 settings tried on 3.0 days it came cheapest had 1.9 times the demand come "
        "of those that cost no less"
    )


def test_all_candidates_are_variants_of_one_policy_and_the_priors_are_among_them() -> None:
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
        "demand": {"query": "sum(viewers)"},
        "capacity": {"perReplica": 100},
        "replicas": {"min": 2, "max": 500},
    }
    crews = [compose(parse_policy({**spec, "policies": one}), {}) for one in CANDIDATES]
    assert len(stacked(crews)) == len(crews[0])
    fields = [{name: set(own) for name, own in one.items()} for one in CANDIDATES]
    assert all(one == fields[0] for one in fields)
    assert all(prior(level) in CANDIDATES for level in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6))


def test_no_two_settings_are_told_in_the_same_words() -> None:
    assert len({in_words(settings) for settings in CANDIDATES}) == len(CANDIDATES)
