"""What all parts of a status share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment in RFC 3339, in UTC."""


class Part(BaseModel):
    """A part of the status."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)
