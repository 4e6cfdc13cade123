"""A policy of a third party: a floor on weekends."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.observation import Observation
from ebbtide_policies.schedule import TimeZone

SATURDAY = 5


class WeekendSettings(PolicySettings):
    """How many replicas a weekend needs, and where it is."""

    floor: int = Field(ge=1, description="Replicas to have at least on Saturday and Sunday.")
    time_zone: TimeZone = Field("UTC", description="Time zone of the weekend.")


class Weekend(Policy[WeekendSettings]):
    """Keeps a floor from Saturday's midnight to Monday's."""

    name = "weekend"
    Settings = WeekendSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One floor on weekends, and nothing on other days."""
        local = datetime.fromtimestamp(seen.now, ZoneInfo(self.settings.time_zone))
        if local.weekday() >= SATURDAY:
            detail, said = "it is {:%A}: at least {}", (local, self.settings.floor)
            yield Bound(Kind.FLOOR, self.settings.floor, self.name, "WeekendFloor", detail, said)
