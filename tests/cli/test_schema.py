"""`ebbtide schema`: what programs may rely on is published, and says each thing that is printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ebbtide.cli.schema import Printed, schema
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked

PUBLISHED = Path(__file__).parents[2] / "docs/schema"


@pytest.mark.parametrize("of", Printed)
def test_each_schema_is_published_as_it_is_printed(ebbtide: Ebbtide, of: Printed) -> None:
    published = (PUBLISHED / f"{of.value}.schema.json").read_text("utf-8")
    assert json.loads(published) == schema(of), "run `make generate`"
    assert ebbtide("schema", of.value) == (0, published, "")


def test_none_is_published_that_nothing_prints() -> None:
    assert {path.name for path in PUBLISHED.iterdir()} == {f"{of}.schema.json" for of in Printed}


def test_without_a_name_it_is_that_of_a_plan(ebbtide: Ebbtide) -> None:
    assert json.loads(ebbtide("schema").out) == schema(Printed.PLAN)


def fields(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict):
        for name, field in part.get("properties", {}).items():
            yield f"{path}.{name}", field
        for name, inner in part.items():
            yield from fields(inner, f"{path}.{name}")


@pytest.mark.parametrize("of", Printed)
def test_every_field_is_described_and_nothing_else_is_allowed(of: Printed) -> None:
    found = dict(fields(schema(of)))
    assert [path for path, field in found.items() if not field.get("description")] == []
    objects = schema(of)["$defs"].values()
    assert all(one["additionalProperties"] is False for one in objects if "properties" in one)


@pytest.mark.parametrize(
    ("of", "wrong"),
    [
        pytest.param(Printed.PLAN, [{"workload": "live/edge"}], id="half a plan"),
        pytest.param(Printed.COMPARE, {"scores": {}, "differences": [], "more": 1}, id="more"),
        pytest.param(Printed.TUNE, {"front": None}, id="no front"),
        pytest.param(Printed.PLAN_FROM_CLUSTER, [], id="no object"),
    ],
)
def test_what_is_printed_otherwise_is_found(of: Printed, wrong: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        checked(of, json.dumps(wrong))
