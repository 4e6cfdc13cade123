"""What is kept in little room is nearly what it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.forecast.tide.arrays import from_rough, packed, rough, unpacked

LEAST = 2.0**-126
"""The smallest number that float32 holds with all its digits."""
SIZES = st.floats(LEAST, 2.0**126, width=32)


@given(SIZES, st.sampled_from((-1, 1)))
def test_a_rough_number_is_true_to_four_thousandths(size: float, sign: int) -> None:
    value = np.array([sign * size], np.float32)
    assert from_rough(rough(value)) == pytest.approx(value, rel=0.004)


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, np.inf, -np.inf, np.nan])
def test_what_stands_for_something_stays(value: float) -> None:
    given_one = np.array([value], np.float32)
    assert np.array_equal(from_rough(rough(given_one)), given_one, equal_nan=True)


@given(st.floats(2.0**-40, 2.0**40, width=32), st.sampled_from((-1, 1)))
def test_a_packed_number_is_true_to_two_thousandths(size: float, sign: int) -> None:
    value = np.array([sign * size], np.float32)
    assert unpacked(packed(value)) == pytest.approx(value, rel=0.002)
