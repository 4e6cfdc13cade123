"""The lead time as people write it: a duration, or `Auto`, which is to measure it."""

import math
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.quantities import DURATION_PATTERN, LONGEST, parse_duration, show_duration

AUTO = "Auto"
LEAD_TIME_PATTERN = f"^{AUTO}$|{DURATION_PATTERN}"


def parse_lead_time(text: object) -> float:
    """Seconds in a duration; NaN for `Auto`.

    Raises:
        ValueError: it is neither.

    """
    if text == AUTO:
        return UNKNOWN
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}, or {AUTO} to measure it") from error


def show_lead_time(seconds: float) -> str:
    """Write a lead time as people do."""
    return AUTO if math.isnan(seconds) else show_duration(seconds)


LeadTime = Annotated[
    float,
    BeforeValidator(parse_lead_time),
    PlainSerializer(show_lead_time, return_type=str),
    WithJsonSchema({"type": "string", "pattern": LEAD_TIME_PATTERN, "maxLength": LONGEST}),
]
"""Seconds, written like `90s`; NaN: `Auto`."""
