"""The course of an earlier event: how it is kept, and how it is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ebbtide_policies.event_shape import MOST_POINTS, captured, highest
from tests.policies.builders import NAN

HILL = (0.2, 1.0, 0.6, 0.1)
LEVELS = st.floats(0, 1e9) | st.just(NAN)


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        pytest.param(0.0, 0.0, 0.2, id="the start"),
        pytest.param(1 / 6, 1 / 6, 0.6, id="half way up"),
        pytest.param(0.0, 1 / 6, 0.6, id="up to half way"),
        pytest.param(0.0, 0.5, 1.0, id="over the peak"),
        pytest.param(0.5, 1.0, 0.8, id="down from it"),
        pytest.param(1.0, 1.0, 0.1, id="the end"),
    ],
)
def test_the_highest_point_between_two_places_is(first: float, last: float, found: float) -> None:
    assert highest(HILL, first, last) == pytest.approx(found)


def test_every_lane_looks_as_far_as_it_has_to() -> None:
    found = highest(HILL, 0.0, np.array([0.0, 1 / 6, 0.5]))
    assert np.asarray(found).tolist() == pytest.approx([0.2, 0.6, 1.0])


def test_a_short_event_is_kept_minute_by_minute() -> None:
    assert captured(np.array([50.0, NAN, 100.0])).tolist() == [0.5, 0.75, 1.0]


def test_less_than_none_is_none() -> None:
    assert captured(np.array([-50.0, 100.0])).tolist() == [0.0, 1.0]


def test_of_a_long_event_every_peak_is_kept() -> None:
    minutes = np.full(2880, 10.0)
    minutes[[0, 777, 2879]] = 40.0, 100.0, 60.0
    shape = captured(minutes)
    assert shape.size == MOST_POINTS
    assert (shape[0], shape.max(), shape[-1], shape.min()) == (0.4, 1.0, 0.6, 0.1)
    assert np.interp(777 / 2879, np.linspace(0, 1, MOST_POINTS), shape) == 1.0


@pytest.mark.parametrize("values", [[], [5.0], [NAN, 5.0], [0.0, 0.0], [NAN, NAN]])
def test_an_event_without_a_course_has_no_shape(values: list[float]) -> None:
    with pytest.raises(ValueError, match="known, or no demand"):
        captured(np.array(values, dtype=float))


@profile(max_examples=50)
@given(st.lists(LEVELS, min_size=2, max_size=3000), st.integers(0, 2**32 - 1))
def test_no_minute_of_an_event_stands_above_the_shape_that_is_kept(
    some: list[float], seed: int
) -> None:
    values = np.random.default_rng(seed).permutation(np.resize(some, max(2, len(some) * 3)))
    if np.isfinite(values).sum() < 2 or np.nanmax(values) <= 0:
        return
    shape = captured(values)
    assert shape.size <= MOST_POINTS
    assert shape.max() == 1.0
    line = np.interp(np.linspace(0, 1, values.size), np.linspace(0, 1, shape.size), shape)
    known = np.isfinite(values)
    assert (line[known] >= values[known] / np.nanmax(values) - 1e-9).all()
