"""What a workload's own past says of its objective."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.api.compose import compose
from ebbtide.api.objective import prior
from ebbtide.api.parse import parse_policy
from ebbtide.planning.lanes import stacked
from ebbtide.planning.objective import CANDIDATES, REFUTED, chosen, margin, needed_days, told
from ebbtide.planning.tuning import Measured


def found(hours: list[float], unserved: list[float]) -> Measured:
    cost = np.array(hours)
    return Measured(cost, cost / 100, np.array(unserved), np.zeros(cost.size))


POINTS = st.lists(st.tuples(st.floats(1, 100), st.floats(0, 1)), min_size=1, max_size=9)
"""Cost and what went unserved, of some candidates."""
LEVELS = st.sampled_from([1e-2, 1e-3, 1e-4, 1e-5])
PAST = found([130.0, 110.0, 105.0, 101.0], [0.0, 4e-4, 6e-4, 2e-3])


@pytest.mark.parametrize(
    ("objective", "days", "candidate", "kept"),
    [
        pytest.param(1e-3, 28.0, 2, True, id="the cheapest that kept it"),
        pytest.param(1e-3, 7.0, 1, True, id="after a week, with half of it to spare"),
        pytest.param(1e-4, 28.0, 0, True, id="a stricter one costs more"),
        pytest.param(1e-3, 2.0, None, True, id="after two days nothing is known"),
        pytest.param(1e-5, 14.0, None, True, id="nor of rare failures after two weeks"),
    ],
)
def test_the_choice_is(objective: float, days: float, candidate: int | None, kept: bool) -> None:
    evidence = chosen(PAST, objective, days)
    assert (evidence.candidate, evidence.kept) == (candidate, kept)


def test_where_none_kept_it_the_one_is_taken_that_failed_least() -> None:
    evidence = chosen(found([130.0, 120.0, 110.0], [3e-3, 3e-3, 4e-3]), 1e-3, 28.0)
    assert (evidence.candidate, evidence.kept) == (1, False)


@pytest.mark.parametrize(
    ("usual", "objective", "days", "candidate"),
    [
        pytest.param(3, 1e-5, 14.0, 0, id="refute it, and another kept the objective"),
        pytest.param(0, 1e-5, 14.0, None, id="do not refute it"),
        pytest.param(
            3, 1e-3, 2.0, None, id="lost less than three times what all that are needed may"
        ),
        pytest.param(3, 1e-5, 0.9, None, id="are not even one"),
        pytest.param(2, 1e-6, 3.0, 0, id="refute it, and what kept it costs more"),
    ],
)
def test_the_prior_holds_while_few_days_are_known_unless_they(
    usual: int, objective: float, days: float, candidate: int | None
) -> None:
    assert chosen(PAST, objective, days, usual=usual).candidate == candidate


@given(
    POINTS,
    LEVELS,
    st.floats(0, 6),
)
def test_few_days_never_speak_for_less_than_the_prior_has(
    points: list[tuple[float, float]], objective: float, days: float
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    evidence = chosen(past, objective, days, usual=0)
    if evidence.candidate is not None:
        assert past.replica_hours[evidence.candidate] >= past.replica_hours[0]
        assert past.unserved[0] * days > REFUTED * objective


@given(
    POINTS,
    LEVELS,
    st.floats(0, 60),
)
def test_a_choice_kept_the_objective_and_no_cheaper_one_did(
    points: list[tuple[float, float]], objective: float, days: float
) -> None:
    past = found([hours for hours, _ in points], [share for _, share in points])
    evidence = chosen(past, objective, days)
    if evidence.candidate is None or not evidence.kept:
        return
    assert past.unserved[evidence.candidate] <= evidence.allowed <= objective
    keeping = past.unserved <= evidence.allowed
    assert past.replica_hours[evidence.candidate] == past.replica_hours[keeping].min()


@given(st.floats(0, 1000), st.floats(0.1, 1000))
def test_more_of_the_past_allows_more_of_the_objective(days: float, more: float) -> None:
    assert 0 <= margin(days) <= margin(days + more) < 1
    assert needed_days(1e-5) > needed_days(1e-4) > needed_days(1e-3) == needed_days(1e-2)


@pytest.mark.parametrize(
    ("objective", "days", "said"),
    [
        pytest.param(1e-3, 28.0, "of 4 settings tried on 28.0 days it is the cheapest", id="why"),
        pytest.param(1e-3, 2.0, "2.0 days of demand are known and 7.0 speak for", id="too little"),
        pytest.param(1e-12, 999999.0, "none of all that were tried kept it", id="none"),
    ],
)
def test_people_are_told(objective: float, days: float, said: str) -> None:
    past = PAST._replace(unserved=PAST.unserved + 1e-9)
    assert said in told(chosen(past, objective, days), past, objective)


def test_people_are_told_that_the_prior_has_failed() -> None:
    said = told(chosen(PAST, 1e-5, 3.0, usual=3), PAST, 1e-5)
    assert said.startswith(
        "what keeps it on other workloads lost far more in 3.0 days than it may in"
    )
    assert "of 4 settings tried on 3.0 days it is the cheapest that costs no less, with" in said


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
