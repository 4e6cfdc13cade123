"""`schedule`: floors and ceilings in windows that come again, in a named time zone."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, UNLIMITED, Number, as_number, number, some, where
from ebbtide_policies.observation import Observation

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
CLOCK_OR_MIDNIGHT = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


class Day(StrEnum):
    """A day of the week, as people abbreviate it."""

    MON = "Mon"
    TUE = "Tue"
    WED = "Wed"
    THU = "Thu"
    FRI = "Fri"
    SAT = "Sat"
    SUN = "Sun"


def known_zone(name: str) -> str:
    """Refuse a time zone that the IANA database does not have."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder is no zone
        raise ValueError(f"{name!r} is no time zone; write it like Asia/Shanghai") from error
    return name


TimeZone = Annotated[str, AfterValidator(known_zone)]
"""The name of a time zone in the IANA database."""


class Window(PolicySettings):
    """One recurring window and what holds in it. An end before its start is on the next day."""

    days: tuple[Day, ...] = Field(tuple(Day), min_length=1, description="Days on which it starts.")
    start: str = Field(pattern=CLOCK, description="Time of day at which it starts, like 19:00.")
    end: str = Field(
        pattern=CLOCK_OR_MIDNIGHT, description="Time of day at which it ends, like 01:30 or 24:00."
    )
    floor: int | None = Field(None, ge=1, description="Replicas to have at least.")
    ceiling: int | None = Field(None, ge=1, description="Replicas to have at most.")

    @model_validator(mode="after")
    def _says_something(self) -> "Window":
        if self.floor is None and self.ceiling is None:
            raise ValueError("a window needs a floor or a ceiling")
        if self.start == self.end:
            raise ValueError("start and end are the same; for a whole day write 00:00 and 24:00")
        return self


class ScheduleSettings(PolicySettings):
    """The windows, by name."""

    time_zone: TimeZone = Field("UTC", description="Time zone of the windows.")
    windows: dict[str, Window] = Field({}, description="Recurring windows, by a name of your own.")


def opens_in(window: Window, now: float, zone: ZoneInfo) -> float:
    """Seconds until a window opens: none while it is open, infinite when it is days away.

    Its start is in, its end is out. Where a change of the clock makes a time of day ambiguous, the
    window is the longest that it can mean.
    """
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today + timedelta(days=offset) for offset in (-1, 0, 1)):
        ends_on = day if window.start < window.end else day + timedelta(days=1)
        open_then = list(Day)[day.weekday()] in window.days
        if open_then and now < max(_moments(ends_on, window.end, zone)):
            return max(0.0, min(_moments(day, window.start, zone)) - now)
    return UNLIMITED


def _moments(day: date, clock: str, zone: ZoneInfo) -> tuple[float, float]:
    """Epoch seconds of a time of day in a zone, in both readings of a clock that is changed."""
    hours, minutes = clock.split(":")
    moment = datetime.combine(day, time(), zone) + timedelta(hours=int(hours), minutes=int(minutes))
    return moment.replace(fold=0).timestamp(), moment.replace(fold=1).timestamp()


class Schedule(Policy[ScheduleSettings]):
    """Floors and soft ceilings at fixed times. The end of a window is no drop."""

    name = "schedule"
    Settings = ScheduleSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """The ceilings of the windows that are open, and the floors one lead time before."""
        zone = ZoneInfo(self.settings.time_zone)
        now = number(as_number(seen.now))  # windows of a time zone are reckoned at one moment
        for name, window in self.settings.windows.items():
            said = (name, window.start, window.end, self.settings.time_zone)
            wait = opens_in(window, now, zone)
            due = np.less_equal(wait, seen.lead_time)
            if window.floor is not None and some(due):
                floor = where(due, window.floor, NOTHING)
                yield self._bound(Kind.FLOOR, floor, "ScheduledFloor", said)
            if window.ceiling is not None and wait == 0:
                yield self._bound(Kind.SOFT_CEILING, window.ceiling, "ScheduledCeiling", said)

    def _bound(self, kind: Kind, replicas: Number, reason: str, said: tuple[str, ...]) -> Bound:
        return Bound(kind, replicas, self.name, reason, "{}: {} to {} {}", said)
