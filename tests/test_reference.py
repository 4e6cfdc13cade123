"""What the documents say of metrics, conditions, reasons and options is what there is."""

import ast
import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from ebbtide.adapters.exposition import Exposition
from ebbtide.api.reading.parse import understand
from ebbtide.api.yaml_text import read
from ebbtide.cli.app import app
from ebbtide.cli.cases.cases import Case, Expected, PolicyTests
from ebbtide.cli.simulation.scenario import Scenario
from ebbtide.loop.tuning.retries import FAILED
from ebbtide.planning.tuning.objective import CANDIDATES

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs/reference.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BOUNDS = {"_pace", "_floor", "_ceiling"}


def first_column(heading: str) -> set[str]:
    """What the rows of the table below a heading are about."""
    part = REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))


def test_every_metric_is_in_the_reference_and_none_that_is_not_served() -> None:
    with (
        closing(Exposition("127.0.0.1:0", 60.0, lambda: 0.0)) as served,
        urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics", timeout=30) as told,
    ):
        names = set(re.findall(r"^# TYPE (\w+) ", told.read().decode(), re.MULTILINE))
    assert {name for name in names if not name.endswith("_created")} == first_column(
        "Ebbtide's own metrics"
    )


def test_every_condition_is_in_the_reference_and_none_that_is_never_set() -> None:
    loop = (path.read_text("utf-8") for path in ROOT.glob("controller/ebbtide/loop/**/*.py"))
    found = set(re.findall(r'\bCondition\(\s*"(\w+)"', "".join(loop)))
    assert found | {FAILED} == first_column("Conditions")


def reasons() -> Iterator[str]:
    """The reasons with which the policies of the house give their bounds."""
    for path in sorted(ROOT.glob("policies/ebbtide_policies/*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in BOUNDS:
                written = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                yield from [value for value in written[:1] if isinstance(value, str)]


def test_every_reason_of_a_policy_is_in_its_table() -> None:
    table = REFERENCE.partition("\n## Policies\n")[2].partition("\nTwo more reasons")[0]
    found = set(reasons())
    assert "DescentStep" in found
    assert found <= set(re.findall(r"`(\w+)`", table))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_of_a_command_that_a_document_names_is_there(document: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    known = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
    }
    text = document.read_text("utf-8").replace("\\\n", " ")
    for snippet in re.findall(r"ebbtide ([a-z]+ [^`\n]*)", text):
        name, _, rest = snippet.partition(" ")
        options = set(re.findall(r"(?<!\S)--[a-z-]+", rest.partition("#")[0]))
        assert name == "event" or options <= known.get(name, options), snippet


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        pytest.param("Scenarios", Scenario, id="scenarios"),
        pytest.param("Tests for policies", Case, id="cases"),
        pytest.param("Tests for policies", Expected, id="expectations"),
    ],
)
def test_every_field_of_a_file_of_ours_is_in_the_reference(
    heading: str, model: type[BaseModel]
) -> None:
    part = REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    fields = {field.alias or name for name, field in model.model_fields.items()}
    assert fields <= set(re.findall(r"\w+", part))


def test_what_the_reference_writes_as_a_file_can_be_read() -> None:
    scenario, cases = re.findall(r"^```yaml\n(.*?)^```", REFERENCE, re.DOTALL | re.MULTILINE)
    assert not isinstance(understand(Scenario, read(scenario).documents[0].body), list)
    assert not isinstance(understand(PolicyTests, read(cases).documents[0].body), list)


def test_the_front_page_names_every_command() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    front = (ROOT / "README.md").read_text("utf-8")
    table = "".join(line for line in front.splitlines() if line.startswith("| `ebbtide "))
    named = set(re.findall(r"`(?:ebbtide )?([a-z]+)", table.replace("`, `", "` `")))
    assert set(commands) <= named


def test_the_reference_counts_the_settings_that_are_tried() -> None:
    assert f"tries {len(CANDIDATES)} settings " in REFERENCE
