"""What `Tide` foresees farther ahead it has learnt from a longer past."""

import numpy as np
import pytest

from ebbtide.forecast.tide.frame import Frame, longer
from ebbtide.forecast.tide.memories import ERRED, MEDIANS, SPREAD, shares_of_rows


@pytest.mark.parametrize(
    ("grid", "ahead", "times"),
    [
        pytest.param(1, 10, 1.0, id="ten minutes ahead, of which memories are said"),
        pytest.param(1, 240, 24**0.5, id="four hours ahead: the root of the minutes"),
        pytest.param(1, 1, 0.1**0.5, id="a minute ahead"),
        pytest.param(60, 1, 6**0.5, id="an hour ahead, which is the next row"),
    ],
)
def test_memories_grow_with_the_root_of_the_minutes_ahead(
    grid: int, ahead: int, times: float
) -> None:
    band = Frame(grid, 240 // grid).whole
    assert longer(band)[band.anchors.index(ahead)] == pytest.approx(times)


def test_losses_of_what_comes_next_are_forgotten_sooner_but_for_widths() -> None:
    band = Frame(1, 10).whole
    known = np.ones((1, len(band.anchors), 1), np.float32)
    shares = shares_of_rows(band, known, 1e6 * known)[0, :, :, 0] / band.often
    next_to_come, ten_minutes_ahead = shares[0], shares[-1]  # each row, of those that teach or not
    assert (next_to_come[MEDIANS] > 3 * ten_minutes_ahead[MEDIANS]).all()
    assert (next_to_come[SPREAD] == ten_minutes_ahead[SPREAD]).all()
    assert (next_to_come[ERRED] < 2 * ten_minutes_ahead[ERRED]).all()
