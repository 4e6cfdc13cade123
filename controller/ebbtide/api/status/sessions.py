"""What the status says of pods that drain and go."""

from pydantic import Field

from ebbtide.api.status.parts import Part


class SessionsStatus(Part):
    """The pods on the way down."""

    draining: int | None = Field(None, description="Pods that are to get no new sessions.")
    busy: int | None = Field(None, description="Pods that carry live sessions, or may do so.")
    terminating: int | None = Field(None, description="Pods that are on their way out.")
    victims: tuple[str, ...] = Field(
        (),
        description="Pods that the last step lets go, until that was checked.",
        json_schema_extra={"maxItems": 100},
    )
