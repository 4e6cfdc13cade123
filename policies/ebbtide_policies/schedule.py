"""`schedule`: floors and ceilings in windows that come again, in a named time zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


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
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone; write it like Asia/Shanghai") from error
    return name


TimeZone = Annotated[str, AfterValidator(known_zone)]
"""The name of a time zone in the IANA database."""


class Window(PolicySettings):
    """One recurring window and what holds in it. An end before its start is on the next day."""

    days: tuple[Day, ...] = Field(tuple(Day), min_length=1, description="Days on which it starts.")
    start: str = Field(pattern=CLOCK, description="Time of day at which it starts, like 19:00.")
    end: str = Field(pattern=CLOCK, description="Time of day at which it ends, like 01:30.")
    floor: int | None = Field(None, ge=1, description="Replicas to have at least.")
    ceiling: int | None = Field(None, ge=1, description="Replicas to have at most.")

    @model_validator(mode="after")
    def _says_something(self) -> "Window":
        if self.floor is None and self.ceiling is None:
            raise ValueError("a window needs a floor or a ceiling")
        if self.start == self.end:
            raise ValueError("start and end are the same; for a whole day write 00:00 and 23:59")
        return self


class ScheduleSettings(PolicySettings):
    """The windows, by name."""

    time_zone: TimeZone = Field("UTC", description="Time zone of the windows.")
    windows: dict[str, Window] = Field({}, description="Recurring windows, by a name of your own.")


def is_open(window: Window, local: datetime) -> bool:
    """Tell whether a window is open at a local time; its start is in, its end is out."""
    clock = f"{local:%H:%M}"
    today = list(Day)[local.weekday()]
    if window.start < window.end:
        return today in window.days and window.start <= clock < window.end
    yesterday = list(Day)[(local - timedelta(days=1)).weekday()]
    late, early = today in window.days, yesterday in window.days
    return (late and clock >= window.start) or (early and clock < window.end)


class Schedule(Policy[ScheduleSettings]):
    """Floors and soft ceilings at fixed times. The end of a window is no drop."""

    name = "schedule"
    Settings = ScheduleSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """The floors and ceilings of the windows that are open now, ready one lead time early."""
        zone = ZoneInfo(self.settings.time_zone)
        now = datetime.fromtimestamp(seen.now, zone)
        soon = datetime.fromtimestamp(seen.now + float(seen.lead_time), zone)
        for name, window in self.settings.windows.items():
            said = (name, window.start, window.end, self.settings.time_zone)
            if window.floor is not None and (is_open(window, now) or is_open(window, soon)):
                yield self._bound(Kind.FLOOR, window.floor, "ScheduledFloor", said)
            if window.ceiling is not None and is_open(window, now):
                yield self._bound(Kind.SOFT_CEILING, window.ceiling, "ScheduledCeiling", said)

    def _bound(self, kind: Kind, replicas: int, reason: str, said: tuple[str, ...]) -> Bound:
        return Bound(kind, float(replicas), self.name, reason, "{}: {} to {} {}", said)
