"""`ebbtide schema`: the JSON Schemas of what commands print for programs."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from ebbtide.cli.compare.output import CompareOutput
from ebbtide.cli.plan.output import PLANS
from ebbtide.cli.plan.readiness.output import ReadinessOutput
from ebbtide.cli.tune.output import TuneOutput

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Printed(StrEnum):
    """What prints JSON in a form that is published."""

    PLAN = "plan"
    PLAN_FROM_CLUSTER = "plan-from-cluster"
    COMPARE = "compare"
    TUNE = "tune"


_FORMS: Mapping[Printed, tuple[str, TypeAdapter[Any]]] = {
    Printed.PLAN: ("plan", PLANS),
    Printed.PLAN_FROM_CLUSTER: ("plan --from-cluster", TypeAdapter(ReadinessOutput)),
    Printed.COMPARE: ("compare", TypeAdapter(CompareOutput)),
    Printed.TUNE: ("tune", TypeAdapter(TuneOutput)),
}


def schema(of: Printed) -> dict[str, Any]:
    """The JSON Schema of what a command prints."""
    command, form = _FORMS[of]
    head = {"$schema": _DIALECT, "title": f"What `ebbtide {command} --json` prints"}
    described = form.json_schema(by_alias=True, mode="serialization")
    return described | head


def command(
    of: Annotated[Printed, typer.Argument(metavar="COMMAND", help="Whose --json.")] = Printed.PLAN,
) -> None:
    """Print the JSON Schema of what a command prints with --json.

    COMMAND is plan, plan-from-cluster, compare or tune.
    """
    typer.echo(json.dumps(schema(of), indent=1))
