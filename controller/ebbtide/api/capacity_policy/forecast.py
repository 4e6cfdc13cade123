"""How the demand of a workload is foreseen, and when that is no longer followed."""

from pydantic import Field

from ebbtide.api.fields.field_types import Name
from ebbtide.api.fields.rules import Spec
from ebbtide_policies.quantities import Duration, Share
from ebbtide_policies.schedule import TimeZone


class TrustSpec(Spec):
    """When a forecast is followed.

    The forecasts that were made are compared with what came, at several minutes ahead, and so is
    persistence, the last known value.
    """

    worse_by: Share = Field(
        0.1,
        gt=0,
        le=1,
        description="With an error above that of persistence by more than this, it is worse.",
    )
    over: Duration = Field(
        21600.0, ge=1800, le=604800, description="How much of the past the errors are those of."
    )
    after: Duration = Field(
        3600.0,
        ge=300,
        le=86400,
        description="A forecast that is worse for so long is not followed: the present need "
        "decides. It is again, after it has been worse by less than half of worseBy for so long.",
    )


class ForecastSpec(Spec):
    """How demand is foreseen."""

    model: Name = Field(
        "Tide",
        description="Name of the forecaster. Auto: the one that served its own past best.",
    )
    horizon: Duration = Field(7200.0, ge=600, le=86400, description="How far a forecast reaches.")
    history: Duration = Field(28 * 86400.0, ge=3600, description="How much of the past it learns.")
    time_zone: TimeZone | None = Field(
        None,
        description="Time zone by whose clock demand comes again day by day: it tells when that is "
        "put forward or back. Default: that of the calendars that name days of a kind of their "
        "own, else UTC, whose clock is never changed.",
    )
    trust: TrustSpec = Field(TrustSpec(), description="When a forecast is followed.")
