"""`ebbtide check` of several files: what they say of one another."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, HILL, ORIGIN, csv, write

ENFORCED = EDGE.replace("DryRun", "Enforce")
SECOND = ENFORCED.replace("{name: edge, namespace: live", "{name: edge-night, namespace: live")
GALA = CALENDAR.replace("demand: 8k", "like: gala, times: 2")
PROFILE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: EventProfile
metadata: {name: gala, namespace: live}
spec: {start: 2025-03-02 13:00, end: 2025-03-02 13:30, peak: 8k, usual: 4k, shape: [1, 0.5]}
"""
OVERRIDE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityOverride
metadata: {name: still, namespace: live}
spec:
  selector: {app: edge}
  until: 2026-03-02 18:00
  why: a trial
  freeze: true
"""


def test_of_two_policies_of_one_target_neither_would_write(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=ENFORCED, night_yaml=SECOND.replace("apps/v1,", "apps/v1beta2,"))
    told = ebbtide("check", "edge.yaml", "night.yaml")
    assert told.out == (
        "night.yaml:5: spec.scaleTargetRef: error: live/edge-night scales Deployment live/edge, "
        "and so does live/edge (edge.yaml:5): neither would ever write\n"
        "    → delete one of them, name another target, or leave one in DryRun\n"
        "1 error\n"
    )
    assert told.code == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(ENFORCED, SECOND.replace("Enforce", "DryRun"), id="the second in DryRun"),
        pytest.param(EDGE, SECOND.replace("Enforce", "ScaleUpOnly"), id="the first in DryRun"),
        pytest.param(EDGE, SECOND.replace("  mode: Enforce\n", ""), id="both, one by default"),
    ],
)
def test_one_that_only_looks_on_is_worth_a_note(
    ebbtide: Ebbtide, tmp_path: Path, first: str, second: str
) -> None:
    write(tmp_path, both_yaml=f"{first}---\n{second}")
    told = ebbtide("check", "both.yaml", "--strict")
    assert "both.yaml:15: spec.scaleTargetRef: note: live/edge-night scales" in told.out
    assert "    → leave one in DryRun, or name another target\n1 note\n" in told.out
    assert told.code == 0


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ORIGIN, id="of another name"),
        pytest.param(SECOND.replace("namespace: live", "namespace: try"), id="elsewhere"),
        pytest.param(SECOND.replace("Deployment", "StatefulSet"), id="of another kind"),
    ],
)
def test_policies_of_different_targets_are_well(
    ebbtide: Ebbtide, tmp_path: Path, other: str
) -> None:
    write(tmp_path, edge_yaml=ENFORCED, other_yaml=other)
    assert ebbtide("check", "edge.yaml", "other.yaml") == (0, "ok: 2 files\n", "")


def test_each_policy_of_one_target_is_told_once(ebbtide: Ebbtide, tmp_path: Path) -> None:
    third = SECOND.replace("edge-night", "edge-noon")
    write(tmp_path, edge_yaml=EDGE, night_yaml=SECOND, noon_yaml=third)
    found = json.loads(ebbtide("check", "edge.yaml", "night.yaml", "noon.yaml", "--json").out)
    assert [(one["policy"], one["field"], one["severity"]) for one in found] == [
        ("live/edge-night", "spec.scaleTargetRef", "note"),
        ("live/edge-noon", "spec.scaleTargetRef", "error"),
    ]


def test_a_profile_that_is_not_there_is_told_where_it_is_named(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, days_yaml=GALA, profile_yaml=PROFILE.replace("gala", "gala-2025"))
    told = ebbtide("check", "days.yaml", "profile.yaml")
    assert told.out == (
        "days.yaml:9: spec.events.opening.expect[0].like: warning: no EventProfile live/gala is "
        "among these files: without it the event is reckoned as one level\n"
        "    → capture or add it, or name another one (gala-2025); live one of the operator's own "
        "namespace counts as well\n"
        "1 warning\n"
    )
    assert told.code == 0
    strict = ebbtide("check", "days.yaml", "profile.yaml", "--strict", "--json")
    assert strict.code == 1
    assert [one["policy"] for one in json.loads(strict.out)] == [None]


@pytest.mark.parametrize("namespace", ["live", "ebbtide-system"])
def test_a_profile_may_stand_beside_its_calendar_or_with_the_operator(
    ebbtide: Ebbtide, tmp_path: Path, namespace: str
) -> None:
    write(tmp_path, days_yaml=GALA, profile_yaml=PROFILE.replace(": live", f": {namespace}"))
    assert ebbtide("check", "days.yaml", "profile.yaml") == (0, "ok: 2 files\n", "")


@pytest.mark.parametrize(
    ("said", "where", "found"),
    [
        pytest.param(
            GALA.replace("like: gala", "selector: {app: egde}"),
            "said.yaml:6: spec.events.opening",
            "event opening is about no CapacityPolicy of these files",
            id="an event",
        ),
        pytest.param(
            OVERRIDE.replace("app: edge", "app: egde"),
            "said.yaml:5: spec.selector",
            "override still is about no CapacityPolicy of these files",
            id="an override",
        ),
        pytest.param(
            OVERRIDE.replace("namespace: live", "namespace: life").replace(
                "  selector: {app: edge}\n", ""
            ),
            "said.yaml:4: spec.selector",
            "override still is about no CapacityPolicy of these files",
            id="in another namespace",
        ),
    ],
)
def test_what_is_said_to_no_policy_is_worth_a_note(
    ebbtide: Ebbtide, tmp_path: Path, said: str, where: str, found: str
) -> None:
    write(tmp_path, edge_yaml=EDGE, said_yaml=said)
    told = ebbtide("check", "edge.yaml", "said.yaml")
    assert f"{where}: note: {found}" in told.out
    assert told.out.endswith("1 note\n")
    assert told.code == 0


def test_what_is_said_to_policies_of_other_files_is_well(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, said_yaml=OVERRIDE, days_yaml=CALENDAR)
    assert ebbtide("check", "said.yaml", "days.yaml") == (0, "ok: 2 files\n", "")


def test_what_files_say_of_one_another_comes_before_their_past(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, edge_yaml=ENFORCED, night_yaml=SECOND, hill_csv=csv(HILL))
    told = ebbtide("check", "edge.yaml", "night.yaml", "--csv", "hill.csv")
    assert told.out.startswith("night.yaml:5: spec.scaleTargetRef: error: ")
    assert told.out.endswith("1 error, 4 notes\n")
