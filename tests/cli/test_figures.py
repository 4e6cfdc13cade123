"""Figures: what is unknown, what there is none of, and what is little look different."""

import math

import pytest

from ebbtide.cli.figures import NONE_SIGN, amount, figure, money, share


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0, "0"), (0.004, "<0.1"), (0.3, "0.3"), (7.32, "7.3"), (9.97, "10"), (1234.6, "1,235")],
)
def test_a_little_is_not_told_as_nothing(value: float, wanted: str) -> None:
    assert amount(value) == wanted


def test_what_nobody_knows_is_neither_zero_nor_nothing() -> None:
    assert [figure(1234.6), figure(0), figure(math.nan)] == ["1,235", "0", "?"]
    assert figure(math.nan, ".4g", NONE_SIGN) == "-"


@pytest.mark.parametrize(
    ("value", "wanted"), [(0, "-"), (0.001, "<0.01"), (0.5, "0.50"), (1234.5, "1,234.50")]
)
def test_a_small_cost_is_not_told_as_free(value: float, wanted: str) -> None:
    assert money(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [(0, "0.000%"), (3e-6, "<0.001%"), (5e-6, "0.001%"), (0.0125, "1.250%")]
)
def test_a_few_unserved_are_not_told_as_none(value: float, wanted: str) -> None:
    assert share(value) == wanted
