"""Moments and days as people in a time zone write them."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, WithJsonSchema

from ebbtide.api.fields.rules import VALIDATIONS, Rule

_LOCAL = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
)


def _written_like(pattern: str, wanted: str) -> Callable[[str], str]:
    """A check that a text has this form, and that its month has such a day."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text!r} is not {wanted}")
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{text!r}: that month has no such day") from error
        return text

    return checked


def cel_time(field: str) -> str:
    """CEL that turns a local time into a timestamp, good for comparing within one zone."""
    return (
        f"timestamp({field}.replace(' ', 'T') + (size({field}) == 16 ? ':00Z' : 'Z'))"  # no seconds
    )


LocalTime = Annotated[
    str,
    AfterValidator(_written_like(_LOCAL, "a local time; write it like 2026-11-10 20:00")),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _LOCAL,
            "maxLength": 19,
            VALIDATIONS: [
                {
                    "rule": f"{cel_time('self')} > timestamp('0001-01-01T00:00:00Z')",
                    "message": "that month has no such day",
                }
            ],
        }
    ),
]
"""A moment as people in its time zone write it: `2026-11-10 20:00`, or with a T."""


_DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


LocalDay = Annotated[str, AfterValidator(_written_like(_DAY, "a day; write it like 2026-11-10"))]
"""A day of a calendar: `2026-11-10`."""


def moment(local: str, zone: str, *, last: bool = False) -> float:
    """Epoch seconds of a local time; of an hour that clocks repeat, the first, or the `last`."""
    found = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=int(last))
    return found.timestamp()


def ending(local: str, zone: str) -> float:
    """Epoch seconds of a local time at which something ends: as late as it can mean.

    Whoever means the first of two hours has capacity for one more; the other way round they would
    be without it, in the last hour of an event or of a freeze.
    """
    return moment(local, zone, last=True)


def span(start: str, end: str, zone: str) -> tuple[float, float]:
    """From when to when something goes on, in epoch seconds."""
    return moment(start, zone), ending(end, zone)


def skipped(zone: str, *times: str) -> Iterator[str]:
    """What is wrong with local times that clocks jump over, when they are put forward."""
    for local in times:
        found = datetime.fromtimestamp(moment(local, zone), ZoneInfo(zone))
        if found.replace(tzinfo=None) != datetime.fromisoformat(local):
            yield f"clocks in {zone} skip {local}; write another time"


def refuse_skipped(zone: str, *times: str) -> None:
    """Refuse local times that clocks jump over.

    Raises:
        ValueError: there is one; it says which.

    """
    wrong = "; ".join(dict.fromkeys(skipped(zone, *times)))
    if wrong:
        raise ValueError(wrong)


def sortable(local: str) -> str:
    """A form of a local time that sorts."""
    return f"{local.replace('T', ' ')}:00"[:19]  # seconds, where none are written


START_BEFORE_END = Rule(
    f"{cel_time('self.start')} < {cel_time('self.end')}",
    "start has to be before end",
    lambda spec: sortable(spec.start) < sortable(spec.end),
)
"""A rule of whatever has a start and an end in local time."""
