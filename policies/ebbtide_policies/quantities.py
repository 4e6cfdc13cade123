"""Quantities as people write them in YAML: `90s`, `5m`, `28d`, `10%`, `0.01%`, `800`, `2.4M`.

Each type parses its text into a plain float, prints itself back, and describes itself to a JSON
schema with the very pattern that it accepts, so that the API server refuses what this would refuse.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST = 32
"""Most characters of a quantity: the API server reckons the cost of its rules by it."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"
NEVER = "Never"
PATIENCE_PATTERN = f"^{NEVER}$|{DURATION_PATTERN}"
SHARE_PATTERN = r"^[0-9]+(\.[0-9]+)?%$"
_SUFFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
COUNT_PATTERN = r"^[0-9]+(\.[0-9]+)?[kMG]?$"


def _fits(pattern: str, text: str) -> bool:
    return len(text) <= LONGEST and re.fullmatch(pattern, text) is not None


def parse_duration(text: object) -> float:
    """Seconds in a duration such as `90s`, `1h30m` or `28d`.

    Raises:
        ValueError: the text is not a duration; a bare number has no unit and is refused.

    """
    if not isinstance(text, str) or not _fits(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration; write it with units, like 90s, 5m or 1h30m")
    parts = re.findall(r"([0-9.]+)(ms|s|m|h|d)", text)
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts)


def parse_share(text: object) -> float:
    """The fraction in a percentage such as `5%`.

    Raises:
        ValueError: the text is not a percentage.

    """
    if not isinstance(text, str) or not _fits(SHARE_PATTERN, text):
        raise ValueError(f"{text!r} is not a percentage; write it like 5% or 0.01%")
    return float(text[:-1]) / 100


def parse_count(text: object) -> float:
    """The number in a count such as `800`, `"0.5"` or `2.4M`.

    Raises:
        ValueError: the value is neither a whole number nor such a text.

    """
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return float(text)
    if not isinstance(text, str) or not _fits(COUNT_PATTERN, text):
        quoted = f', and a fraction in quotes: "{text}"' if isinstance(text, float) else ""
        raise ValueError(f"{text!r} is not a count; write it like 800, 5k or 2.4M{quoted}")
    suffix = text[-1] if text[-1] in _SUFFIXES else ""
    return float(text.removesuffix(suffix)) * _SUFFIXES[suffix]


def show_duration(seconds: float) -> str:
    """Write seconds in the largest units that say them exactly: 5400 is `1h30m`."""
    rest, text = round(seconds * 1000), ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        amount, rest = divmod(rest, size)
        text += f"{amount}{unit}" if amount else ""
    return text or "0s"


def parse_patience(text: object) -> float:
    """Seconds in a duration; infinite for `Never`.

    Raises:
        ValueError: the text is neither.

    """
    return float("inf") if text == NEVER else parse_duration(text)


def show_patience(seconds: float) -> str:
    """Write seconds as a duration, and no end as `Never`."""
    return NEVER if seconds == float("inf") else show_duration(seconds)


def show_share(fraction: float) -> str:
    """Write a fraction as a percentage."""
    return f"{fraction * 100:.10g}%"


def many(count: int, what: str) -> str:
    """Write a count with its noun: 1 file, 1,234 files."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def show_count(count: float) -> int | str:
    """Write a count: a whole number as it is, any other as text."""
    return int(count) if count == int(count) else f"{count:.10g}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(show_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": LONGEST}),
]
"""Seconds, written like `90s`, `5m`, `1h30m`, `28d`."""

DurationOrNever = Annotated[
    float,
    BeforeValidator(parse_patience),
    PlainSerializer(show_patience, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATIENCE_PATTERN, "maxLength": LONGEST}),
]
"""Seconds, written like `1h`; infinite for `Never`."""

Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(show_share, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SHARE_PATTERN, "maxLength": LONGEST}),
]
"""A fraction, written like `5%`."""

Count = Annotated[
    float,
    BeforeValidator(parse_count),
    PlainSerializer(show_count),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "pattern": COUNT_PATTERN,
            "maxLength": LONGEST,
            "minimum": 0,
        }
    ),
]
"""An amount of demand or of replicas, written like `800`, `5k`, `2.4M`."""
