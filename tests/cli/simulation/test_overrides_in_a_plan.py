"""An override among the files of a plan that has no effect on it is told, and another is not."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ebbtide
from tests.cli.samples import EDGE, csv, write

QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"
WORD = """\
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityOverride
metadata: {name: night, namespace: live}
spec: {until: 2026-03-02 13:00, why: a match, FIELDS}
"""
PLAN = ("plan", "edge.yaml", "word.yaml", "--csv", "hill.csv", "--tick", "60s")


def remarks(ebbtide: Ebbtide, folder: Path, word: str) -> list[str]:
    """What a plan says of an override."""
    write(folder, edge_yaml=QUICK, word_yaml=word, hill_csv=csv())
    told = ebbtide(*PLAN, "--json")
    assert (told.code, told.err) == (0, "")
    [one] = json.loads(told.out)
    return [remark for remark in one["remarks"] if "CapacityOverride" in remark]


@pytest.mark.parametrize("said", ["floor: 60", "ceiling: 30", "freeze: true", "phase: War"])
def test_one_that_decides_is_not_remarked_on(ebbtide: Ebbtide, tmp_path: Path, said: str) -> None:
    late = WORD.replace("13:00", "13:50").replace("FIELDS", said)
    assert remarks(ebbtide, tmp_path, late) == []


@pytest.mark.parametrize("said", ["floor: 3", "ceiling: 300"])
def test_one_that_never_decides_changes_nothing(
    ebbtide: Ebbtide, tmp_path: Path, said: str
) -> None:
    [remark] = remarks(ebbtide, tmp_path, WORD.replace("FIELDS", said))
    assert remark.startswith("CapacityOverride live/night changes nothing for live/edge: ")


def test_one_that_is_over_when_the_replay_begins_is_left_out(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    over = WORD.replace("13:00", "12:00").replace("FIELDS", "floor: 60")
    [remark] = remarks(ebbtide, tmp_path, over)
    assert remark.endswith("is left out: it ended at 2026-03-02 12:00 UTC, before what is replayed")


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        pytest.param("elsewhere", "floor: 60", id="namespace"),
        pytest.param("live", "floor: 60, selector: {app: origin}", id="selector"),
    ],
)
def test_one_that_is_about_no_policy_is_left_out(
    ebbtide: Ebbtide, tmp_path: Path, place: str, fields: str
) -> None:
    strange = WORD.replace("namespace: live", f"namespace: {place}").replace("FIELDS", fields)
    [remark] = remarks(ebbtide, tmp_path, strange)
    assert f"CapacityOverride {place}/night is left out: it is about no CapacityPolicy" in remark
