"""What is known of a series beside its past."""

from datetime import date

import pytest

from ebbtide.forecast.contract import Announcement, Context, SeriesContext

NEW_YEAR = 1_767_225_600.0
"""Thursday, 2026-01-01 00:00 UTC."""


@pytest.mark.parametrize(
    ("zone", "hours", "kind"),
    [
        pytest.param("UTC", 0, "Workday", id="a Thursday"),
        pytest.param("UTC", 48, "Weekend", id="a Saturday"),
        pytest.param("UTC", 96, "Workday", id="a Monday"),
        pytest.param("Asia/Shanghai", 41, "Weekend", id="already Saturday in Shanghai"),
        pytest.param("America/Los_Angeles", 50, "Workday", id="still Friday in Los Angeles"),
    ],
)
def test_the_kind_of_a_day_goes_by_the_local_calendar(zone: str, hours: int, kind: str) -> None:
    assert SeriesContext(time_zone=zone).kind_of_day(NEW_YEAR + 3600 * hours) == kind


def test_what_is_said_of_a_day_wins() -> None:
    known = SeriesContext(days={date(2026, 1, 1).toordinal(): "Holiday"})
    assert known.kind_of_day(NEW_YEAR) == "Holiday"
    assert known.kind_of_day(NEW_YEAR + 86400) == "Workday"


def test_the_context_of_some_columns_keeps_their_order() -> None:
    one, two = (SeriesContext(events=(Announcement(start=i, end=9, times=2),)) for i in (1, 2))
    assert Context((one, two)).picked([1, 0]).of(0) is two
    assert Context().picked([1, 0]).of(7) == SeriesContext()
