"""The synthetic promotion: seeded, and shaped like the weeks that it stands for."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from ebbtide.planning.demand.promotion import promotion_week
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes

SEEDS = range(20)
DAY = 86400.0
SHANGHAI_TENTH = datetime(2026, 11, 9, 16, tzinfo=UTC).timestamp()


@cache
def told(seed: int) -> DemandSeries:
    return promotion_week(seed)


def around(week: DemandSeries, moment: float, minutes: int) -> Lanes:
    return week.at(moment + MINUTE * np.arange(float(minutes)))


def ordinary_days(week: DemandSeries) -> Lanes:
    """The whole days before the promotion, (days, minutes)."""
    days = int((week.live_from - week.start) / DAY)
    return around(week, week.start, days * 1440).reshape(days, 1440)


def test_the_same_seed_makes_the_same_week() -> None:
    first, second = promotion_week(7), promotion_week(7)
    np.testing.assert_array_equal(first.minutes, second.minutes)
    assert (first.start, first.live_from, first.events[0].times) == (
        second.start,
        second.live_from,
        second.events[0].times,
    )


def test_every_seed_tells_another_story() -> None:
    weeks = [told(seed) for seed in SEEDS]
    assert len({week.minutes.max() for week in weeks}) == len(SEEDS)
    assert len({week.events[0].start for week in weeks}) > 3
    assert len({week.minutes.size for week in weeks}) > 2


@pytest.mark.parametrize("seed", SEEDS)
def test_viewers_stay_in_the_range_of_a_large_platform(seed: int) -> None:
    week = told(seed)
    assert not np.isnan(week.minutes).any()
    assert 15e3 < week.minutes.min() < 40e3
    assert 500e3 < week.minutes.max() < 1.2e6
    assert np.array_equal(week.minutes, np.rint(week.minutes))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_of_history_comes_first_and_knows_nothing_of_the_promotion(seed: int) -> None:
    week = told(seed)
    event = week.events[0]
    assert event.start - week.live_from == 6 * 3600
    assert week.live_from - week.start >= 7 * DAY
    history = around(week, week.start, int((week.live_from - week.start) / MINUTE))
    assert history.max() < 0.6 * week.minutes.max()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calendar_announces_the_hours_that_matter_at_about_the_right_size(seed: int) -> None:
    week = told(seed)
    opening, midnight, last_call = week.events
    assert 26 <= (last_call.end - opening.start) / 3600 <= 30
    assert opening.end < midnight.start < midnight.end < last_call.start
    assert opening.ready_by == opening.start - 600
    for event in week.events:
        hour = (int((event.start - week.start) / MINUTE) + np.arange(75)) % 1440
        usual = np.median(ordinary_days(week)[:, hour].max(axis=1))
        peak = around(week, event.start, 75).max()
        assert event.times == pytest.approx(peak / usual, rel=0.35)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_opens_with_a_rush_in_the_evening_of_the_tenth_of_november_in_shanghai(
    seed: int,
) -> None:
    opening = told(seed).events[0].start
    assert 19 * 3600 <= opening - SHANGHAI_TENTH <= 21 * 3600
    rush = around(told(seed), opening, 60)
    assert 3 <= rush.argmax() <= 8
    assert rush[4] > 1.5 * rush[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_ordinary_day_has_a_noon_and_an_evening(seed: int) -> None:
    usual = np.median(ordinary_days(told(seed)), axis=0)
    noon, evening = 10 * 60 + usual[600:960].argmax(), 17 * 60 + usual[1020:].argmax()
    assert noon / 60 == pytest.approx(12.5, abs=0.5)
    assert evening / 60 == pytest.approx(21, abs=0.5)
    assert usual[noon] == pytest.approx(0.62 * usual[evening], rel=0.1)
    assert usual[240:360].min() == pytest.approx(0.2 * usual[evening], rel=0.1)


def test_at_weekends_more_people_watch() -> None:
    more = []
    for week in map(told, SEEDS):
        evenings = np.median(ordinary_days(week)[:, 20 * 60 : 22 * 60], axis=1)
        tuesday = round((SHANGHAI_TENTH - week.start) / DAY)
        weekend = (np.arange(evenings.size) - tuesday + 1) % 7 >= 5
        more.append(evenings[weekend].mean() / evenings[~weekend].mean())
    assert np.mean(more) == pytest.approx(1.16, abs=0.04)


def rises(week: DemandSeries, first: float, last: float) -> Lanes:
    """How many times as many watch as three minutes before."""
    minutes = around(week, first, int((last - first) / MINUTE))
    return minutes[3:] / minutes[:-3]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_nobody_announced_comes_and_goes_within_minutes(seed: int) -> None:
    week = told(seed)
    start, end = week.events[0].start, week.events[-1].end
    before, after = rises(week, week.start + DAY, start - DAY), rises(week, end + DAY, week.end)
    assert max(before.max(), after.max()) > 1.3, "a crowd on a calm day"
    within = rises(week, start + 3600, end - 1800)
    dip = int(within.argmin())
    assert within[dip] < 0.8
    assert within[dip : dip + 15].max() > 1.25, "it is back as fast as it went"


@pytest.mark.parametrize("seed", SEEDS)
def test_from_minute_to_minute_it_trembles_by_less_than_a_percent(seed: int) -> None:
    steps = np.diff(np.log(around(told(seed), told(seed).start, 1440)))
    assert 0.004 < np.median(np.abs(steps)) / 0.67 < 0.008


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ebb_is_fast_at_first_and_long_after(seed: int) -> None:
    week = told(seed)
    after = around(week, week.events[-1].end, 1440)
    assert after[20] < 0.7 * after[0]
    assert after[240] < 0.4 * after[0]
    assert week.end - week.events[-1].end > 2 * DAY
