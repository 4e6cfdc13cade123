"""An announced event concerns the workloads that it selects."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.reading.parse import parse_calendar
from ebbtide.errors import InvalidInput
from tests.api.written import CALENDAR, spec_of

TEN_PM = 1794315600.0
"""2026-11-10 21:00 in Shanghai."""


def test_events_concern_a_workload_by_the_first_expectation_that_selects_it() -> None:
    calendar = parse_calendar(spec_of(CALENDAR))
    named = ExpectedEvent(
        "double-11", TEN_PM - 3600, 1794412830.0, TEN_PM - 5400, times=None, demand=2.4e6
    )
    assert list(calendar.events_for({"app": "edge", "x": "y"})) == [named]
    assert list(calendar.events_for({})) == [named._replace(times=1.5, demand=None)]


def test_an_event_without_ready_by_is_ready_at_its_start() -> None:
    text = CALENDAR.replace("      readyBy: 2026-11-10 19:30\n", "")
    [event] = parse_calendar(spec_of(text)).events_for({})
    assert event.ready_by == event.start


def test_one_in_the_hour_that_clocks_repeat_is_as_long_as_it_can_mean() -> None:
    event = {"start": "2026-11-01 01:00", "end": "2026-11-01 01:30", "expect": [{"times": 2}]}
    calendar = parse_calendar({"timeZone": "America/New_York", "events": {"night": event}})
    [found] = calendar.events_for({})
    assert found.start == datetime(2026, 11, 1, 5, tzinfo=UTC).timestamp()
    assert found.end == datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp()


def test_an_event_for_nobody_concerns_nobody() -> None:
    text = CALENDAR.replace("        - times: 1.5\n", "")
    assert list(parse_calendar(spec_of(text)).events_for({"app": "origin"})) == []


def test_an_event_may_be_like_an_earlier_one() -> None:
    calendar = parse_calendar(spec_of(CALENDAR.replace("- times", "- like: x\n          times")))
    assert [(event.like, event.times) for event in calendar.events_for({})] == [("x", 1.5)]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        pytest.param({"2026-02-30": "Holiday"}, "that month has no such day", id="no-such-day"),
        pytest.param({"tomorrow": "Holiday"}, "write it like 2026-11-10", id="no-day-at-all"),
        pytest.param({"2026-02-17": "a holiday"}, "does not fit", id="no-name-of-a-kind"),
    ],
)
def test_a_day_that_is_none_is_refused(days: Mapping[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_calendar({"days": days})
