"""Whether demand is off the season is told by degrees: no single minute makes a forecast jump."""

import numpy as np
import pytest

from ebbtide.forecast.adjustments.ebb import ebbed
from ebbtide.forecast.adjustments.off_season import Side
from ebbtide.forecast.adjustments.slump import slumped
from ebbtide.forecast.adjustments.surge import surged
from ebbtide.forecast.contract import DAY, Floats
from tests.forecast.adjustments.off_season import left, season
from tests.forecast.tide.made_up import noise

USUAL = 1000.0
NOISE = 0.05
TOLD, WATCHED = 30, 120
"""Minutes after which it is known what the demand is, and those that are watched."""


def told(share: float) -> Floats:
    """What is foreseen two hours ahead in each minute of audiences that came to stay."""
    rows = TOLD + WATCHED
    values = left(rows, days=9, to=share * USUAL) * np.exp(noise(9 * DAY, NOISE))
    medians = []
    for row in range(len(values) - WATCHED, len(values)):
        made, known = season(values[: row + 1])
        made = ebbed(surged(slumped(made, known), known), known)
        medians.append(made.values[0, -1])
    return np.array(medians)


@pytest.mark.parametrize("share", [0.66, 0.68, 0.7, 1.15, 1.2, 1.3, 1.45, 1.8])
def test_no_single_minute_makes_a_forecast_jump(share: float) -> None:
    jumps = np.abs(np.diff(np.log(told(share)), axis=0))
    assert np.mean(jumps > 3 * NOISE) < 0.08
    assert np.median(jumps) < NOISE


@pytest.mark.parametrize(
    ("high", "demand", "degree"),
    [
        pytest.param(True, 1150.0, 0.0, id="higher by no more than it has to be"),
        pytest.param(True, 1175.0, 0.5, id="in between"),
        pytest.param(True, 1300.0, 1.0, id="far higher"),
        pytest.param(False, 1300.0, 0.0, id="higher, where lower is asked for"),
        pytest.param(False, 825.0, 0.5, id="lower, in between"),
        pytest.param(True, np.nan, 0.0, id="unknown"),
    ],
)
def test_how_far_demand_is_off(high: bool, demand: float, degree: float) -> None:
    side = Side(high=high, least=0.15)
    least, doubt = np.array([0.15]), np.array([0.05])
    found = side.beyond(np.array([demand]), USUAL, least, doubt)
    assert found == pytest.approx([degree])
