"""`check` says everything that is wrong in a file, with line, field and why."""

from pathlib import Path

import pytest

from ebbtide.api.reading.compose import Installed
from ebbtide.api.reading.manifests import Problem, check, load
from ebbtide.errors import InvalidInput
from tests.api.plugin import Tide
from tests.api.written import CALENDAR, OVERRIDE, POLICY, RIGHT
from tests.api.wrong import WRONG, Wrong

EXAMPLES = sorted((Path(__file__).parents[3] / "deploy" / "examples").glob("*.yaml"))
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: edge}\n"


def problems(text: str) -> list[tuple[int, str, str]]:
    return [(p.line, p.field, p.why) for p in check({"file.yaml": text})]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_mistake_is_told_with_line_field_and_why(wrong: Wrong) -> None:
    [found] = check({"file.yaml": wrong.text})
    assert (found.path, found.line, found.field) == ("file.yaml", wrong.line, wrong.field)
    assert wrong.why in found.why


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_no_problem(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_right(example: Path) -> None:
    assert problems(example.read_text("utf-8")) == []


def test_a_problem_is_one_line() -> None:
    problem = Problem("edge.yaml", 7, "spec.replicas.max", "is missing")
    assert str(problem) == "edge.yaml:7: spec.replicas.max: is missing"
    assert str(Problem("edge.yaml", 7, "", "this is not YAML")) == "edge.yaml:7: this is not YAML"


def test_all_problems_of_all_files_are_told_at_once_in_the_order_of_lines() -> None:
    policy = POLICY.replace("maxStep: 5%", "maxStep: 5").replace("min: 2", "mn: 2")
    override = OVERRIDE.replace("freeze: true", "fleeze: true")
    found = check({"a.yaml": f"{policy}---\n{CALENDAR}", "b.yaml": override})
    assert [(p.path, p.line, p.field) for p in found] == [
        ("a.yaml", 12, "spec.replicas.mn"),
        ("a.yaml", 15, "spec.policies.descent.maxStep"),
        ("b.yaml", 8, "spec.fleeze"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "why"),
    [
        pytest.param(
            "v1alpha1", "v1", 1, "apiVersion", "'ebbtide.dev/v1' is not known", id="version"
        ),
        pytest.param(
            "ebbtide.dev", "ebbtide.io", 1, "apiVersion", "write ebbtide.dev/v1alpha1", id="group"
        ),
        pytest.param(
            "kind: CapacityOverride",
            "kind: CapacityOveride",
            2,
            "kind",
            "'CapacityOveride' is not known here; did you mean CapacityOverride?",
            id="kind",
        ),
        pytest.param(
            "apiVersion: ebbtide.dev/v1alpha1\n", "", 1, "apiVersion", "is missing", id="no-version"
        ),
        pytest.param("kind: CapacityOverride\n", "", 1, "kind", "is missing", id="no-kind"),
        pytest.param(
            "  name: freeze\n", "  labels: {}\n", 3, "metadata.name", "is missing", id="name"
        ),
        pytest.param(
            "  name: freeze\n",
            "  name: freeze\n  labels: {a: 1}\n",
            5,
            "metadata.labels.a",
            "1 is not text",
            id="label",
        ),
        pytest.param("spec:\n", "specs:\n", 5, "specs", "did you mean spec?", id="unknown-section"),
    ],
)
def test_what_stands_around_a_spec_is_checked(
    old: str, new: str, line: int, field: str, why: str
) -> None:
    found = [p for p in problems(OVERRIDE.replace(old, new)) if p[1] == field]
    assert [(p[0], p[1]) for p in found] == [(line, field)]
    assert why in found[0][2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "", (1, "", "no resource of ebbtide.dev/v1alpha1 is in this file"), id="nothing"
        ),
        pytest.param(
            DEPLOYMENT,
            (1, "", "no resource of ebbtide.dev/v1alpha1 is in this file"),
            id="nothing-of-ours",
        ),
        pytest.param(
            f"{OVERRIDE}---\n- 1\n",
            (10, "", "this is no object; write apiVersion, kind, metadata and spec"),
            id="no-object",
        ),
        pytest.param(
            OVERRIDE.partition("spec:")[0] + "spec: 5\n",
            (5, "spec", "5 is not a map; write its fields below it"),
            id="no-map",
        ),
        pytest.param(
            OVERRIDE.partition("spec:")[0] + "spec:\n",
            (5, "spec", "is empty; give it a value, or leave it out"),
            id="empty-spec",
        ),
        pytest.param(
            POLICY.replace("{maxStep: 5%, soak: 1m}", ""),
            (15, "spec.policies.descent", "is empty; give it a value, or leave it out"),
            id="setting-left-empty",
        ),
        pytest.param(
            OVERRIDE + "  why: again\n", (9, "spec.why", "'why' is written twice"), id="twice"
        ),
        pytest.param(
            OVERRIDE.replace("06:00", "02:30").replace("2026-11-12", "2027-03-28")
            + "  timeZone: Europe/Berlin\n",
            (5, "spec", "clocks in Europe/Berlin skip 2027-03-28 02:30; write another time"),
            id="override-ends-in-a-skipped-hour",
        ),
        pytest.param(
            CALENDAR.replace("Asia/Shanghai", "Europe/Berlin").replace(
                "readyBy: 2026-11-10 19:30", "readyBy: 2026-03-29T02:30"
            ),
            (
                5,
                "spec",
                "double-11: clocks in Europe/Berlin skip 2026-03-29T02:30; write another time",
            ),
            id="event-in-a-skipped-hour",
        ),
        pytest.param(
            POLICY.replace("  demand:", "  preset: streaming-edge\n  demand:").replace(
                "{min: 2, max: 100}", "{max: 2}"
            ),
            (13, "spec.replicas", "min 3 is above max 2; lower min or raise max"),
            id="preset-that-does-not-fit",
        ),
    ],
)
def test_a_file_is_refused(text: str, problem: tuple[int, str, str]) -> None:
    assert problems(text) == [problem]


def test_what_is_no_yaml_is_told_beside_what_is_wrong_before_it() -> None:
    found = problems(OVERRIDE.replace("true", "5") + "---\na: [\n")
    assert found[0][:2] == (8, "spec.freeze")
    assert found[1][2].startswith("this is not YAML: ")


def test_objects_of_other_people_are_passed_over() -> None:
    assert problems(f"{DEPLOYMENT}---\n{OVERRIDE}") == []


def test_nulls_that_tools_leave_around_a_spec_are_passed_over() -> None:
    text = OVERRIDE.replace("metadata:\n", "metadata:\n  creationTimestamp: null\n")
    assert problems(f"{text}status: null\n") == []


def test_a_list_is_its_items_with_their_own_lines() -> None:
    items = "".join(
        "- " + text.replace("\n", "\n  ").rstrip() + "\n"
        for text in (OVERRIDE, OVERRIDE.replace("freeze: true", "freeze: 1\n  freeze: 2"))
    )
    found = problems(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert [(line, field) for line, field, _ in found] == [(20, "spec.freeze"), (20, "spec.freeze")]


@pytest.mark.parametrize(
    ("plugins", "line", "field", "why"),
    [
        pytest.param("{tides: {}}", 20, "spec.plugins.tides", "did you mean tide?", id="unknown"),
        pytest.param(
            "{tide: {share: 5}}", 20, "spec.plugins.tide.share", "5 is not a percentage", id="value"
        ),
        pytest.param("{tide: {shore: 5%}}", 20, "spec.plugins.tide.shore", "share?", id="field"),
    ],
)
def test_settings_of_plugins_are_checked(plugins: str, line: int, field: str, why: str) -> None:
    [found] = check({"f": f"{POLICY}  plugins: {plugins}\n"}, Installed({"tide": Tide}))
    assert (found.line, found.field) == (line, field)
    assert why in found.why


def test_a_file_is_loaded() -> None:
    labelled = POLICY.replace(
        "name: edge\n", "name: edge\n  namespace: live\n  labels: {a: b}\n", 1
    )
    policy, override = load({"a": f"{labelled}---\n{DEPLOYMENT}", "b": OVERRIDE})
    assert (policy.kind, policy.namespace, policy.name) == ("CapacityPolicy", "live", "edge")
    assert policy.labels == {"a": "b"}
    assert policy.spec["replicas"] == {"min": 2, "max": 100}
    assert (override.kind, override.namespace) == ("CapacityOverride", "default")


def test_a_wrong_file_is_not_loaded() -> None:
    with pytest.raises(InvalidInput, match=r"^a:8: spec.freeze: 5 is neither true nor false$"):
        load({"a": OVERRIDE.replace("true", "5")})


def test_an_object_that_is_written_twice_is_told_with_where_it_stood_first() -> None:
    one = POLICY.replace("---", "")
    found = check({"a.yaml": one, "b.yaml": f"{one}\n---\n{one}"})
    assert [(p.path, p.field) for p in found] == [("b.yaml", "metadata.name")] * 2
    assert all("is written twice, first in a.yaml:" in p.why for p in found)
