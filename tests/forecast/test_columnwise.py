"""Arithmetic of columns in which some values are not known."""

import numpy as np
import pytest

from ebbtide.forecast.columnwise import between, geometric_mean

GAP = np.nan


def test_the_geometric_mean_is_that_of_what_is_known_in_each_column() -> None:
    found = geometric_mean(np.array([[4.0, GAP], [1.0, GAP], [GAP, GAP]]))
    assert found == pytest.approx([2.0, GAP], nan_ok=True)


def test_what_is_nought_or_has_no_bound_has_no_part_in_a_geometric_mean() -> None:
    found = geometric_mean(np.array([2.0, 0.5, np.inf, 0.0, GAP, 4.0]))
    assert float(found) == pytest.approx(4 ** (1 / 3))
    assert np.isnan(geometric_mean(np.zeros(0)))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        pytest.param(1.0, 10.0, id="the first, before the first anchor"),
        pytest.param(2.0, 10.0, id="an anchor"),
        pytest.param(4.0, 15.0, id="half of the way, by the logarithm"),
        pytest.param(20.0, 20.0, id="the last, after the last anchor"),
    ],
)
def test_between_anchors_is_interpolated_along_the_logarithm_of_time(
    at: float, value: float
) -> None:
    anchors = [np.array([10.0, 1.0]), np.array([20.0, 1.0])]
    assert between(anchors, (2, 8), np.array([at])) == pytest.approx(np.array([[value, 1.0]]))
