"""What is kept in little room is nearly what it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.forecast.tide.arrays import from_rough, packed, rough, unpacked


@given(st.floats(2.0**-14, 100_000, width=32))
def test_a_rough_size_is_true_to_a_four_thousandth(size: float) -> None:
    value = np.array([size], np.float32)
    assert from_rough(rough(value)) == pytest.approx(value, rel=1 / 4000)


@given(st.floats(0, 2.0**-14, width=32))
def test_next_to_nothing_is_next_to_nothing(size: float) -> None:
    assert from_rough(rough(np.array([size], np.float32))) == pytest.approx([size], abs=1e-7)


@pytest.mark.parametrize(
    ("size", "found"), [(0.0, 0.0), (1.0, 1.0), (1e5, 1e5), (3e6, 1e5), (np.inf, 1e5)]
)
def test_beyond_the_largest_a_rough_size_is_that(size: float, found: float) -> None:
    assert from_rough(rough(np.array([size], np.float32))) == pytest.approx([found], rel=1 / 4000)


@given(st.floats(2.0**-40, 2.0**40, width=32), st.sampled_from((-1, 1)))
def test_a_packed_number_is_true_to_two_thousandths(size: float, sign: int) -> None:
    value = np.array([sign * size], np.float32)
    assert unpacked(packed(value)) == pytest.approx(value, rel=0.002)
