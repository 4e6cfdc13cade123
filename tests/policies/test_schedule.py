"""Windows that come again."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from ebbtide_policies.contract import Kind
from ebbtide_policies.schedule import Schedule, ScheduleSettings, Window, opens_in
from tests.policies.builders import INF, seen, settings, steady
from tests.policies.stacking import stack

MINUTE, HOUR = 60.0, 3600.0


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def window(start: str, end: str, *days: str) -> Window:
    written: dict[str, Any] = {"start": start, "end": end, "floor": 20}
    return Window.model_validate(written | ({"days": days} if days else {}))


EVENING, NIGHT = window("19:00", "23:00"), window("22:00", "02:00", "Sat")

# 2026-11-11 is a Wednesday.
ROWS = [
    pytest.param(EVENING, "2026-11-11 18:00", HOUR, id="an hour before it"),
    pytest.param(EVENING, "2026-11-11 19:00", 0.0, id="its start is in"),
    pytest.param(EVENING, "2026-11-11 22:59:59", 0.0, id="so is its last second"),
    pytest.param(EVENING, "2026-11-11 23:00", 20 * HOUR, id="its end is out"),
    pytest.param(NIGHT, "2026-11-14 23:00", 0.0, id="before midnight"),
    pytest.param(NIGHT, "2026-11-15 01:59", 0.0, id="after midnight, on the day after its day"),
    pytest.param(NIGHT, "2026-11-15 02:00", INF, id="over for a week"),
    pytest.param(NIGHT, "2026-11-14 01:00", 21 * HOUR, id="not the night before"),
    pytest.param(window("00:00", "24:00"), "2026-11-11 23:59:30", 0.0, id="a whole day has no gap"),
    pytest.param(window("22:00", "00:00"), "2026-11-11 23:59", 0.0, id="until midnight"),
]


@pytest.mark.parametrize(("when", "moment", "seconds"), ROWS)
def test_a_window_opens_in(when: Window, moment: str, seconds: float) -> None:
    assert opens_in(when, at(moment), ZoneInfo("UTC")) == seconds


@pytest.mark.parametrize(
    ("start", "end", "moment", "is_open"),
    [
        pytest.param("02:10", "03:20", "2026-03-29T00:05:00", False, id="before the lost hour"),
        pytest.param("02:10", "03:20", "2026-03-29T01:15:00", True, id="03:15 once put forward"),
        pytest.param("02:10", "02:50", "2026-03-29T00:20:00", True, id="a window in the lost hour"),
        pytest.param("02:10", "02:50", "2026-10-25T00:30:00", True, id="02:30 the first time"),
        pytest.param("02:10", "02:50", "2026-10-25T01:30:00", True, id="02:30 the second time"),
        pytest.param("02:10", "02:50", "2026-10-25T02:00:00", False, id="after both"),
    ],
)
def test_when_the_clock_is_changed_in_berlin(
    start: str, end: str, moment: str, is_open: bool
) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert (opens_in(window(start, end), now, ZoneInfo("Europe/Berlin")) == 0) is is_open


EVENINGS = Schedule(
    settings(
        ScheduleSettings,
        timeZone="Asia/Shanghai",
        windows={
            "show": {"start": "19:00", "end": "19:05", "floor": 60},
            "night": {"start": "01:00", "end": "07:00", "ceiling": 30},
        },
    )
)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        pytest.param("2026-11-11 18:49:59", [], id="more than a lead time before"),
        pytest.param("2026-11-11 18:50", [(Kind.FLOOR, 60)], id="one lead time before"),
        pytest.param("2026-11-11 18:57", [(Kind.FLOOR, 60)], id="also for a short window"),
        pytest.param("2026-11-11 19:04", [(Kind.FLOOR, 60)], id="in it"),
        pytest.param("2026-11-11 19:05", [], id="after it"),
        pytest.param("2026-11-11 00:55", [], id="a ceiling comes no earlier than said"),
        pytest.param("2026-11-11 01:00", [(Kind.SOFT_CEILING, 30)], id="but then it does"),
    ],
)
def test_the_schedule_says(moment: str, said: list[tuple[Kind, float]]) -> None:
    now = at(moment, "Asia/Shanghai")
    found = seen(now=now, demand=(steady(now=now),), lead_time=600.0)
    assert [(b.kind, b.replicas) for b in EVENINGS.bounds(found, {})] == said


def test_each_lane_has_its_own_lead_time() -> None:
    now = at("2026-11-11 18:55", "Asia/Shanghai")
    alone = [seen(now=now, demand=(steady(now=now),), lead_time=lead) for lead in (60.0, 600.0)]
    (bound,) = EVENINGS.bounds(stack(alone), {})
    assert np.asarray(bound.replicas).tolist() == [0.0, 60.0]


def test_a_window_says_when_it_is() -> None:
    now = at("2026-11-11 19:00", "Asia/Shanghai")
    (bound,) = EVENINGS.bounds(seen(now=now, demand=(steady(now=now),)), {})
    assert bound.message == "show: 19:00 to 19:05 Asia/Shanghai"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        pytest.param({"start": "19:00", "end": "19:00", "floor": 1}, "00:00 and 24:00", id="empty"),
        pytest.param({"start": "19:00", "end": "20:00"}, "a floor or a ceiling", id="says nothing"),
        pytest.param({"start": "24:00", "end": "20:00", "floor": 1}, "pattern", id="no such start"),
        pytest.param({"start": "19:00", "end": "7pm", "floor": 1}, "pattern", id="no such time"),
        pytest.param(
            {"start": "19:00", "end": "20:00", "floor": 1, "days": ["Sa"]}, "Sat", id="day"
        ),
    ],
)
def test_a_window_is_refused(written: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Window.model_validate(written)


@pytest.mark.parametrize("zone", ["Shanghai", "America", "../etc", "", "x" * 300])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="no time zone; write it like Asia/Shanghai"):
        settings(ScheduleSettings, timeZone=zone)
