"""Recordings that were clipped by the fleet of their day."""

import numpy as np
import pytest

from ebbtide.planning.demand.clipped import clipped


def test_a_recording_that_lies_flat_at_its_top_was_clipped() -> None:
    minute = np.arange(2880)
    demand = 1000 + 800 * np.sin(2 * np.pi * minute / 1440)
    assert clipped(demand, least=120) == []
    [(begin, end), (again, _)] = clipped(np.minimum(demand, 1500), least=120)
    assert demand[begin - 1] < 1500 <= demand[begin + 1]
    assert end - begin > 400
    assert again - begin == 1440


FLAT, DAY = (800, 920), 1440


@pytest.mark.parametrize(
    ("row", "value", "least", "found"),
    [
        pytest.param(0, 100.0, 120, [FLAT], id="is as long as it has to be"),
        pytest.param(0, 100.0, 121, [], id="is a minute shorter"),
        pytest.param(0, 600.0, 120, [FLAT], id="is more than half a day after a higher one"),
        pytest.param(800 - DAY // 2, 600.0, 120, [], id="is half a day after it"),
        pytest.param(919 + DAY // 2, 600.0, 120, [], id="is half a day before it"),
        pytest.param(920 + DAY // 2, 600.0, 120, [FLAT], id="is longer before it"),
        pytest.param(200, np.nan, 120, [FLAT], id="is seen beside a minute that nobody knows"),
    ],
)
def test_a_flat_top_of_two_hours(
    row: int, value: float, least: int, found: list[tuple[int, int]]
) -> None:
    demand = np.concatenate((np.full(800, 100.0), np.full(120, 500.0), np.full(800, 100.0)))
    demand[row] = value
    assert clipped(demand, least=least) == found


def test_no_demand_is_no_top() -> None:
    assert clipped(np.zeros(500), least=120) == []


def test_a_gap_is_not_a_flat_top() -> None:
    demand = np.concatenate((np.arange(500.0), np.full(300, np.nan), np.arange(500.0)))
    assert clipped(demand, least=120) == []
