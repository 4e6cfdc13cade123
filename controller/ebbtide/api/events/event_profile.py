"""EventProfile: the shape of an earlier event, kept for longer than any metrics store keeps it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ebbtide.api.fields.field_types import Amount
from ebbtide.api.fields.local_time import START_BEFORE_END, LocalTime, refuse_skipped, span
from ebbtide.api.fields.rules import Spec
from ebbtide_policies.event_shape import MOST_POINTS
from ebbtide_policies.schedule import TimeZone

SharesOfPeak = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=2, max_length=MOST_POINTS)
]


class EventProfileSpec(Spec):
    """The shape of an earlier event, kept for longer than any metrics store keeps it.

    A calendar names it by `like`. It is looked for in the namespace of the calendar, then in the
    operator's own. `ebbtide event capture` writes one.
    """

    rules = (START_BEFORE_END,)

    start: LocalTime = Field(description="When that event started, like 2025-11-10 20:00.")
    end: LocalTime = Field(description="When it ended.")
    time_zone: TimeZone = Field("UTC", description="Time zone of start and end.")
    peak: Amount = Field(description="Its highest demand, like 2.4M.")
    usual: Amount = Field(
        description="The highest demand of an ordinary day of that time, between the same hours."
    )
    shape: SharesOfPeak = Field(
        description="Its course: demand in shares of the peak, evenly spaced from start to end; "
        f"at most {MOST_POINTS} points.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    source: Annotated[str, Field(max_length=8192)] = Field(
        "", description="Where it was captured from, for those who doubt it."
    )

    @model_validator(mode="after")
    def _no_time_is_skipped(self) -> Self:
        refuse_skipped(self.time_zone, self.start, self.end)
        return self

    @property
    def growth(self) -> float:
        """Its peak as a multiple of the usual."""
        return self.peak / self.usual

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it went on, in epoch seconds."""
        return span(self.start, self.end, self.time_zone)

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        start, end = self.span
        return end - start
