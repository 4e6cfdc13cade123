"""The synthetic promotion: seeded, and shaped like the weeks that it stands for."""

import numpy as np
import pytest

from ebbtide.planning.demand.promotion import promotion_week
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes

SEEDS = range(20)
DAY = 86400.0


def around(week: DemandSeries, moment: float, minutes: int) -> Lanes:
    return week.at(moment + MINUTE * np.arange(float(minutes)))


def test_the_same_seed_makes_the_same_week() -> None:
    first, second = promotion_week(7), promotion_week(7)
    np.testing.assert_array_equal(first.minutes, second.minutes)
    assert (first.start, first.live_from, first.events[0].times) == (
        second.start,
        second.live_from,
        second.events[0].times,
    )


def test_every_seed_tells_another_story() -> None:
    weeks = [promotion_week(seed) for seed in SEEDS]
    assert len({week.minutes.max() for week in weeks}) == len(SEEDS)
    assert len({week.events[0].start for week in weeks}) > 3
    assert len({week.minutes.size for week in weeks}) > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_viewers_stay_in_the_range_of_a_large_platform(seed: int) -> None:
    week = promotion_week(seed)
    assert not np.isnan(week.minutes).any()
    assert 15e3 < week.minutes.min() < 40e3
    assert 500e3 < week.minutes.max() < 1.2e6
    assert np.array_equal(week.minutes, np.rint(week.minutes))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_of_history_comes_first_and_knows_nothing_of_the_promotion(seed: int) -> None:
    week = promotion_week(seed)
    event = week.events[0]
    assert event.start - week.live_from == 6 * 3600
    assert week.live_from - week.start >= 7 * DAY
    history = around(week, week.start, int((week.live_from - week.start) / MINUTE))
    assert history.max() < 0.6 * week.minutes.max()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calendar_announces_the_hours_that_matter_at_about_the_right_size(seed: int) -> None:
    week = promotion_week(seed)
    opening, midnight, last_call = week.events
    assert 26 <= (last_call.end - opening.start) / 3600 <= 30
    assert opening.end < midnight.start < midnight.end < last_call.start
    minute_of_day = int((opening.start - week.start) / MINUTE) % 1440
    days = around(week, week.start, 7 * 1440).reshape(7, 1440)
    usual = np.median(days[:, minute_of_day : minute_of_day + 75].max(axis=1))
    peak = around(week, opening.start, 75).max()
    assert opening.times == pytest.approx(peak / usual, rel=0.45)
    assert opening.ready_by == opening.start - 600


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ebb_is_fast_at_first_and_long_after(seed: int) -> None:
    week = promotion_week(seed)
    after = around(week, week.events[-1].end, 1440)
    assert after[20] < 0.7 * after[0]
    assert after[240] < 0.4 * after[0]
    assert week.end - week.events[-1].end > 2 * DAY
