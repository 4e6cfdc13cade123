"""Which minutes of a recording somebody vouches for."""

import numpy as np
import pytest

from ebbtide.planning.demand.answering import unvouched
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.known_minutes import ANSWER_WITHIN

ROWS = 10


@pytest.mark.parametrize(
    ("heard", "silent"),
    [
        pytest.param(None, set(), id="nobody has recorded who answered"),
        pytest.param(set(range(ROWS)), set(), id="all answers are there"),
        pytest.param(set(), set(range(ROWS)), id="none ever was"),
        pytest.param({2, 6}, {0, 1}, id="an answer lasts for some minutes"),
        pytest.param({0, 1}, {5, 6, 7, 8, 9}, id="and no longer"),
    ],
)
def test_the_minutes_are_told_in_which_nobody_knows_who_answered_of_late(
    heard: set[int] | None, silent: set[int]
) -> None:
    assert ANSWER_WITHIN == 180
    alive = None
    if heard is not None:
        alive = np.where(np.isin(np.arange(ROWS), list(heard)), 1.0, np.nan)
    found = unvouched(DemandSeries(start=0.0, minutes=np.ones(ROWS), alive=alive))
    assert set(np.flatnonzero(found).tolist()) == silent
