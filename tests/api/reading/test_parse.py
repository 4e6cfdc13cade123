"""What is wrong with a spec is told, a line for each field."""

from collections.abc import Mapping
from typing import Any

import pytest

from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput
from tests.api.written import POLICY, spec_of


def test_every_wrong_field_is_one_line() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_policy(spec_of(POLICY, mode="Off", replicas={"max": True}))
    assert str(refused.value).splitlines() == [
        "spec.mode: 'Off' is none of DryRun, ScaleUpOnly, Enforce",
        "spec.replicas.max: true is not a whole number",
    ]


def test_a_long_value_is_shown_in_short() -> None:
    with pytest.raises(InvalidInput, match=r"spec\.mode: \[\"a+\.\.\. is none of"):
        parse_policy(spec_of(POLICY, mode=["a" * 100]))


@pytest.mark.parametrize(
    ("capacity", "why"),
    [
        pytest.param({"perReplica": "k" * 300}, "is not a count", id="text-that-is-no-count"),
        pytest.param({"perReplica": 1, "costPerHour": "1"}, "is not a number", id="number"),
        pytest.param({"perReplicaQuery": "q" * 9000}, "is too long: at most 8192", id="long"),
    ],
)
def test_a_wrong_capacity_is_told(capacity: Mapping[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_policy(spec_of(POLICY, capacity=capacity))
