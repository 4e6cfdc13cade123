"""A curve of experience by the load: `experience` in a scenario, in plan, compare and reports."""

from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.schema import Printed
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked
from tests.cli.samples import EDGE, csv, write

GATE = """\
  forecast: {model: Persistence}
  policies:
    presentNeed: {headroom: 0%}
    experienceGate: {signals: {stalls: {query: avg(stalls), atMost: 0.01}}}
"""
LATE = """\
experience: {stalls: {60%: 0.002, 90%: 0.006, 94%: 0.02, 200%: 0.2}}
"""
FALL = (*([4000] * 20), *range(4000, 1000, -40), *([1000] * 10))
PLAN = ("plan", "edge.yaml", "--csv", "fall.csv", "--tick", "60s", "--json")
CURVE = ("--scenario", "late.yaml")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE + GATE, late_yaml=LATE, fall_csv=csv(FALL))


def printed(ebbtide: Ebbtide, *args: str, of: Printed = Printed.PLAN) -> Any:
    told = ebbtide(*args)
    assert (told.code, told.err) == (0, "")
    return checked(of, told.out)


def test_a_gate_that_is_modelled_holds_the_way_down_and_the_scores_count_it(
    ebbtide: Ebbtide,
) -> None:
    [plain] = printed(ebbtide, *PLAN)
    [gated] = printed(ebbtide, *PLAN, *CURVE)
    assert gated["score"]["replicaHours"] > plain["score"]["replicaHours"]
    assert {step["reason"] for step in gated["steps"]} & {"ExperienceRollback", "ExperienceGate"}
    assert (plain["experience"], plain["score"]["breached"]) == ({}, None)
    stalls = gated["experience"]["stalls"]
    assert stalls["breached"] == gated["score"]["breached"] > 0
    assert stalls["worst"] > stalls["limit"] == 0.01
    assert not any("experienceGate" in remark for remark in gated["remarks"])
    assert any("not modelled: stalls" in remark for remark in plain["remarks"])


def test_one_signal_may_be_modelled_and_another_not(ebbtide: Ebbtide, tmp_path: Path) -> None:
    two = GATE.replace("signals: {", "signals: {bitrate: {query: b, atLeast: 3}, ")
    write(tmp_path, edge_yaml=EDGE + two)
    [found] = printed(ebbtide, *PLAN, *CURVE)
    assert set(found["experience"]) == {"stalls"}
    assert any("not modelled: bitrate;" in remark for remark in found["remarks"])
    assert {step["reason"] for step in found["steps"]} & {"ExperienceRollback", "ExperienceGate"}


def test_beyond_the_end_of_a_curve_nothing_is_let_go(ebbtide: Ebbtide) -> None:
    ends = "experience.stalls={10%: 0.002, 20%: 0.003}"
    [found] = printed(ebbtide, *PLAN, "--what-if", ends)
    assert found["steps"] == []
    assert any("above 20%, where the curve ends" in remark for remark in found["remarks"])
    assert found["experience"]["stalls"]["worst"] is None


def test_rivals_are_told_how_users_would_have_fared_with_them(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    pair = ("compare", "edge.yaml", "edge.yaml,policies.presentNeed.headroom=50%")
    args = (*pair, "--csv", "fall.csv", "--tick", "60s", *CURVE)
    scores = printed(ebbtide, *args, "--json", of=Printed.COMPARE)["scores"]
    assert scores["headroom=50%"]["breached"] < scores["edge"]["breached"]
    assert all(one["breached"] is not None for one in scores.values())
    page = ebbtide(*args, "--report", "both.html", "--lang", "zh")
    assert "体验超限的分钟数" in page.out
    assert "minutes users fared badly" in ebbtide(*args).out
    report = (tmp_path / "both.html").read_text("utf-8")
    assert "体验超限的分钟数" in report
    assert report.count("<th>stalls</th>") == 2, "one for each policy"


def compared(ebbtide: Ebbtide, *variants: str) -> Any:
    args = (*variants, "--csv", "fall.csv", "--tick", "60s", *CURVE, "--json")
    return printed(ebbtide, "compare", *args, of=Printed.COMPARE)


def test_each_compared_policy_has_the_curves_of_its_own_signals(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, plain_yaml=f"{EDGE}  forecast: {{model: Persistence}}\n")
    scores = compared(ebbtide, "plain.yaml", "edge.yaml")["scores"]
    assert scores["plain"]["breached"] is None
    assert scores["edge"]["breached"] > 0


def test_a_curve_that_no_compared_policy_has_a_signal_for_is_refused(ebbtide: Ebbtide) -> None:
    misspelt = ("--what-if", "experience={stall: {50%: 1, 90%: 2}}")
    told = ebbtide("compare", "edge.yaml", "edge.yaml,replicas.max=9", *PLAN[2:], *misspelt)
    assert told.code == 3
    assert "experience.stall is not known" in told.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            "policies.experienceGate.signals.stalls.atMost=0.5",
            "experience.stalls: its limit differs (edge: 0.01, atMost=0.5: 0.5)",
            id="the limit",
        ),
        pytest.param(
            "capacity.perReplica=200",
            "perReplica differs (edge: 100, perReplica=200: 200)",
            id="the load",
        ),
    ],
)
def test_what_compared_scores_are_reckoned_by_differently_is_said(
    ebbtide: Ebbtide, change: str, said: str
) -> None:
    assert any(
        one.startswith(said)
        for one in compared(ebbtide, "edge.yaml", f"edge.yaml,{change}")["remarks"]
    )
    alike = compared(ebbtide, "edge.yaml", "edge.yaml,replicas.max=400")["remarks"]
    assert not any("differs" in one for one in alike)


def test_a_plan_tells_how_users_fared(ebbtide: Ebbtide) -> None:
    page = ebbtide(*PLAN[:-1], *CURVE)
    [line] = [line for line in page.out.splitlines() if line.startswith("stalls")]
    assert line.split()[2] == "0.01"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param("stall={50%: 1, 90%: 2}", "experience.stall is not known", id="no signal"),
        pytest.param("stalls={50%: 1}", "experience.stalls: write two points", id="a point"),
        pytest.param(
            "stalls={50%: 1, 80%: 3, 100%: 2}", "experience.stalls: values have to", id="up, down"
        ),
        pytest.param(
            "stalls={half: 1, 80%: 3}", "experience.stalls.half: 'half' is not", id="no load"
        ),
        pytest.param(
            "stalls={50%: much, 80%: 3}", "experience.stalls.50%: 'much' is not", id="no value"
        ),
    ],
)
def test_a_curve_is_refused_with_the_path_of_its_field(
    ebbtide: Ebbtide, change: str, why: str
) -> None:
    found = ebbtide(*PLAN, "--what-if", f"experience.{change}")
    assert (found.code, found.out) == (3, "")
    assert why in found.err


def test_a_query_that_two_workloads_ask_tells_of_no_fleet(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, origin_yaml=(EDGE + GATE).replace("edge", "origin"))
    found = ebbtide("plan", "origin.yaml", *PLAN[1:], *CURVE)
    assert found.code == 3
    assert "two workloads ask 'avg(stalls)'" in found.err
