"""Fields that are set in a file as somebody has written it."""

import textwrap
from typing import Any

import pytest

from ebbtide.cli.simulation.edits import Edit
from ebbtide.cli.tune.unified_diff import unified
from ebbtide.cli.tune.yaml_edit import with_edits
from ebbtide.errors import InvalidInput

SOAK, STEP = ("policies", "descent", "soak"), ("policies", "descent", "maxStep")


def edited(text: str, *edits: tuple[tuple[str, ...], Any]) -> str:
    head = "kind: Other\nspec: {}\n---\nkind: CapacityPolicy\n"
    whole = with_edits(head + textwrap.dedent(text), "CapacityPolicy", [Edit(*e) for e in edits])
    return whole.removeprefix(head)


@pytest.mark.parametrize(
    ("before", "edits", "after"),
    [
        pytest.param(
            "spec:\n  policies:\n    descent: {soak: 1m, maxStep: 5%}  # slow\n  mode: DryRun\n",
            [(SOAK, "2m")],
            "spec:\n  policies:\n    descent: {soak: 2m, maxStep: 5%}  # slow\n  mode: DryRun\n",
            id="in the place of another value",
        ),
        pytest.param(
            "spec:\n  policies:\n    descent: {soak: 1m}  # slow\n",
            [(STEP, "5%")],
            "spec:\n  policies:\n    descent: {soak: 1m, maxStep: 5%}  # slow\n",
            id="between brackets",
        ),
        pytest.param(
            "spec: {policies: {}}\n",
            [(STEP, "5%"), (SOAK, "1m")],
            "spec: {policies: {descent: {maxStep: 5%, soak: 1m}}}\n",
            id="between brackets with nothing in them",
        ),
        pytest.param(
            "spec:\n    mode: DryRun   # for now\n\n# the end\n",
            [(STEP, "5%"), (SOAK, "1m")],
            "spec:\n    mode: DryRun   # for now\n    policies:\n      descent:\n"
            "        maxStep: 5%\n        soak: 1m\n\n# the end\n",
            id="with all that it stands in, behind the others",
        ),
        pytest.param(
            "spec:\n  policies:\n    descent:\n      soak: 1m\n    rate: {}\n  mode: DryRun",
            [(STEP, "5%"), (("mode",), "Enforce")],
            "spec:\n  policies:\n    descent:\n      soak: 1m\n      maxStep: 5%\n    rate: {}\n"
            "  mode: Enforce",
            id="in the midst of the file, and at an end without a new line",
        ),
        pytest.param(
            "spec:\n  mode: DryRun",
            [(("replicas", "max"), 5)],
            "spec:\n  mode: DryRun\n  replicas:\n    max: 5",
            id="behind an end without a new line",
        ),
        pytest.param(
            "spec:\n  demand:\n    query: |\n      sum(\n        x)\n\n",
            [(("mode",), "DryRun")],
            "spec:\n  demand:\n    query: |\n      sum(\n        x)\n  mode: DryRun\n\n",
            id="behind lines of text",
        ),
        pytest.param(
            "spec:\n  demand:\n    query: >-\n      sum(x)\n  mode: DryRun\n",
            [(("demand", "query"), "sum(y, z)")],
            "spec:\n  demand:\n    query: 'sum(y, z)'\n  mode: DryRun\n",
            id="in the place of lines of text",
        ),
        pytest.param(
            "spec:\r\n  mode: DryRun\r\n",
            [(("replicas", "max"), 5)],
            "spec:\r\n  mode: DryRun\r\n  replicas:\r\n    max: 5\r\n",
            id="with the line ends of the file",
        ),
        pytest.param(
            "spec:\n  mode: DryRun\n",
            [(("mode",), "off"), (("name",), "1e3"), (("w",), 2.0), (("mark",), "y")],
            'spec:\n  mode: \'off\'\n  name: "1e3"\n  w: 2.0\n  mark: "y"\n',
            id="so that it is read as it was meant",
        ),
        pytest.param(
            "spec:\n  policies: {rate: {share: 5%}}\n",
            [(("policies", "rate"), {"share": "6%", "replicas": 2})],
            "spec:\n  policies: {rate: {share: 6%, replicas: 2}}\n",
            id="several at once",
        ),
    ],
)
def test_a_field_is_set_and_all_else_stays(before: str, edits: list[Any], after: str) -> None:
    assert edited(before, *edits) == after


def test_an_object_of_a_list_is_found() -> None:
    text = "kind: List\nitems:\n- kind: Other\n- spec:\n    mode: DryRun\n  kind: CapacityPolicy\n"
    assert with_edits(text, "CapacityPolicy", [Edit(("mode",), "Enforce")]) == text.replace(
        "DryRun", "Enforce"
    )


@pytest.mark.parametrize(
    "text",
    [
        "spec:\n  one: &a {soak: 1m}\n  policies: {descent: *a}\n",
        "spec:\n  one: &a {soak: 1m}\n  policies: {descent: {<<: *a}}\n",
        "spec:\n  policies: {descent: {soak: &a 1m}}\n  one: *a\n",
    ],
)
def test_what_an_anchor_brings_is_left_to_people(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"spec\.policies\.descent\.soak can't be set where"):
        edited(text, (SOAK, "2m"), (SOAK, "3m"))


def test_a_change_of_a_last_line_without_an_end_says_so() -> None:
    assert unified("my edge.yaml", "a: 1", "a: 1\nb: 2\n").splitlines() == [
        "--- a/my edge.yaml\t",
        "+++ b/my edge.yaml\t",
        "@@ -1 +1,2 @@",
        "-a: 1",
        "\\ No newline at end of file",
        "+a: 1",
        "+b: 2",
    ]


def test_a_file_elsewhere_is_named_from_the_root() -> None:
    assert unified("/elsewhere/edge.yaml", "a\n", "b\n").startswith("--- a/elsewhere/edge.yaml\n")
    assert unified("edge.yaml", "a\n", "a\n") == ""
