"""What the status says of other hands: what they changed, and the minimum that Ebbtide writes."""

from pydantic import Field

from ebbtide.api.status.parts import Moment, Part


class HandStatus(Part):
    """A change of replicas that somebody else made."""

    by: str = Field(description="Field manager that made it.")
    kind: str = Field(
        description="Manual: as by a person. Declared: by a release, down to what a file has. "
        "Reset: it keeps being written back."
    )
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
