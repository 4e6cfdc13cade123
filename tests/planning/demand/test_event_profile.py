"""What is kept of an event that is over."""

import numpy as np
import pytest

from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.event_profile import capture
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.lanes import Lanes

DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
MIDNIGHT = 1_794_355_200.0
NAN = float("nan")


def recorded(days: int, event: Lanes, at: float = 20 * HOUR) -> DemandSeries:
    """Days of 100 that are 300 between 20 and 22 h, and an event on the day after them."""
    ordinary = np.full(1440, 100.0)
    ordinary[20 * 60 : 22 * 60] = 300.0
    minutes = np.tile(ordinary, days + 1)
    first = days * 1440 + int(at // MINUTE)
    minutes[first : first + event.size] = event
    return DemandSeries(start=MIDNIGHT - days * DAY, minutes=minutes)


def test_an_event_is_kept_above_the_usual_of_its_hours() -> None:
    series = recorded(7, np.array([600.0, 2400.0, 1200.0]))
    found = capture(series, MIDNIGHT + 20 * HOUR, MIDNIGHT + 20 * HOUR + 2 * MINUTE)
    assert found == (2400.0, 300.0, (0.25, 1.0, 0.5))


def test_one_strange_day_does_not_change_the_usual() -> None:
    series = recorded(7, np.array([600.0, 600.0]))
    minutes = series.minutes.copy()
    minutes[3 * 1440 : 4 * 1440] = 9e9
    strange = DemandSeries(start=series.start, minutes=minutes)
    start = MIDNIGHT + 20 * HOUR
    assert capture(strange, start, start + MINUTE).usual == 300.0


def test_of_a_longer_event_the_usual_is_that_of_a_whole_day() -> None:
    series = recorded(7, np.full(14 * 60, 900.0), at=10 * HOUR)
    start = MIDNIGHT + 10 * HOUR
    assert capture(series, start, start + 13 * HOUR).usual == 300.0


def test_without_a_day_before_the_last_hour_is_the_usual() -> None:
    series = recorded(0, np.array([600.0, 600.0]))
    start = MIDNIGHT + 20 * HOUR
    assert capture(series, start, start + MINUTE).usual == 100.0


def test_the_usual_of_that_hour_is_its_median() -> None:
    minutes = np.concatenate(
        (np.full(600, 5.0), np.full(40, 100.0), np.full(20, 250.0), [600.0, 600.0])
    )
    start = MIDNIGHT + 660 * MINUTE
    found = capture(DemandSeries(start=MIDNIGHT, minutes=minutes), start, start + MINUTE)
    assert found.usual == 100.0


def test_demand_may_be_counted_in_large_units() -> None:
    series = recorded(7, np.array([0.9, 0.9]))
    start = MIDNIGHT + 20 * HOUR
    assert capture(series, start, start + MINUTE, usual=0.3).usual == 0.3


def test_of_half_of_the_minutes_an_event_is_known() -> None:
    series = recorded(7, np.array([600.0, NAN, NAN, 900.0]))
    start = MIDNIGHT + 20 * HOUR
    assert capture(series, start, start + 3 * MINUTE).peak == 900.0


def test_without_any_time_before_the_usual_has_to_be_said() -> None:
    series = recorded(0, np.array([600.0, 300.0]), at=0.0)
    with pytest.raises(InvalidInput, match="say with --usual"):
        capture(series, MIDNIGHT, MIDNIGHT + MINUTE)
    silent = DemandSeries(start=MIDNIGHT, minutes=np.array([*[0.0] * 60, 600.0, 600.0]))
    with pytest.raises(InvalidInput, match="say with --usual"):
        capture(silent, MIDNIGHT + HOUR, MIDNIGHT + HOUR + MINUTE)
    assert capture(series, MIDNIGHT, MIDNIGHT + MINUTE, usual=150.0).usual == 150.0


@pytest.mark.parametrize(
    ("start", "event", "why"),
    [
        pytest.param(9 * DAY, [5.0, 5.0], "only 0% of the minutes", id="after the recording"),
        pytest.param(20 * HOUR, [NAN, NAN, NAN, 5.0, 5.0], "only 40%", id="hardly known"),
        pytest.param(20 * HOUR, [0.0] * 5, "no demand at all", id="nothing happened"),
    ],
)
def test_what_is_hardly_known_is_not_kept(start: float, event: list[float], why: str) -> None:
    series = recorded(7, np.array(event))
    with pytest.raises(InvalidInput, match=why):
        capture(series, MIDNIGHT + start, MIDNIGHT + start + 4 * MINUTE)
