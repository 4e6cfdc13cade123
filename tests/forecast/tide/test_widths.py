"""How wide `Tide` is where a ramp may come, and after what stood still."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ebbtide.forecast.contract import DAY, LEVELS, Floats, History
from ebbtide.forecast.tide.forecaster import Tide
from ebbtide.forecast.tide.widths import STRETCH, stretch
from tests.forecast.conformance import END, day_shape

UPPER = LEVELS.index(0.9)
ROWS = 60


@pytest.mark.parametrize(
    ("reach", "present", "share"),
    [
        pytest.param(110, 100, 0, id="a rise by a tenth is no ramp"),
        pytest.param(117, 100, 0.5, id="between them half as much"),
        pytest.param(122, 100, 1, id="a rise by more than a fifth is one"),
        pytest.param(900, 100, 1, id="a larger one is not stretched more"),
        pytest.param(5, 0, 0, id="from nothing no rise is measured"),
    ],
)
def test_widths_are_stretched_where_they_reach_a_ramp(
    reach: float, present: float, share: float
) -> None:
    each = (np.full((1, 1, 1), value, np.float32) for value in (reach, present))
    assert stretch(*each) == pytest.approx(1 + share * STRETCH[None], rel=1e-4)


def test_what_stood_still_is_foreseen_to_catch_up() -> None:
    values, stands = measured_seldom(3 * DAY)
    model, first = Tide(), len(values) - ROWS
    widths = [width(model, values[: row + 1]) for row in range(first, len(values))]
    assert np.mean(widths, where=stands[first:]) > np.mean(widths, where=~stands[first:])


def measured_seldom(minutes: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Demand of which every third minute says again what the last one said; and which do."""
    stands = np.random.default_rng(3).random(minutes) < 1 / 3
    last = np.maximum.accumulate(np.where(stands, 0, np.arange(minutes)))
    return day_shape(minutes)[last], stands


def width(model: Tide, values: Floats) -> float:
    """How far the upper quantile lies above the median a minute ahead."""
    made = model.forecast(History(END + 60 * len(values), values[:, None]), 30)
    return float(made.values[UPPER, 0, 0] - made.values[0, 0, 0])
