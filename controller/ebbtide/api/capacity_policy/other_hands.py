"""How capacity reaches a fleet beside other hands, and what a change by those counts for."""

from enum import StrEnum

from pydantic import Field

from ebbtide.api.fields.rules import Spec
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
