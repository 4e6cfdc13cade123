"""Recordings that were clipped by the fleet of their day."""

import numpy as np

from ebbtide.planning.demand.clipped import clipped


def test_a_recording_that_lies_flat_at_its_top_was_clipped() -> None:
    minute = np.arange(2880)
    demand = 1000 + 800 * np.sin(2 * np.pi * minute / 1440)
    assert clipped(demand, least=120) == []
    [(begin, end), (again, _)] = clipped(np.minimum(demand, 1500), least=120)
    assert demand[begin - 1] < 1500 <= demand[begin + 1]
    assert end - begin > 400
    assert again - begin == 1440


def test_a_gap_is_not_a_flat_top() -> None:
    demand = np.concatenate((np.arange(500.0), np.full(300, np.nan), np.arange(500.0)))
    assert clipped(demand, least=120) == []
