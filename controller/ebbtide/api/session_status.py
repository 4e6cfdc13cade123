"""What the status says of pods that drain and go."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class SessionsStatus(BaseModel):
    """The pods on the way down."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    draining: int | None = Field(None, description="Pods that are to get no new sessions.")
    busy: int | None = Field(None, description="Pods that carry live sessions, or may do so.")
    terminating: int | None = Field(None, description="Pods that are on their way out.")
    victims: tuple[str, ...] = Field(
        (),
        description="Pods that the last step lets go, until that was checked.",
        json_schema_extra={"maxItems": 100},
    )
