"""Bounds from any PromQL."""

from typing import Any

import pytest
from pydantic import ValidationError

from ebbtide_policies.contract import Kind
from ebbtide_policies.query import Query, QuerySettings
from ebbtide_policies.resolve import resolve
from tests.policies.builders import INF, NAN, seen, settings

STANDBY = {"query": "standby_viewers", "perReplica": 800}
LICENCES = {"query": "licences", "use": "Ceiling"}
ASKING = Query(settings(QuerySettings, questions={"standby": STANDBY, "licences": LICENCES}))


def test_the_questions_are_asked_by_their_names() -> None:
    assert ASKING.queries() == {"standby": "standby_viewers", "licences": "licences"}


@pytest.mark.parametrize(
    ("standby", "licences", "want", "replicas"),
    [
        pytest.param(96_001.0, 500.0, 121, 121, id="a floor is rounded up"),
        pytest.param(96_001.0, 110.9, 110, 110, id="a ceiling is rounded down"),
        pytest.param(40.0, 110.9, 1, 1, id="a low floor asks for little"),
        pytest.param(NAN, 500.0, 0, 100, id="without an answer nothing goes"),
        pytest.param(INF, 500.0, 0, 100, id="an infinite answer is none"),
        pytest.param(96_001.0, NAN, 121, 121, id="a ceiling without an answer limits nothing"),
        pytest.param(40.0, NAN, 1, 100, id="and lets nothing go"),
        pytest.param(40.0, -5.0, 0, 0, id="a ceiling below zero is zero"),
    ],
)
def test_of_a_hundred_replicas_the_answers_make(
    standby: float, licences: float, want: int, replicas: int
) -> None:
    found = seen(answers={"query/standby": standby, "query/licences": licences})
    decision = resolve(found, ASKING.bounds(found, {}))
    assert (decision.want, decision.replicas) == (want, replicas)


def test_a_question_that_was_not_answered_is_unknown() -> None:
    found = seen()
    assert resolve(found, ASKING.bounds(found, {})).replicas == 100


def test_the_bounds_say_which_question_asks() -> None:
    found = seen(answers={"query/standby": 80_000.0, "query/licences": 500.0})
    floor, ceiling = ASKING.bounds(found, {})
    assert (floor.kind, ceiling.kind) == (Kind.FLOOR, Kind.SOFT_CEILING)
    assert floor.message == "standby: the query asks for 100.0 replicas"


@pytest.mark.parametrize(
    "wrong", [{"query": ""}, {"query": "up", "perReplica": 0}, {"use": "Floor"}]
)
def test_a_question_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(QuerySettings, questions={"wrong": wrong})
