"""EventCalendar: announced events, and the demand they are expected to bring."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from ebbtide.api.events.country_days import country_days, known_country, known_subdivision
from ebbtide.api.fields.field_types import Amount, Labels, Name, selects
from ebbtide.api.fields.local_time import (
    START_BEFORE_END,
    LocalDay,
    LocalTime,
    cel_time,
    moment,
    skipped,
    sortable,
    span,
)
from ebbtide.api.fields.rules import Rule, Spec, exactly_one
from ebbtide_policies.schedule import TimeZone


class Expectation(Spec):
    """What an event means for some workloads."""

    rules = (exactly_one("times", "demand"),)

    selector: Labels = Field(
        {}, description="Labels of the CapacityPolicies that it is about. Empty: all."
    )
    times: float | None = Field(
        None,
        gt=0,
        description="Demand as a multiple of the usual at that hour, like 1.5. The usual is the "
        "median of the last days, of whatever kind: on a day unlike most, demand says it better.",
    )
    demand: Amount | None = Field(
        None, description="Demand in numbers, like 2.4M, for a workload with one signal."
    )
    like: Name | None = Field(
        None,
        description="An EventProfile whose shape it has: times is then a multiple of that event, "
        "and demand the height of its peak. Without that profile, times is one of the usual.",
    )


class CalendarEvent(Spec):
    """One announced event, in local time."""

    rules = (
        START_BEFORE_END,
        Rule(
            f"!has(self.readyBy) || {cel_time('self.readyBy')} <= {cel_time('self.start')}",
            "readyBy must not be after start",
            lambda event: (
                event.ready_by is None or sortable(event.ready_by) <= sortable(event.start)
            ),
        ),
    )

    start: LocalTime = Field(description="When it starts, like 2026-11-10 20:00.")
    end: LocalTime = Field(description="When it ends.")
    ready_by: LocalTime | None = Field(
        None, description="When capacity has to be ready. Without it: at the start."
    )
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1, max_length=64)] = Field(
        description="What it means for whom; for each CapacityPolicy the first that selects it."
    )

    @property
    def moments(self) -> tuple[str, str, str]:
        """Start, end and readyBy in local time."""
        return self.start, self.end, self.ready_by or self.start

    def span(self, time_zone: str) -> tuple[float, float]:
        """From when to when it goes on, in epoch seconds."""
        return span(self.start, self.end, time_zone)


class ExpectedEvent(NamedTuple):
    """An event as it concerns one workload. Moments are epoch seconds."""

    name: str
    start: float
    end: float
    ready_by: float
    times: float | None
    """Demand as a multiple of the usual, where that is how it was said."""
    demand: float | None
    """Demand in numbers, where that is how it was said."""
    like: str = ""
    """The EventProfile whose shape it has; empty: none."""
    shape: tuple[float, ...] = ()
    """That shape, once it is found, in shares of the peak: `times`, `demand` are those of it."""
    peak: float | None = None
    """The demand at the peak of that event, times what was said."""


KindOfDay = Annotated[str, Field(pattern="^[A-Z][A-Za-z0-9]*$", max_length=32)]


class KindsOfDays(NamedTuple):
    """What a calendar says of days of a kind of their own."""

    country: str | None = None
    subdivision: str | None = None
    days: tuple[tuple[str, str], ...] = ()
    """Dates and kinds that are written in it; they win over those of the country."""

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.country or self.days)

    def by_ordinal(self) -> Mapping[int, str]:
        """The kinds by the ordinal of the (local) day."""
        of_country = country_days(self.country, self.subdivision) if self.country else {}
        written = {date.fromisoformat(day).toordinal(): kind for day, kind in self.days}
        return {**of_country, **written}


class EventCalendarSpec(Spec):
    """Announced events, and the demand they are expected to bring.

    A calendar holds for the CapacityPolicies of its namespace; one in the operator's own namespace
    holds for all.
    """

    rules = (
        Rule(
            "!has(self.subdivision) || has(self.country)",
            "subdivision needs a country",
            lambda calendar: calendar.subdivision is None or calendar.country is not None,
        ),
    )

    time_zone: TimeZone = Field("UTC", description="Time zone of all times in it.")
    events: Annotated[dict[str, CalendarEvent], Field(max_length=256)] = Field(
        {}, description="Events, by a name of your own."
    )
    country: Annotated[str, Field(pattern="^[A-Z]{2}$"), AfterValidator(known_country)] | None = (
        Field(
            None,
            description="A country (ISO 3166-1, like CN) whose days count: its public holidays are "
            "Holiday, half-day ones HalfHoliday, and weekends that it works Workday.",
        )
    )
    subdivision: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A part of the country with holidays of its own, like BY in DE."
    )
    days: Annotated[dict[LocalDay, KindOfDay], Field(max_length=1024)] = Field(
        {},
        description="Days of a kind of their own, by date, like 2026-02-17: Holiday, Workday (for "
        "a weekend that is worked) or a kind of your own. To Tide days of one kind are alike, and "
        "holidays are like Sundays too. They win over those of the country.",
    )

    @field_validator("subdivision")
    @classmethod
    def _is_part_of_the_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if subdivision is None or country is None:
            return subdivision
        return known_subdivision(country, subdivision)

    @property
    def kinds_of_days(self) -> "KindsOfDays":
        """What it says of days; empty where that is nothing."""
        return KindsOfDays(self.country, self.subdivision, tuple(self.days.items()))

    @model_validator(mode="after")
    def _no_time_is_skipped(self) -> Self:
        wrong = [
            f"{name}: {why}"
            for name, event in self.events.items()
            for why in skipped(self.time_zone, *event.moments)
        ]
        if wrong:
            raise ValueError("; ".join(dict.fromkeys(wrong)))
        return self

    def events_for(self, labels: Mapping[str, str]) -> Iterable[ExpectedEvent]:
        """The events that concern a CapacityPolicy with these labels."""
        for name, event in self.events.items():
            for expected in event.expect:
                if selects(expected.selector, labels):
                    start, end = event.span(self.time_zone)
                    ready_by = moment(event.ready_by, self.time_zone) if event.ready_by else start
                    said = expected.times, expected.demand, expected.like or ""
                    yield ExpectedEvent(name, start, end, ready_by, *said)
                    break
