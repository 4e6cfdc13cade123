"""The demand of a signal: its past, its present, its forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.demand import Look, Outlook, Signal
from ebbtide_policies.observation import Demand, foreseen, largest
from tests.policies.builders import INF, NAN, NOW, outlook, signal, steady

COURSE = [10.0, 20.0, NAN, 40.0, 30.0, NAN]
"""The newest known minute is the last but one."""


def test_a_signal_is_a_demand() -> None:
    as_demand: Demand = steady()
    assert as_demand.present() == 80


@pytest.mark.parametrize(
    ("minutes", "late", "age"),
    [
        pytest.param([1.0], 0.0, 0, id="known at once"),
        pytest.param([1.0], 30.0, 60, id="the last whole minute that is half a minute old"),
        pytest.param([1.0], 120.0, 120, id="two minutes late"),
        pytest.param(COURSE, 0.0, 60, id="the newest minute is a gap"),
        pytest.param([1.0, INF], 0.0, 60, id="infinity is a gap"),
        pytest.param([1.0, *[NAN] * 4], 0.0, 240, id="only the first of a few is known"),
        pytest.param([1.0, *[NAN] * 70], 0.0, 4200, id="only the first of many"),
        pytest.param([NAN], 0.0, INF, id="nothing known"),
        pytest.param([], 0.0, INF, id="no minutes"),
    ],
)
def test_the_age_is_that_of_the_newest_known_minute(
    minutes: list[float], late: float, age: float
) -> None:
    assert signal(minutes, late=late).age == age


@pytest.mark.parametrize(
    ("at", "value", "present", "age"),
    [
        pytest.param(-15.0, 50.0, 50.0, 15.0, id="more: it counts at once"),
        pytest.param(-15.0, 20.0, 30.0, 15.0, id="less: it waits for the minute"),
        pytest.param(-15.0, 0.0, 30.0, 15.0, id="nobody: it waits as well"),
        pytest.param(-15.0, NAN, 30.0, 60.0, id="nothing known"),
        pytest.param(-15.0, INF, 30.0, 60.0, id="no demand that anybody can carry"),
        pytest.param(-15.0, -1.0, 30.0, 60.0, id="a counter that has begun anew"),
        pytest.param(-60.0, 50.0, 30.0, 60.0, id="of the minute itself"),
        pytest.param(-75.0, 50.0, 30.0, 60.0, id="of before"),
        pytest.param(0.0, 50.0, 30.0, 60.0, id="of a minute that is missing"),
    ],
)
def test_a_look_between_the_minutes_lifts_demand_and_lets_nothing_go(
    at: float, value: float, present: float, age: float
) -> None:
    demand = signal([10.0, 20.0, 30.0], look=Look(NOW + at, value))
    assert (demand.present(), demand.peak(120.0), demand.age) == (present, present, age)
    assert demand.peak(60.0, 60.0) == 20.0
    assert demand.lingering(120.0, 0.0, -INF) == 30.0


@given(
    st.lists(st.sampled_from([0.0, 1.5, 7.0, -1.0, NAN, INF]), max_size=80),
    st.sampled_from([0.0, 2.0, 9.0, NAN]),
)
def test_the_present_is_the_peak_of_no_time_at_all(minutes: list[float], found: float) -> None:
    demand = signal(minutes, look=Look(NOW - 15.0, found))
    known = [at for at, value in enumerate(minutes) if 0 <= value < INF]
    at = demand.newest - 60.0 * (len(minutes) - 1 - known[-1]) if known else -INF
    assert demand.known_until == at
    assert np.array_equal(demand.present(), demand.peak(0.0), equal_nan=True)


def test_the_slope_ends_with_what_a_look_found_more() -> None:
    at_half = Look(NOW - 30.0, 60.0)  # half a minute after 30; a minute before, it was 25
    assert signal([10.0, 20.0, 30.0], look=at_half).slope(60.0) == pytest.approx(35.0 / 60)
    least_squares = 17.5  # of 5, 15, 25 and 60
    assert signal([0.0, 10.0, 20.0, 30.0], look=at_half).slope(180.0) == pytest.approx(
        least_squares / 60
    )


def test_the_slope_is_not_lowered_by_a_look_that_found_less() -> None:
    lower = Look(NOW - 30.0, 25.0)
    assert signal([10.0, 20.0, 30.0], look=lower).slope(60.0) == pytest.approx(10.0 / 60)


def test_a_look_after_no_known_minute_is_none() -> None:
    demand = signal([NAN], look=Look(NOW - 15.0, 50.0))
    assert np.isnan(demand.present())
    assert demand.age == INF


@pytest.mark.parametrize("late", [0.0, 119.0, 3600.0])
@pytest.mark.parametrize(
    ("seconds", "peak", "covered", "drop"),
    [
        pytest.param(0.0, 30, 1.0, 0.25, id="the newest known minute is always in"),
        pytest.param(60.0, 40, 1.0, 0.25, id="one minute"),
        pytest.param(120.0, 40, 1.0, 0.25, id="two minutes"),
        pytest.param(180.0, 40, 2 / 3, 0.25, id="three minutes, with a gap"),
        pytest.param(240.0, 40, 3 / 4, 0.25, id="four minutes"),
        pytest.param(3600.0, 40, 4 / 60, 0.25, id="more than there are"),
    ],
)
def test_the_last_seconds_end_with_the_newest_known_minute(
    seconds: float, peak: float, covered: float, drop: float, late: float
) -> None:
    found = signal(COURSE, late=late)
    assert found.present() == 30
    assert found.peak(seconds) == peak
    assert found.covered(seconds) == pytest.approx(covered)
    assert found.largest_drop(seconds) == drop


@pytest.mark.parametrize(
    ("seconds", "until", "peak"),
    [
        pytest.param(60.0, 60.0, 30, id="as long as ever, from a minute earlier on"),
        pytest.param(120.0, 60.0, 50, id="which reaches further back"),
        pytest.param(120.0, 59.0, 40, id="less than a minute leaves none out"),
        pytest.param(0.0, 180.0, 50, id="the first that is known"),
        pytest.param(600.0, 240.0, NAN, id="and before it nothing is"),
    ],
)
def test_of_what_was_before_the_last_minutes_the_peak_is(
    seconds: float, until: float, peak: float
) -> None:
    found = signal([50.0, 20.0, 30.0, 40.0]).peak(seconds, until)
    assert found == pytest.approx(peak, nan_ok=True)


def test_a_minute_that_is_known_covers_a_minute() -> None:
    assert signal([NAN, 30.0]).covered(60.0) == 1.0


@pytest.mark.parametrize(
    ("minutes", "gap"),
    [
        pytest.param([1.0] * 9, 0, id="no gap"),
        pytest.param([*[1.0] * 9, NAN, 1.0], 60, id="one minute"),
        pytest.param([*[1.0] * 9, NAN, 1.0, NAN, INF, 1.0, NAN], 120, id="the longest of two"),
        pytest.param([1.0, *[NAN] * 9, 1.0], 540, id="all of one that reaches into them"),
        pytest.param([1.0, *[NAN] * 9, *[1.0] * 5], 540, id="with its last minute"),
        pytest.param([1.0, *[NAN] * 9, *[1.0] * 6], 0, id="but not of one that is over"),
        pytest.param([NAN, NAN, 1.0], 120, id="one that the history begins with"),
        pytest.param([1.0, 1.0], 0, id="what was before the history is none"),
        pytest.param([NAN], 0, id="where nothing is known there is no end of it"),
    ],
)
def test_the_longest_gap_of_the_last_five_minutes(minutes: list[float], gap: float) -> None:
    assert signal(minutes).gap(300.0) == gap


@pytest.mark.parametrize(
    ("seconds", "early", "since", "replicas"),
    [
        pytest.param(600.0, 0.0, -INF, 100, id="in full"),
        pytest.param(600.0, 0.5, -INF, 85, id="less the older it is"),
        pytest.param(600.0, 1.0, -INF, 72, id="a lower one that is newer may stand above"),
        pytest.param(120.0, 0.0, -INF, 90, id="only of the last seconds"),
        pytest.param(600.0, 0.0, NOW - 180, 90, id="only of what came after a moment"),
        pytest.param(600.0, 0.0, NOW, 50, id="but always the newest"),
        pytest.param(0.0, 0.5, -INF, 50, id="of no time it is the present"),
    ],
)
def test_demand_lingers(seconds: float, early: float, since: float, replicas: float) -> None:
    found = signal([100.0, 90.0, 80.0, 50.0], late=0.0)
    assert found.lingering(seconds, early, since) == pytest.approx(replicas)


@pytest.mark.parametrize(
    ("minutes", "seconds", "over", "surge"),
    [
        pytest.param([10.0, 13.0, 17.0], 60.0, 120.0, 12.5**0.5, id="from minute to minute"),
        pytest.param([10.0, 13.0, 17.0], 120.0, 120.0, 7.0, id="to the highest within a reach"),
        pytest.param([10.0, 13.0, 17.0], 61.0, 120.0, 7.0, id="a part of a minute is a whole one"),
        pytest.param([10.0, 13.0, 17.0], 0.0, 120.0, 12.5**0.5, id="so is no time at all"),
        pytest.param([10.0, 17.0, 13.0], 120.0, 60.0, 7.0, id="also one that is over"),
        pytest.param([10.0, 13.0, 17.0], 60.0, 60.0, 4.0, id="only of the last minutes"),
        pytest.param([9.0, 4.0, 4.0], 60.0, 120.0, 0.0, id="falls are none"),
        pytest.param([10.0, NAN, 13.0], 60.0, 300.0, NAN, id="over a gap nothing is known"),
        pytest.param([10.0, NAN, 13.0], 120.0, 300.0, 3.0, id="but from before it"),
        pytest.param([10.0, 12.0, NAN, 13.0], 60.0, 300.0, 2.0, id="a rise beside it counts"),
        pytest.param([17.0], 60.0, 300.0, NAN, id="one minute has none"),
    ],
)
def test_a_surge_is_how_far_demand_rises(
    minutes: list[float], seconds: float, over: float, surge: float
) -> None:
    assert signal(minutes).surge(seconds, over) == pytest.approx(surge, nan_ok=True)


@pytest.mark.parametrize(
    ("days", "before", "after", "replicas"),
    [
        pytest.param(3, 0.0, 60.0, 70, id="the second highest of three days"),
        pytest.param(2, 0.0, 60.0, 30, id="of two, the lower one"),
        pytest.param(1, 0.0, 60.0, NAN, id="one day is no habit"),
        pytest.param(9, 0.0, 60.0, 70, id="what is before the history is not known"),
        pytest.param(3, 0.0, 0.0, 10, id="at another time it was lower"),
        pytest.param(3, 0.0, 1.0, 70, id="a second reaches into the next minute"),
        pytest.param(3, 120.0, 0.0, 70, id="unless a while before counts as well"),
    ],
)
def test_a_habit_is_what_two_days_asked_for(
    days: int, before: float, after: float, replicas: float
) -> None:
    late = signal([10.0] * (3 * 1440 + 30), late=0.0)
    minutes, ago = late.minutes.copy(), late.minutes.size - 1
    for day, peak in ((1, 30.0), (2, 80.0), (3, 70.0)):
        minutes[ago - day * 1440 + (1 if not before else -1)] = peak
    found = signal(minutes, late=0.0).repeated(days, before, after)
    assert found == pytest.approx(replicas, nan_ok=True)


@pytest.mark.parametrize("minutes", [[], [NAN, NAN], [INF]])
def test_where_nothing_is_known_all_is_unknown(minutes: list[float]) -> None:
    found = signal(minutes)
    numbers = (found.present(), found.peak(300.0), found.slope(300.0), found.ahead(0.9, 300.0))
    assert np.isnan(found.lingering(300.0, 0.5, -INF))
    assert np.isnan(numbers).all()
    assert (found.covered(300.0), found.largest_drop(300.0)) == (0, 0)


def test_demand_is_told_in_replicas() -> None:
    found = signal([1600.0, 2400.0], per_replica=800.0, ordinary=np.full(1440, 4000.0))
    assert (found.present(), found.peak(60.0), found.usual(NOW, NOW + 1)) == (3, 3, 5)
    assert found.slope(60.0) == pytest.approx(1 / 60)


@pytest.mark.parametrize("capacity", [0.0, -1.0, NAN])
def test_without_a_capacity_it_is_unknown(capacity: float) -> None:
    found = steady(per_replica=capacity, outlook=outlook(70.0))
    assert np.isnan([found.present(), found.slope(300.0), found.ahead(0.9, 60.0)]).all()


@pytest.mark.parametrize(
    ("minutes", "slope"),
    [
        pytest.param([0.0, 6.0, 12.0, 18.0], 0.1, id="six a minute"),
        pytest.param([18.0, 12.0, 6.0], -0.1, id="a fall"),
        pytest.param([0.0, 6.0, NAN, 18.0], 0.1, id="across a gap"),
        pytest.param([900.0, 0.0, 6.0, 12.0, 18.0], 0.1, id="of the last minutes only"),
        pytest.param([5.0, NAN], NAN, id="one minute has none"),
    ],
)
def test_the_slope_is_that_of_a_line_through_the_last_minutes(
    minutes: list[float], slope: float
) -> None:
    assert signal(minutes).slope(180.0) == pytest.approx(slope, nan_ok=True)


@pytest.mark.parametrize(
    ("minutes", "drop"),
    [
        pytest.param([0.0, 0.0], 0, id="nothing can't drop"),
        pytest.param([50.0, 0.0], 1, id="all of it"),
        pytest.param([50.0, 60.0], 0, id="a rise is no drop"),
        pytest.param([50.0], 0, id="one minute has none"),
    ],
)
def test_the_largest_drop_is_a_share(minutes: list[float], drop: float) -> None:
    assert signal(minutes).largest_drop(300.0) == drop


# --- the forecast -------------------------------------------------------------------------------

RAMP = outlook(10.0, 20.0, 30.0, 40.0, 50.0)
"""Five minutes, from one minute after now."""


@pytest.mark.parametrize(
    ("start", "seconds", "highest"),
    [
        pytest.param(0.0, 0.0, 10, id="now is answered by the first minute"),
        pytest.param(0.0, 60.0, 10, id="the first minute"),
        pytest.param(0.0, 61.0, 20, id="a second more reaches into the next"),
        pytest.param(90.0, 60.0, 30, id="later than the origin"),
        pytest.param(-60.0, 120.0, 10, id="before the origin"),
        pytest.param(240.0, 900.0, 50, id="beyond the horizon"),
        pytest.param(300.0, 60.0, 50, id="its last moment"),
        pytest.param(301.0, 60.0, NAN, id="expired"),
    ],
)
def test_an_outlook_holds(start: float, seconds: float, highest: float) -> None:
    assert RAMP.ahead(0.5, NOW + start, seconds) == pytest.approx(highest, nan_ok=True)


@pytest.mark.parametrize(
    ("start", "highest"),
    [
        pytest.param(60.0, 50, id="a whole minute is answered by its own"),
        pytest.param(90.0, 50, id="between two minutes the one before counts as well"),
        pytest.param(120.0, 40, id="but not once the next has come"),
    ],
)
def test_of_a_fall_an_outlook_holds(start: float, highest: float) -> None:
    assert outlook(50.0, 40.0, 30.0, 20.0).ahead(0.5, NOW + start, 60.0) == highest


@pytest.mark.parametrize(
    ("quantile", "value"),
    [
        pytest.param(0.1, 10, id="below the lowest level"),
        pytest.param(0.5, 10, id="a level"),
        pytest.param(0.7, 12.5, id="between two levels"),
        pytest.param(0.99, 20, id="the highest level"),
        pytest.param(0.999, NAN, id="a tail can't be guessed"),
    ],
)
def test_a_quantile_is_read_between_the_levels(quantile: float, value: float) -> None:
    found = outlook(10.0, spread=5.0).ahead(quantile, NOW, 60.0)
    assert found == pytest.approx(value, nan_ok=True)


def test_an_outlook_of_no_minutes_has_expired() -> None:
    empty = Outlook(NOW, (0.5,), np.empty((1, 0)))
    assert np.isnan(empty.ahead(0.5, NOW, 60.0))


def test_beyond_the_horizon_the_past_is_in_it_too() -> None:
    found = signal([90.0] + [70.0] * 9, outlook=RAMP)
    assert found.ahead(0.5, 300.0) == 50
    assert found.ahead(0.5, 301.0) == 70
    assert found.ahead(0.5, 540.0) == 90


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        pytest.param(steady(outlook=RAMP, trusted=True), 20, id="followed where it is trusted"),
        pytest.param(steady(outlook=RAMP), NAN, id="not where it is not"),
        pytest.param(steady(trusted=True), NAN, id="not where there is none"),
        pytest.param(
            steady(outlook=outlook(INF), trusted=True), NAN, id="nor where it is no number"
        ),
    ],
)
def test_a_forecast_is(demand: Signal, expected: float) -> None:
    assert foreseen(demand, 0.5, 120.0) == pytest.approx(expected, nan_ok=True)


# --- the ordinary day ---------------------------------------------------------------------------

DAY = np.arange(1440.0)
NOON = 720.0


@pytest.mark.parametrize(
    ("start", "end", "highest"),
    [
        pytest.param(0.0, 1.0, NOON, id="a second of a minute"),
        pytest.param(0.0, 60.0, NOON, id="a minute"),
        pytest.param(0.0, 61.0, NOON + 1, id="a second of the next one"),
        pytest.param(30.0, 90.0, NOON + 1, id="a minute over the edge of two"),
        pytest.param(0.0, 43_200.0, 1439, id="until midnight"),
        pytest.param(43_200.0, 43_260.0, 0, id="the first minute of a day"),
        pytest.param(0.0, 1e7, 1439, id="longer than a day is a day"),
        pytest.param(0.0, -60.0, NOON, id="no time at all is its minute"),
    ],
)
def test_the_usual_between_two_moments_is_the_highest(
    start: float, end: float, highest: float
) -> None:
    assert steady(ordinary=DAY).usual(NOW + start, NOW + end) == highest


def test_what_is_not_known_of_a_day_is_left_out() -> None:
    gaps = np.where(DAY % 2, NAN, DAY)
    assert steady(ordinary=gaps).usual(NOW, NOW + 120) == NOON
    assert np.isnan(steady().usual(NOW, NOW + 120))


def test_the_largest_of_some_needs_is_unknown_when_one_is() -> None:
    assert largest([1.0, 3.0, 2.0]) == 3
    assert np.isnan(largest([]))
    assert np.isnan(largest([1.0, NAN]))


MINUTES = st.lists(st.one_of(st.floats(0, 1e9), st.just(NAN)), max_size=30)


@given(MINUTES, st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e5))
def test_a_longer_look_back_never_lowers_the_peak(
    minutes: list[float], seconds: float, more: float, late: float
) -> None:
    found = signal(minutes, late=late)
    assert not found.peak(seconds) > found.peak(seconds + more)
    assert not found.present() > found.peak(seconds)
    assert 0 <= found.covered(seconds) <= 1
