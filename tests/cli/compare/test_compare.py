"""`ebbtide compare`: policies side by side, beside what else could have been."""

import re
from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.schema import Printed
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked
from tests.cli.samples import CALENDAR, EDGE, ORIGIN, csv, write

SLOW = "edge.yaml,policies.descent.maxStep=1%"
HILL = ("--csv", "hill.csv", "--tick", "60s")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, origin_yaml=ORIGIN, days_yaml=CALENDAR, hill_csv=csv())


def told(ebbtide: Ebbtide, *arguments: str) -> Any:
    found = ebbtide("compare", *arguments, *HILL, "--json")
    assert (found.code, found.err) == (0, "")
    return checked(Printed.COMPARE, found.out)


def test_the_bound_costs_least_and_serves_all(ebbtide: Ebbtide) -> None:
    scores = told(ebbtide, "edge.yaml", SLOW)["scores"]
    assert list(scores) == ["edge", "maxStep=1%", *list(scores)[2:]]
    assert list(scores)[2].startswith("HPA, target ")
    assert list(scores)[3:] == ["static peak", "clairvoyant"]
    assert scores["clairvoyant"]["unserved"] == 0
    assert all(
        scores["clairvoyant"]["replicaHours"] <= one["replicaHours"]
        for one in scores.values()
        if one["unserved"] == 0
    )


def test_all_signals_count_for_those_it_is_compared_with(ebbtide: Ebbtide, tmp_path: Path) -> None:
    both = "{signals: {aviewers: {query: a, perReplica: 400}, bjobs: {query: b, perReplica: 50}}}"
    write(tmp_path, both_yaml=EDGE.replace("{query: sum(viewers)}", both))
    write(tmp_path, jobs_yaml=EDGE.replace("perReplica: 100", "perReplica: 50"))
    found, jobs = (
        told(ebbtide, f"{name}.yaml", f"{name}.yaml,mode=Enforce")["scores"]
        for name in ("both", "jobs")
    )
    assert list(found.values())[2:] == list(jobs.values())[2:]


def test_what_is_changed_names_a_variant_with_all_of_its_value(ebbtide: Ebbtide) -> None:
    scores = told(ebbtide, "edge.yaml", "edge.yaml,capacity.costPerHour=0.30")["scores"]
    assert list(scores)[:2] == ["edge", "costPerHour=0.30"]


def test_the_bound_goes_as_low_as_the_policy_may_in_any_phase(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    low, high = "{min: 2, max: 500}", "{min: 30, max: 500, when: {Ebb: {min: 2}}}"
    write(tmp_path, phased_yaml=EDGE.replace(low, high))
    plain, phased = (
        told(ebbtide, f"{name}.yaml", f"{name}.yaml,mode=Enforce")["scores"]["clairvoyant"]
        for name in ("edge", "phased")
    )
    assert phased["replicaHours"] == plain["replicaHours"]


def test_a_smaller_step_keeps_more_on_the_way_down_and_says_why(ebbtide: Ebbtide) -> None:
    found = told(ebbtide, "edge.yaml", SLOW)
    assert found["scores"]["edge"]["idle"] < found["scores"]["maxStep=1%"]["idle"]
    widest = found["differences"][0]
    assert widest["from"] <= widest["at"] < widest["to"]
    assert widest["policies"]["maxStep=1%"]["replicas"] > widest["policies"]["edge"]["replicas"]
    assert widest["policies"]["maxStep=1%"]["reason"] == "DescentStep"


def test_the_page_fits_a_narrow_terminal_and_names_the_bounds(ebbtide: Ebbtide) -> None:
    page = ebbtide("compare", "edge.yaml", SLOW, *HILL)
    assert page.code == 0
    assert "times the bound" in page.out
    assert "where they differ most" in page.out
    assert "DescentStep: a step takes at most 1 of" in " ".join(page.out.split())
    assert max(map(len, page.out.splitlines())) <= 110


def test_policies_that_decide_alike_are_said_to(ebbtide: Ebbtide) -> None:
    page = ebbtide("compare", "edge.yaml", "edge.yaml,mode=Enforce", *HILL)
    assert "the policies decide alike everywhere" in page.out


def test_what_holds_for_all_is_given_once(ebbtide: Ebbtide) -> None:
    plain = told(ebbtide, "edge.yaml", "origin.yaml")["scores"]
    during = told(ebbtide, "edge.yaml", "origin.yaml", "--with", "days.yaml")["scores"]
    for name in ("edge", "origin"):
        assert during[name]["replicaHours"] > plain[name]["replicaHours"]


def test_all_of_them_meet_the_world_that_is_supposed(ebbtide: Ebbtide) -> None:
    plain = told(ebbtide, "edge.yaml", SLOW)["scores"]
    twice = told(ebbtide, "edge.yaml", SLOW, "--what-if", "times=2", "--set", "replicas.max=60")
    assert (
        twice["scores"]["clairvoyant"]["replicaHours"]
        > 1.9 * (plain["clairvoyant"]["replicaHours"])
    )
    for name in ("edge", "maxStep=1%"):
        assert twice["scores"][name]["shortfall"] > plain[name]["shortfall"]


def test_the_report_has_a_staircase_for_each_policy_beside_all_scores(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, days_yaml=CALENDAR)
    files = ("edge.yaml", SLOW, "--with", "days.yaml")
    done = ebbtide("compare", *files, *HILL, "--report", "both.html", "--lang", "zh")
    assert done.code == 0, done.err
    found = (tmp_path / "both.html").read_text("utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", found) == ["edge", "maxStep=1%"]
    assert found.count('class="desired"') == 2
    assert found.count("<th>先知下界</th>") == 2
    assert "<title>Ebbtide 策略对比</title>" in found
    links = re.findall(r'href="#([^"]*)"', found)
    assert links
    assert set(links) <= set(re.findall(r'<details id="([^"]*)"', found))
    assert ebbtide("compare", *files, *HILL, "--report", "both.svg").code == 3


def test_what_a_replay_can_not_know_is_said_once(ebbtide: Ebbtide, tmp_path: Path) -> None:
    gate = "{signals: {stalls: {query: avg(stalls), atMost: 0.01}}}"
    write(tmp_path, edge_yaml=f"{EDGE}  policies: {{experienceGate: {gate}}}\n")
    (remark,) = told(ebbtide, "edge.yaml", SLOW)["remarks"]
    assert remark.startswith("experienceGate: not modelled")
    found = ebbtide("compare", "edge.yaml", SLOW, *HILL, "--report", "both.html")
    assert found.out.count("! experienceGate: ") == 1
    assert Path("both.html").read_text("utf-8").count("<li>experienceGate: ") == 1


@pytest.mark.parametrize(
    ("variants", "why"),
    [
        pytest.param(["edge.yaml"], "nothing to compare: write two files", id="one"),
        pytest.param(["edge.yaml", "days.yaml"], "days.yaml: write one CapacityPolicy", id="none"),
        pytest.param(
            ["edge.yaml", "edge.yaml,policies.descent.maxStep=many"],
            "spec.policies.descent.maxStep: ",
            id="wrong value",
        ),
        pytest.param(
            ["edge.yaml", "edge.yaml,mode.of=War"],
            "spec.mode holds no fields, so 'of' can't be set in it",
            id="no field",
        ),
        pytest.param(
            ["edge.yaml", "edge.yaml,soak"], "'soak' is no change; write one like", id="no value"
        ),
    ],
)
def test_what_can_not_be_compared_is_refused(
    ebbtide: Ebbtide, variants: list[str], why: str
) -> None:
    found = ebbtide("compare", *variants, *HILL)
    assert (found.code, found.out) == (3, "")
    assert why in found.err


def test_files_of_the_same_name_in_two_folders_are_both_compared(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    for folder, step in (("old", "5%"), ("new", "50%")):
        (tmp_path / folder).mkdir()
        text = f"{EDGE}  policies: {{descent: {{maxStep: {step}}}}}\n"
        (tmp_path / folder / "edge.yaml").write_text(text)
    scores = told(ebbtide, "old/edge.yaml", "new/edge.yaml")["scores"]
    assert list(scores)[:2] == ["old/edge.yaml", "new/edge.yaml"]
    assert scores["old/edge.yaml"]["idle"] > scores["new/edge.yaml"]["idle"]


def test_a_policy_is_not_compared_with_itself(ebbtide: Ebbtide) -> None:
    found = ebbtide("compare", "edge.yaml", "edge.yaml", *HILL)
    assert (found.code, found.out) == (3, "")
    assert "edge.yaml is written twice" in found.err


def test_a_demand_of_nought_has_no_bound_to_be_compared_with(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    empty = EDGE.replace("min: 2", "min: 0").replace("query:", "independent: true, query:")
    write(tmp_path, edge_yaml=empty, hill_csv=csv([0] * 60))
    found = ebbtide("compare", "edge.yaml", SLOW, *HILL)
    assert (found.code, found.err) == (0, "")
    [beside] = [line for line in found.out.splitlines() if line.startswith("times the bound")]
    assert set(beside.split()[3:]) == {"-"}


def test_nobody_goes_below_the_minimum_of_the_policy(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv([0] * 60))
    scores = told(ebbtide, "edge.yaml", SLOW)["scores"]
    assert {one["replicaHours"] for one in scores.values()} == {2.0}
