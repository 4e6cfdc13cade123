"""Beside other hands: how capacity reaches a fleet, and what a change by hand counts for."""

from enum import StrEnum

from pydantic import Field

from ebbtide.api.base import Spec
from ebbtide.api.moments import Moment, Part
from ebbtide_policies.quantities import Duration


class ActuatorKind(StrEnum):
    """How capacity reaches the fleet."""

    SCALE = "Scale"
    AUTOSCALER_FLOOR = "AutoscalerFloor"


class ManualScalingSpec(Spec):
    """What it counts for when somebody changes replicas by hand."""

    respect_for: Duration = Field(
        3600.0,
        description="How long a change by hand counts: up as a floor, down as a ceiling. 0s: not "
        "at all.",
    )


class BesideOthers(Spec):
    """The fields of a CapacityPolicy that say how it lives beside other hands."""

    actuator: ActuatorKind = Field(
        ActuatorKind.SCALE,
        description="How capacity reaches the fleet: Scale sets its replicas; AutoscalerFloor sets "
        "the minimum of the HPA or ScaledObject that scales it, and leaves the rest to that.",
    )
    manual_scaling: ManualScalingSpec = Field(
        ManualScalingSpec(), description="What a change of replicas by hand counts for."
    )


class HandStatus(Part):
    """A change of replicas that somebody else made."""

    by: str = Field(description="Field manager that made it.")
    kind: str = Field(description="Manual: as by a person. Reset: it keeps being written back.")
    at: Moment = Field(description="When.")
    before: int = Field(alias="from", description="Replicas that Ebbtide had left.")
    after: int = Field(alias="to", description="Replicas that were written.")
    until: Moment = Field(description="Until when it counts.")
    times: int = Field(1, description="How often the same was written in a row.")


class MinimumStatus(Part):
    """The minimum of the autoscaler that carries decisions out."""

    kind: str = Field(description="HorizontalPodAutoscaler or ScaledObject.")
    name: str = Field(description="Its name.")
    replicas: int = Field(description="The minimum that was last seen or written.")
    before: int | None = Field(
        None, description="The minimum that is put back. Nothing: there was none."
    )
