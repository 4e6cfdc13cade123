"""What all resources share: rules over several fields, and the texts that people write in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic.alias_generators import to_snake
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ebbtide_policies.contract import PolicySettings
from ebbtide_policies.quantities import Count

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over several fields of one object, for the API server (CEL) and for Python."""

    cel: str
    message: str
    holds: Callable[[Any], bool]

    @property
    def validation(self) -> dict[str, str]:
        """The rule as an entry of `x-kubernetes-validations`."""
        return {"rule": self.cel, "message": self.message}


class Spec(PolicySettings):
    """A part of a resource's spec, with the rules that it has to obey."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obeys_its_rules(self) -> Self:
        broken = [rule.message for rule in self.rules if not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the rules beside the fields."""
        schema = handler(core)
        if cls.rules:
            said = handler.resolve_ref_schema(schema)
            said[VALIDATIONS] = [rule.validation for rule in cls.rules]
        return schema


def given(spec: PolicySettings, *fields: str) -> int:
    """Count which of these fields, named as in YAML, are there."""
    return sum(getattr(spec, to_snake(field)) is not None for field in fields)


def exactly_one(*fields: str) -> Rule:
    """Rule: one of these fields, and no other of them."""
    there = ", ".join(f"has(self.{field})" for field in fields)
    return Rule(
        f"[{there}].exists_one(x, x)",
        f"write exactly one of {' and '.join(fields)}",
        lambda spec: given(spec, *fields) == 1,
    )


def at_most_one(*fields: str) -> Rule:
    """Rule: none of these fields, or one."""
    there = " && ".join(f"has(self.{field})" for field in fields)
    return Rule(
        f"!({there})",
        f"write only one of {' and '.join(fields)}",
        lambda spec: given(spec, *fields) <= 1,
    )


Name = Annotated[str, Field(min_length=1, max_length=253)]
"""The name of something, never empty."""

PromQL = Annotated[str, Field(min_length=1, max_length=8192)]
"""A PromQL expression whose answer is one series."""

Labels = Annotated[dict[str, str], Field(max_length=32)]
"""Labels that have to be there with these values; none: everything."""

Amount = Annotated[Count, Field(gt=0)]
"""A count above zero."""

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


def moment(local: str, zone: str) -> float:
    """Epoch seconds of a local time; of a repeated hour, the first."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp()


def skipped(local: str, zone: str) -> bool:
    """Whether clocks jump over a local time, when they are put forward."""
    found = datetime.fromtimestamp(moment(local, zone), ZoneInfo(zone))
    return found.replace(tzinfo=None) != datetime.fromisoformat(local)


def sortable(local: str) -> str:
    """A form of a local time that sorts."""
    return local.replace("T", " ").ljust(19, "0")


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels have everything that a selector asks for; an empty one asks for nothing."""
    return all(labels.get(key) == value for key, value in selector.items())
