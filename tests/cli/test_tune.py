"""`ebbtide tune`: the settings that would have served well enough at the least cost."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, csv, write

WAVES = [2000 + 1500 * math.sin(i / 25) + 300 * math.sin(i / 3) for i in range(300)]
TUNE = ("tune", "edge.yaml", "--csv", "waves.csv", "--objective", "1%")
VARY = ("--vary", "policies.presentNeed.headroom=0%,10%,40%", "--vary", "replicas.max=25,500")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, days_yaml=CALENDAR, waves_csv=csv(WAVES))


def tuned(ebbtide: Ebbtide, *options: str) -> Any:
    told = ebbtide(*TUNE, *VARY, "--json", *options)
    assert (told.code, told.err) == (0, "")
    return json.loads(told.out)


def test_the_front_goes_from_cheap_to_safe_and_one_is_recommended(ebbtide: Ebbtide) -> None:
    found = tuned(ebbtide)
    assert found["variants"] == 6
    searched = [one["searched"] for one in found["front"]]
    assert [one["replicaHours"] for one in searched] == sorted(o["replicaHours"] for o in searched)
    [best] = [one for one in found["front"] if one["recommended"]]
    assert best["searched"]["unserved"] <= 0.005
    assert best["set"]["replicas.max"] == 500


def test_a_stricter_objective_costs_more(ebbtide: Ebbtide) -> None:
    def cost(objective: str) -> float:
        found = tuned(ebbtide, "--objective", objective)
        best = next(one for one in found["front"] if one["recommended"])
        return float(best["searched"]["replicaHours"])

    assert cost("20%") < cost("0.01%")


def test_the_page_marks_it_and_shows_the_yaml(ebbtide: Ebbtide) -> None:
    told = ebbtide(*TUNE, *VARY)
    assert told.code == 0
    assert told.out.count("▸") == 1
    assert "1% may go unserved: the cheapest of 6 variants left" in " ".join(told.out.split())
    snippet = yaml.safe_load(told.out.partition("\nspec:")[2].join(["spec:", ""]))
    assert snippet["spec"]["replicas"] == {"max": 500}


def test_the_change_is_written_for_a_review_and_is_a_right_policy_part(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    assert ebbtide(*TUNE, *VARY, "--diff", "change.yaml").code == 0
    text = (tmp_path / "change.yaml").read_text()
    assert text.startswith("# 1% may go unserved: ")
    change = yaml.safe_load(text)
    assert change["metadata"] == {"name": "edge", "namespace": "live"}
    assert change["spec"]["policies"]["presentNeed"]["headroom"].endswith("%")


def test_what_can_not_be_replayed_is_said(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=f"{EDGE}  policies: {{query: {{ask: {{query: sum(x)}}}}}}\n")
    found = ebbtide(*TUNE, *VARY, "--json")
    if found.code == 0:
        assert json.loads(found.out)["notModelled"] == ["query"]
    else:
        assert "spec.policies.query" in found.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--objective", "little"], "--objective: 'little' is not a", id="objective"),
        pytest.param(["--vary", "replicas.max"], "write a field and values", id="values"),
        pytest.param(["--vary", "replicas.max=30,many"], "spec.replicas.max: ", id="value"),
        pytest.param(["--held-back", "100%"], "some demand to search, and some", id="held"),
        pytest.param(
            ["--vary", f"replicas.max={','.join(map(str, range(2, 3000)))}"],
            "2,000 are the most",
            id="many",
        ),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    ebbtide: Ebbtide, options: list[str], why: str
) -> None:
    told = ebbtide(*TUNE, *options)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


def test_one_policy_is_tuned_at_a_time(ebbtide: Ebbtide) -> None:
    told = ebbtide("tune", "days.yaml", "--csv", "waves.csv")
    assert told.code == 3
    assert "one CapacityPolicy is tuned at a time, and there are 0" in told.err
