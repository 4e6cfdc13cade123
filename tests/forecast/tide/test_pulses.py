"""What comes at one minute of every day is foreseen at it, and no noise is taken for such."""

import numpy as np
import pytest

from ebbtide.forecast.contract import DAY, Floats
from ebbtide.forecast.tide.arrays import F32
from ebbtide.forecast.tide.forecaster import Tide
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.pulses import Pulses
from tests.forecast.tide.made_up import drawn, upto

FRAME = Frame(1, 120)
NINE = 540
"""A minute of the day."""
JOB = 600.0
"""What a job asks for, where all else asks for a thousand with a noise of a thirtieth."""


def restless(days: int, seed: int = 1) -> Floats:
    """Demand of which no minute is like another, (rows, 1)."""
    return drawn(seed).poisson(1000.0, (days * DAY, 1)).astype(float)


def with_jobs(days: int, minutes: int = 1, of: slice = slice(None)) -> Floats:
    """The same with a job of some minutes at nine, on some of the days."""
    values = restless(days)
    values.reshape(days, DAY)[of, NINE : NINE + minutes] += JOB
    return values


def followed(values: Floats, block: int = DAY // 2) -> Pulses:
    """What is known of pulses at the end of some days."""
    pulses = Pulses(FRAME, values.shape[1])
    for at, day in enumerate(values.astype(np.float32).reshape(-1, DAY, values.shape[1])):
        for begin in range(0, DAY, block):
            rows = day[begin : begin + block]
            pulses.take_off(rows, at * DAY + begin + np.arange(len(rows)))
    return pulses


def lifted(values: Floats) -> F32:
    """What pulses lift on an ordinary day after some days, minute by minute."""
    return followed(values).ordinary()[:, 0]


@pytest.mark.parametrize("minutes", [1, 3])
def test_a_job_of_every_day_is_expected_at_its_minutes_alone(minutes: int) -> None:
    day = lifted(with_jobs(12, minutes))
    assert day[NINE : NINE + minutes] == pytest.approx(JOB, rel=0.15)
    day[NINE : NINE + minutes] = 0
    assert np.count_nonzero(day) <= 0.01 * DAY


def test_a_new_job_is_expected_after_four_days() -> None:
    assert lifted(with_jobs(12, of=slice(8, 12)))[NINE] > 0.5 * JOB


@pytest.mark.parametrize("day", [0, 3, 11])
def test_what_came_once_is_not_expected_again(day: int) -> None:
    values = restless(12)
    values[day * DAY + NINE] += 50 * JOB
    assert lifted(values)[NINE] == 0


def test_a_job_that_has_ended_is_forgotten() -> None:
    assert lifted(with_jobs(20, of=slice(10)))[NINE] == 0


def test_noise_has_no_pulses() -> None:
    day = lifted(restless(12))
    assert np.count_nonzero(day) <= 0.002 * DAY


def test_what_is_restless_at_one_hour_of_every_day_is_not_followed() -> None:
    values = restless(12)
    hour = values.reshape(12, DAY)[:, :60]
    hour += drawn(2).normal(0, JOB, hour.shape)
    pulses = followed(values)
    assert np.count_nonzero(pulses.coming) > 10
    assert np.count_nonzero(pulses.ahead(12 * DAY, 120)) == 0


def test_a_gap_says_nothing_of_pulses() -> None:
    values = with_jobs(12)
    values[10 * DAY : 11 * DAY] = np.nan
    assert lifted(values)[NINE] == pytest.approx(JOB, rel=0.15)


@pytest.mark.parametrize("block", [1, 7, 97])
def test_pulses_are_the_same_by_blocks_of_any_size(block: int) -> None:
    values = with_jobs(5)
    one, other = (followed(values, size) for size in (block, DAY // 2))
    for known, same in ((one.ordinary(), other.ordinary()), (one.coming, other.coming)):
        assert known == pytest.approx(same, rel=1e-3, abs=1e-3)


def test_a_job_is_foreseen_at_its_minute_and_does_not_spoil_those_after_it() -> None:
    values = with_jobs(8)[: 7 * DAY + NINE + 1]
    before, at = (Tide().forecast(upto(v, 1), 120) for v in (values[: -1 - 30], values))
    assert before.values[0, 30, 0] == pytest.approx(1000 + JOB, rel=0.07)
    assert before.values[0, [28, 29, 31, 32], 0] == pytest.approx(1000, rel=0.05)
    assert at.values[0, :10, 0] == pytest.approx(1000, rel=0.05)
    assert at.ordinary[[NINE - 1, NINE, NINE + 1], 0] == pytest.approx((1000, 1600, 1000), rel=0.1)
