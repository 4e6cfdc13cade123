"""The CustomResourceDefinitions say everything, and are those of the models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ebbtide.api.kinds import KINDS
from ebbtide.api.schemas.crd import crds
from ebbtide.api.schemas.structural import at, structural
from ebbtide.api.yaml_text import fields, read
from ebbtide_policies.registry import CONFIGURABLE

DEPLOY = Path(__file__).parents[3] / "deploy"
EXAMPLES = sorted((DEPLOY / "examples").glob("*.yaml"))
FILES = crds()
ALL = [pytest.param(yaml.safe_load(text), id=name) for name, text in FILES.items()]


def version(crd: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = crd["spec"]["versions"][0]
    return found


def schema_of(kind: str) -> dict[str, Any]:
    name = f"ebbtide.dev_{KINDS[kind].plural}.yaml"
    found: dict[str, Any] = version(yaml.safe_load(FILES[name]))["schema"]["openAPIV3Schema"]
    return found


def inner_fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from inner_fields(field, f"{path}.{name}")
    for key in {"items", "additionalProperties"} & set(schema):
        yield from inner_fields(schema[key], f"{path}[]")


@pytest.mark.parametrize("name", FILES)
def test_files_in_deploy_are_those_of_the_models(name: str) -> None:
    written = (DEPLOY / "crds" / name).read_text("utf-8")
    assert written == FILES[name], "run `make generate`"


def test_there_is_no_file_of_a_kind_that_is_gone() -> None:
    written = {path.name for path in (DEPLOY / "crds").iterdir()}
    assert written - {"kustomization.yaml"} == set(FILES)


@pytest.mark.parametrize("crd", ALL)
def test_every_field_has_a_description(crd: dict[str, Any]) -> None:
    found = dict(inner_fields(version(crd)["schema"]["openAPIV3Schema"]))
    bare = [path for path, field in found.items() if not field.get("description")]
    assert bare == [".metadata"]
    assert len(found) > 10


@pytest.mark.parametrize("crd", ALL)
def test_a_schema_is_structural(crd: dict[str, Any]) -> None:
    schema = version(crd)["schema"]["openAPIV3Schema"]
    banned = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "const", "title", "nullable"}
    for path, field in inner_fields(schema):
        assert not banned & set(field), path
        assert {"type", "x-kubernetes-int-or-string"} & set(field), path
        assert not {"properties", "additionalProperties"} <= set(field), path


def test_only_defaults_that_no_preset_can_hide_are_written_by_the_api_server() -> None:
    stored = {
        f"{kind}{path}"
        for kind in KINDS
        for path, field in inner_fields(schema_of(kind))
        if "default" in field
    }
    assert stored == {
        "CapacityPolicy.spec.mode",
        "CapacityOverride.spec.freeze",
        "CapacityOverride.spec.selector",
        "CapacityOverride.spec.timeZone",
        "EventCalendar.spec.timeZone",
        "EventProfile.spec.timeZone",
    }


@pytest.mark.parametrize(
    ("field", "default"),
    [
        pytest.param("spec.policies.descent.maxStep", "5%", id="share"),
        pytest.param("spec.policies.descent.soak", "1m", id="duration"),
        pytest.param("spec.policies.rate.replicas", "4", id="count"),
        pytest.param("spec.policies.descent.quantile", "0.9", id="number"),
        pytest.param("spec.forecast.history", "28d", id="long-duration"),
        pytest.param("spec.mode", "DryRun", id="choice"),
        pytest.param("spec.demand.independent", "false", id="flag"),
    ],
)
def test_descriptions_give_defaults_as_people_write_them(field: str, default: str) -> None:
    found = at(schema_of("CapacityPolicy"), tuple(field.split(".")))
    assert found["description"].endswith(f"Default: {default}.")


def test_every_configurable_policy_has_its_field() -> None:
    known = at(schema_of("CapacityPolicy"), ("spec", "policies"))["properties"]
    assert set(known) == {policy.name for policy in CONFIGURABLE}


def test_settings_of_plugins_are_kept_as_they_are() -> None:
    found = at(schema_of("CapacityPolicy"), ("spec", "plugins", "any"))
    assert found["x-kubernetes-preserve-unknown-fields"] is True


def test_unknown_fields_are_kept_in_plugins_and_memory_only() -> None:
    free = {
        path
        for path, field in fields(schema_of("CapacityPolicy"))
        if path[-1:] == ("x-kubernetes-preserve-unknown-fields",) and field
    }
    assert {path[-3] for path in free} == {"plugins", "memory"}


def test_conditions_are_a_map_by_type() -> None:
    found = at(schema_of("CapacityPolicy"), ("status", "conditions"))
    assert found["x-kubernetes-list-type"] == "map"
    assert found["x-kubernetes-list-map-keys"] == ["type"]


@pytest.mark.parametrize("crd", ALL)
def test_cel_reads_only_texts_of_a_known_length(crd: dict[str, Any]) -> None:
    for path, field in inner_fields(version(crd)["schema"]["openAPIV3Schema"]):
        if "pattern" in field:
            assert "maxLength" in field, path


def test_a_policy_is_told_in_one_line() -> None:
    crd = yaml.safe_load(FILES["ebbtide.dev_capacitypolicies.yaml"])
    columns = version(crd)["additionalPrinterColumns"]
    narrow = [column["name"] for column in columns if not column.get("priority")]
    assert narrow == ["Target", "Mode", "Phase", "Current", "Ready", "Desired", "Reason", "Age"]
    assert version(crd)["subresources"] == {"status": {}}
    assert crd["spec"]["names"]["shortNames"] == ["cp", "ebb"]


@pytest.mark.parametrize("crd", ALL)
def test_columns_show_fields_that_there_are(crd: dict[str, Any]) -> None:
    schema = version(crd)["schema"]["openAPIV3Schema"]
    for column in version(crd)["additionalPrinterColumns"]:
        path = tuple(column["jsonPath"].removeprefix(".").split("."))
        field = at(schema, path)
        kind = "string" if "x-kubernetes-int-or-string" in field else field.get("type")
        assert path[0] == "metadata" or kind == column["type"], column


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit_the_schema(example: Path) -> None:
    for document in read(example.read_text("utf-8")).documents:
        jsonschema.Draft4Validator(schema_of(document.body["kind"])).validate(document.body)


def test_a_schema_is_made_once() -> None:
    spec = KINDS["CapacityPolicy"].spec
    assert structural(spec) is structural(spec)
