"""When `Tide` begins to follow what the day before was like."""

import numpy as np
import pytest

from ebbtide.forecast.contract import DAY
from ebbtide.forecast.tide.experts import SINCE, WIDTH, warm


@pytest.mark.parametrize("grid", [1, 5, 10, 60])
def test_an_hour_after_the_first_day_curves_are_followed_on_any_grid(grid: int) -> None:
    day, hour = DAY // grid, 60 // grid
    rows = np.zeros((2, WIDTH, 1), np.float32)
    rows[:, SINCE, 0] = day + hour, day + hour + 1
    assert warm(rows, day)[:, 0].tolist() == [False, True]
