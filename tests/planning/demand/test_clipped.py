"""Recordings that were clipped by the fleet of their day."""

import numpy as np
import pytest

from ebbtide.planning.demand.clipped import clipped, flat_tops
from ebbtide_policies.lanes import Lanes


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
    rise = np.linspace(100.0, 490.0, 800)
    demand = np.concatenate((rise, np.full(120, 500.0), rise[::-1]))
    demand[row] = value
    assert clipped(demand, least=least) == found


def test_no_demand_is_no_top() -> None:
    assert clipped(np.zeros(500), least=120) == []


def test_a_gap_is_not_a_flat_top() -> None:
    demand = np.concatenate((np.arange(500.0), np.full(300, np.nan), np.arange(500.0)))
    assert clipped(demand, least=120) == []


WAVE: Lanes = np.sin(2 * np.pi * np.arange(3 * DAY) / DAY)
"""Three days."""


@pytest.mark.parametrize(
    ("demand", "most"),
    [
        pytest.param(np.round(4 + 4 * WAVE), 5.0, id="of eight jobs"),
        pytest.param(np.round(6 + 6 * WAVE), 11.0, id="of a dozen, one of them too many"),
        pytest.param(np.round(6 + 6 * WAVE), 8.0, id="of a dozen, four of them too many"),
        pytest.param(np.round(1000 + 800 * WAVE), 1700.0, id="of some hundreds"),
        pytest.param(1000 + 800 * WAVE, 1700.0, id="of a smooth curve"),
    ],
)
@pytest.mark.parametrize("each", [1, 5])
def test_a_peak_is_round_until_it_is_clipped(demand: Lanes, most: float, each: int) -> None:
    def found(recorded: Lanes) -> list[float]:
        minutes = np.interp(np.arange(demand.size), np.arange(demand.size)[::each], recorded)
        return [minutes[begin:end].max() for begin, end in flat_tops(minutes, 60.0 * each)]

    assert found(demand[::each]) == []
    assert found(np.minimum(demand[::each], most)) == [most, most, most]


def test_a_round_peak_is_told_from_a_clipped_one_by_what_was_recorded_once_an_hour() -> None:
    minute, jobs = np.arange(WAVE.size), np.round(6 + 6 * WAVE[::60])
    peak, clipped_peak = (
        np.interp(minute, minute[::60], np.minimum(jobs, most)) for most in (12, 8)
    )
    assert flat_tops(peak, 3600.0) == []
    assert len(flat_tops(clipped_peak, 3600.0)) == 3


def test_one_job_that_comes_and_goes_is_clipped_by_nothing() -> None:
    assert flat_tops(np.where(WAVE > 0, 1.0, 0.0), 60.0) == []


@pytest.mark.parametrize(
    ("each", "points", "found"),
    [
        pytest.param(1, 14, 0, id="a minute fewer than a quarter of an hour"),
        pytest.param(1, 15, 1, id="a quarter of an hour of minutes"),
        pytest.param(5, 3, 0, id="three values of five minutes, as a short peak has"),
        pytest.param(5, 4, 1, id="a quarter of an hour of five minutes"),
        pytest.param(60, 2, 0, id="two hours, which say nothing"),
        pytest.param(60, 3, 1, id="three hours"),
    ],
)
def test_a_flat_top_is_one_from_a_quarter_of_an_hour_and_three_values_on(
    each: int, points: int, found: int
) -> None:
    rise, fall = np.linspace(100.0, 490.0, 30), np.linspace(430.0, 100.0, 30)
    recorded = np.concatenate((rise, np.full(points, 500.0), fall))
    minutes = np.interp(np.arange(recorded.size * each), np.arange(recorded.size) * each, recorded)
    assert len(flat_tops(minutes, 60.0 * each)) == found
