"""What commands print for programs: in forms that are published under docs/schema."""

from datetime import UTC, datetime
from math import isnan

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Output(BaseModel):
    """A part of what programs read: camelCase, and nothing that is not described."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


def moment(at: float) -> datetime:
    """A moment for programs, in UTC; `at` are epoch seconds."""
    return datetime.fromtimestamp(at, UTC)


def known(value: float) -> float | None:
    """A number for programs; null where it is unknown."""
    return None if isnan(value) else value
