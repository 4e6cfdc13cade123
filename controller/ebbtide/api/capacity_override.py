"""CapacityOverride: a person's word, always with an end and a reason."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from ebbtide.api.fields.field_types import Labels, selects
from ebbtide.api.fields.local_time import LocalTime, ending, refuse_skipped
from ebbtide.api.fields.rules import Rule, Spec, given
from ebbtide_policies.observation import Phase
from ebbtide_policies.schedule import TimeZone


class CapacityOverrideSpec(Spec):
    """A person's word: a freeze, a floor, a ceiling or a phase, until its end.

    An override holds for the CapacityPolicies of its namespace; one in the operator's own namespace
    holds for all.
    """

    rules = (
        Rule(
            "(has(self.freeze) && self.freeze)"
            " || has(self.floor) || has(self.ceiling) || has(self.phase)",
            "say at least one of freeze, floor, ceiling and phase",
            lambda spec: spec.freeze or given(spec, "floor", "ceiling", "phase") > 0,
        ),
        Rule(
            "!has(self.floor) || !has(self.ceiling) || self.floor <= self.ceiling",
            "floor is above ceiling; lower floor or raise ceiling",
            lambda spec: None in (spec.floor, spec.ceiling) or spec.floor <= spec.ceiling,
        ),
    )

    selector: Labels = Field(
        {}, description="Labels of the CapacityPolicies that it is about. Empty: all."
    )
    until: LocalTime = Field(description="When it ends, like 2026-11-12 06:00.")
    time_zone: TimeZone = Field("UTC", description="Time zone of until.")
    why: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        description="The reason, for those who find it at night."
    )
    author: str | None = Field(None, description="Who said it.")
    freeze: bool = Field(False, description="Let nothing go; the way up stays open.")
    floor: int | None = Field(None, ge=0, description="Replicas to have at least.")
    ceiling: int | None = Field(None, ge=1, description="Replicas to have at most.")
    phase: Phase | None = Field(None, description="The phase to be in.")

    @model_validator(mode="after")
    def _until_is_not_skipped(self) -> Self:
        refuse_skipped(self.time_zone, self.until)
        return self

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it is about a CapacityPolicy with these labels."""
        return selects(self.selector, labels)

    def ends_at(self) -> float:
        """Epoch seconds of its end."""
        return ending(self.until, self.time_zone)
