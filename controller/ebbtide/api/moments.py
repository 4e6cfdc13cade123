"""Moments as a status writes them, and what all parts of a status share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment in RFC 3339, in UTC."""


def stamp(epoch: float) -> str:
    """Write epoch seconds in RFC 3339, to the millisecond."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def clock(epoch: float, form: str) -> str:
    """Write epoch seconds in UTC, in a form of people's choice."""
    return datetime.fromtimestamp(epoch, UTC).strftime(form)


def epoch(text: str) -> float:
    """Epoch seconds of a moment in RFC 3339.

    Raises:
        ValueError: the text is no such moment.

    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} does not say its offset from UTC")
    return found.timestamp()


class Part(BaseModel):
    """A part of the status."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)
