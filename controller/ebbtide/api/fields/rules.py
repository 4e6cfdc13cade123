"""Rules over several fields: for the API server, and for who reads a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_snake
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ebbtide_policies.contract import PolicySettings

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
