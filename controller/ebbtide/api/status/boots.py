"""What the status says of pods that boot: the lead time that was measured, and a prewarm."""

from typing import Annotated

from pydantic import Field

from ebbtide.api.status.parts import Moment, Part

Seconds = Annotated[
    tuple[float, ...],
    Field(json_schema_extra={"maxItems": 100, "x-kubernetes-list-type": "atomic"}),
]


class LeadTimeStatus(Part):
    """The lead time as it was measured, for leadTime: Auto."""

    usual: float | None = Field(
        None, description="Seconds from the patch to Ready, of the next boots. Nothing: not known."
    )
    longest: float | None = Field(
        None, description="The same of a rise that may need new nodes, such as a prewarm."
    )
    there: Seconds = Field((), description="Recent boots on nodes that were there, in seconds.")
    waited: Seconds = Field((), description="Recent boots that waited for a node, in seconds.")
    booting_since: Moment | None = Field(
        None, description="Since when pods boot that are not measured yet."
    )
    measured_at: Moment | None = Field(None, description="When a rise was measured last.")


class PrewarmStatus(Part):
    """Whether the fleet will be ready in time for the next event."""

    event: str = Field(description="Name of the event.")
    ready_by: Moment = Field(description="When the fleet has to be ready.")
    desired: int | None = Field(None, description="Replicas that it needs. Nothing: not known.")
    ready: int = Field(description="Replicas that are Ready.")
    pending: Annotated[dict[str, int], Field(json_schema_extra={"maxProperties": 16})] = Field(
        {},
        description="Replicas that are missing, by reason: NotAsked (pace, or a ceiling), Quota, "
        "FailedCreate, Unschedulable, Image, Booting.",
    )
    expected_ready: Moment | None = Field(
        None, description="When all of them will be Ready, as far as can be told."
    )
