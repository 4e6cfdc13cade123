"""Drawings: where points lie, what breaks a line, and how numbers are written."""

import math

import pytest

from ebbtide.cli.chart import Frame, short, ticks


def frame(*, log: bool = False) -> Frame:
    """A drawing without margins, a pixel a number."""
    return Frame(
        low=(1, 1), high=(100, 100), width=99, height=99, left=0, right=0, top=0, bottom=0, log=log
    )


def test_a_point_lies_where_its_numbers_say_and_up_is_more() -> None:
    assert frame().place((1, 1)) == (0, 99)
    assert frame().place((100, 100)) == (99, 0)
    assert frame().place((50.5, 25.75)) == (49.5, 74.25)


def test_a_logarithmic_scale_has_equal_steps_for_equal_ratios() -> None:
    assert frame(log=True).place((10, 10)) == pytest.approx((49.5, 49.5))


def test_a_line_is_broken_where_nothing_is_known() -> None:
    assert frame().path([(1, 1), (2, 1), (3, math.nan), (4, 1)]) == "M0.0 99.0L1.0 99.0M3.0 99.0"


def test_names_are_escaped() -> None:
    assert "<b>" not in frame().drawn("a<b>", "")
    assert "<b>" not in frame().dot((1, 1), "dot", "a<b>")


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(0, 100, [0, 50, 100]), (130, 190, [140, 160, 180]), (0, 0.03, [0, 0.01, 0.02, 0.03])],
)
def test_ticks_are_round_numbers(low: float, high: float, wanted: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0, "0"), (0.031, "0.031"), (560, "560"), (34_000, "34k"), (1_250_000, "1.25M"), (3e9, "3G")],
)
def test_numbers_are_written_in_few_letters(value: float, wanted: str) -> None:
    assert short(value) == wanted
