"""What stands beside Ebbtide: rivals that live through the same, and a bound that none beats."""

from dataclasses import replace

import numpy as np

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.scoring.score import Trial, best_hpa

START, MINUTES = 1_750_000_000.0, 180


def rising() -> Trial:
    """A demand that doubles halfway."""
    demand = np.where(np.arange(MINUTES) < MINUTES // 2, 20.0, 40.0)
    series = DemandSeries(start=START, minutes=demand)
    return Trial(demands=[(series, 1.0)], start=START, end=START + 60.0 * MINUTES)


def test_an_hpa_holds_while_nothing_can_be_read() -> None:
    sound = rising()
    away = (START + 60 * 80, START + 60 * 120)
    blind = replace(sound, outages=(away,))
    during = (blind.times >= away[0]) & (blind.times < away[1])
    asked = best_hpa(blind, 0.0, loads=(0.5,)).asked
    assert np.unique(asked[during]).tolist() == [40.0]
    assert asked[-1] == best_hpa(sound, 0.0, loads=(0.5,)).asked[-1]
