"""Rows by a clock that is put forward and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ebbtide.forecast.clock import by_clock, clock_of, days_before
from ebbtide.forecast.contract import DAY, NEVER_CHANGED

NEW_YORK, SYDNEY, LORD_HOWE = "America/New_York", "Australia/Sydney", "Australia/Lord_Howe"


def put(moment: str, zone: str, grid: int = 1) -> int:
    """By how many rows the clock differs from that of UTC at some moment."""
    row = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) // (60 * grid)
    return int(by_clock(np.array((row,)), grid, clock_of(zone))[0]) - row


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "Asia/Kolkata"])
def test_a_clock_that_is_never_changed_is_as_good_as_that_of_utc(zone: str) -> None:
    assert clock_of(zone) == NEVER_CHANGED
    assert put("2026-07-01T00:00", zone) == 0


@pytest.mark.parametrize(
    ("zone", "before", "after", "moved"),
    [
        (NEW_YORK, "2026-03-08T06:59", "2026-03-08T07:00", 60),
        (NEW_YORK, "2026-11-01T05:59", "2026-11-01T06:00", -60),
        ("Europe/Berlin", "2026-03-29T00:59", "2026-03-29T01:00", 60),
        (SYDNEY, "2026-10-03T15:59", "2026-10-03T16:00", 60),
        (LORD_HOWE, "2026-10-03T15:29", "2026-10-03T15:30", 30),
        ("Africa/Casablanca", "2026-02-15T01:59", "2026-02-15T02:00", -60),
    ],
)
def test_rows_move_at_the_minute_in_which_a_clock_is_changed(
    zone: str, before: str, after: str, moved: int
) -> None:
    assert put(after, zone) - put(before, zone) == moved
    assert put(after, zone, grid=5) - put(before, zone, grid=5) == moved / 5


def test_what_a_clock_was_in_other_centuries_moves_nothing() -> None:
    # New York was on local mean time, four minutes off, until 1883
    assert put("1800-01-01T00:00", NEW_YORK) % 30 == 0


def test_rows_of_a_stretch_are_each_by_the_clock_of_their_own_moment() -> None:
    first = int(datetime(2026, 3, 7, tzinfo=UTC).timestamp()) // 60
    rows = first + np.arange(3 * DAY)
    some = np.array((0, DAY + 419, DAY + 420, 3 * DAY - 1))
    each = [by_clock(rows[at : at + 1], 1, NEW_YORK)[0] for at in some]
    whole = by_clock(rows, 1, NEW_YORK)
    assert whole[some].tolist() == each
    assert np.flatnonzero(np.diff(whole) != 1).tolist() == [DAY + 419]


def test_no_rows_are_none_by_any_clock() -> None:
    assert by_clock(np.zeros(0, int), 1, NEW_YORK).size == 0


@pytest.mark.parametrize("changed", ["2026-03-08", "2026-11-01"])
def test_days_before_a_change_the_clock_showed_the_same_at_another_hour_of_utc(
    changed: str,
) -> None:
    evenings = [
        datetime.fromisoformat(changed).replace(hour=20, tzinfo=ZoneInfo(NEW_YORK))
        + timedelta(days=days)
        for days in range(-2, 3)
    ]
    moments = np.array([evening.timestamp() for evening in evenings])
    found = days_before(moments[-2:], np.arange(1, 4), clock_of(NEW_YORK))
    assert found.tolist() == [[moments[3 - back], moments[4 - back]] for back in (1, 2, 3)]
    of_utc = days_before(moments[-2:], np.arange(1, 4), NEVER_CHANGED)
    assert np.flatnonzero((found != of_utc).any(axis=1)).tolist() == [1, 2]
