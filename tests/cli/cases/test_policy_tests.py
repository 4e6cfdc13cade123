"""`ebbtide test`: cases that SREs write for their policies, and how a miss is told."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.cli.cases.cases import rounded_up
from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, csv, write

QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"

CASES = """\
policies: [edge.yaml, days.yaml]
cases:
  an evening is carried:
    demand: {csv: hill.csv}
    tick: 60s
    expect: {unserved: 1%, step: 10%, replicaHours: 200}
  the opening is ready in time:
    demand: {points: {"2026-03-02 12:00": 1k, "2026-03-02 13:30": 1500}}
    tick: 60s
    expect:
      ready: {"2026-03-02 13:00": 80}
      phase: {"2026-03-02 12:10": Peace, "2026-03-02 13:15": War}
      atMost: {"2026-03-02 12:10": 20}
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=QUICK, days_yaml=CALENDAR, hill_csv=csv(), edge_test_yaml=CASES)


def test_cases_that_hold_are_counted(ebbtide: Ebbtide) -> None:
    told = ebbtide("test", ".")
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert [line.split("  ")[1:3] for line in lines[:2]] == [
        ["ok", "an evening is carried"],
        ["ok", "the opening is ready in time"],
    ]
    assert lines[-1] == "2 passed, 0 failed"


def test_demand_that_is_written_lies_flat_because_somebody_wrote_it(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    flat = CASES.replace('"2026-03-02 13:30": 1500', '"2026-03-02 13:30": 1k')
    write(tmp_path, edge_test_yaml=flat.replace("13:15", "12:50"))
    assert "lies flat" not in ebbtide("test", ".").out


def test_fractions_stand_with_and_without_quotes(ebbtide: Ebbtide, tmp_path: Path) -> None:
    plain = CASES.replace("1500}", "1500.5}").replace("Hours: 200}", "Hours: 200.5}")
    for text in (plain, plain.replace("200.5", '"200.5"').replace("1500.5", '"1500.5"')):
        write(tmp_path, edge_test_yaml=text)
        assert ebbtide("test", ".").out.splitlines()[-1] == "2 passed, 0 failed"


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        pytest.param("shortfall: 0.001", "shortfall: expected at most 0.001 rep", id="a fraction"),
        pytest.param("shortfall: 0", "shortfall: expected at most 0 replica-minutes", id="short"),
        pytest.param("unserved: 0.0001%", "unserved: expected at most 0.0001%, found", id="share"),
        pytest.param("cost: 1", "cost: expected at most 1.00, found", id="cost"),
        pytest.param("step: 0%", "step: expected at most 0%, found", id="step"),
        pytest.param("replicaHours: 1", "replicaHours: expected at most 1, found", id="hours"),
        pytest.param(
            "ready: {'2026-03-02 12:01': 300}",
            "ready at 2026-03-02 12:01: expected at least 300, found",
            id="ready",
        ),
        pytest.param(
            "ready: {'2026-03-02 12:01': 2.5M}",
            "ready at 2026-03-02 12:01: expected at least 2,500,000, found",
            id="many",
        ),
        pytest.param(
            "atMost: {'2026-03-02 13:00': 2}",
            "atMost at 2026-03-02 13:00: expected at most 2, found",
            id="at most",
        ),
        pytest.param(
            "phase: {'2026-03-02 12:01': War}",
            "phase at 2026-03-02 12:01: expected War, found Peace",
            id="phase",
        ),
        pytest.param(
            "phase: {'2026-03-09 12:01': War}",
            "expected War, found nothing was decided then",
            id="outside",
        ),
    ],
)
def test_a_miss_is_told_with_what_was_found(
    ebbtide: Ebbtide, tmp_path: Path, expected: str, why: str
) -> None:
    case = f"cases: {{too much: {{demand: {{csv: hill.csv}}, tick: 60s, expect: {{{expected}}}}}}}"
    write(tmp_path, edge_test_yaml=f"policies: [edge.yaml]\n{case}\n")
    told = ebbtide("test", "edge.test.yaml")
    assert told.code == 1
    assert told.out.startswith("FAIL  too much")
    assert why in told.out
    assert told.out.endswith("0 passed, 1 failed\n")


def test_a_cost_is_not_kept_where_nobody_knows_it(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE.replace(", costPerHour: 0.5", ""))
    case = "cases: {cheap: {demand: {csv: hill.csv}, tick: 60s, expect: {cost: 1000}}}"
    write(tmp_path, edge_test_yaml=f"policies: [edge.yaml]\n{case}\n")
    told = ebbtide("test", "edge.test.yaml")
    assert told.code == 1
    assert "cost: expected at most 1,000.00, found no price: write capacity.costPer" in told.out


def test_a_case_can_change_the_policy_and_begin_later(ebbtide: Ebbtide, tmp_path: Path) -> None:
    case = """\
    demand: {csv: hill.csv}
    start: "2026-03-02 12:30"
    tick: 60s
    lead: 10s
    set: {replicas.max: 30, policies.descent.maxStep: 50%}
    expect: {atMost: {"2026-03-02 13:00": 30}}
"""
    write(tmp_path, edge_test_yaml=f"policies: [edge.yaml]\ncases:\n  capped:\n{case}")
    assert ebbtide("test", "edge.test.yaml").code == 0


def test_moments_are_of_the_zone_that_the_file_names(ebbtide: Ebbtide, tmp_path: Path) -> None:
    case = "{demand: {csv: hill.csv}, tick: 60s, expect: {phase: {'2026-03-02 21:15': War}}}"
    text = f"policies: [edge.yaml, days.yaml]\ntimeZone: Asia/Shanghai\ncases: {{war: {case}}}\n"
    write(tmp_path, edge_test_yaml=text)
    assert ebbtide("test", "edge.test.yaml").code == 0


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        pytest.param("step: 0%", r"step: expected at most 0%, found \d\.\d{1,2}%", id="a share"),
        pytest.param("cost: 1.25", r"cost: expected at most 1\.25, found \d+\.\d\d", id="money"),
        pytest.param(
            "replicaHours: '0.125'",
            r"replicaHours: expected at most 0\.125, found \d+(\.\d{1,2})?",
            id="a figure, beside its limit as it is written",
        ),
    ],
)
def test_what_was_found_is_told_in_few_digits(
    ebbtide: Ebbtide, tmp_path: Path, expected: str, told: str
) -> None:
    few = CASES.replace("unserved: 1%, step: 10%, replicaHours: 200", expected)
    write(tmp_path, edge_yaml=EDGE, edge_test_yaml=few)  # by forecasts, which make odd fractions
    lines = [line.strip() for line in ebbtide("test", ".").out.splitlines()]
    assert any(re.fullmatch(told, line) for line in lines), lines


@given(st.floats(1e-12, 1e9))
def test_what_was_found_is_rounded_so_that_it_stays_above_its_limit(found: float) -> None:
    assert found * (1 - 1e-8) <= rounded_up(found) <= found * 1.011


@pytest.mark.parametrize("found", [0.07, 3.33, 5.0, 100.0])
def test_what_has_few_digits_stays_as_it_is(found: float) -> None:
    assert rounded_up(found) == pytest.approx(found, abs=1e-12)


def test_a_result_stays_one_line_however_long_its_sentence(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    sentence = " ".join(["an evening like no other"] * 9)
    write(tmp_path, edge_test_yaml=CASES.replace("an evening is carried", sentence))
    assert f"  ok  {sentence}  edge.test.yaml" in ebbtide("test", ".").out.splitlines()


def test_results_go_to_a_ci_as_junit(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_test_yaml=CASES.replace("unserved: 1%", "cost: 1"))
    assert ebbtide("test", ".", "--junit", "out/junit.xml").code == 1
    suite = ET.fromstring(Path("out/junit.xml").read_text())
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    [first, second] = suite
    assert first.attrib["name"] == "an evening is carried"
    assert [failure.attrib["message"][:4] for failure in first] == ["cost"]
    assert len(second) == 0


def test_what_a_replay_can_not_know_is_said_of_every_case(ebbtide: Ebbtide, tmp_path: Path) -> None:
    gaps = "".join(csv().splitlines(keepends=True)[:60] + csv().splitlines(keepends=True)[90:])
    write(tmp_path, hill_csv=gaps, edge_test_yaml=CASES)
    told = ebbtide("test", ".", "--junit", "junit.xml")
    assert "minutes of demand are unknown" in told.out
    [first, _] = ET.fromstring(Path("junit.xml").read_text())
    assert "minutes of demand are unknown" in first.findtext("system-out", "")


def test_a_case_that_cannot_be_run_keeps_no_other_from_it(ebbtide: Ebbtide, tmp_path: Path) -> None:
    broken = CASES.replace("hill.csv", "none.csv")
    write(tmp_path, edge_test_yaml=broken, last_test_yaml="policies: [")
    told = ebbtide("test", ".", "--junit", "junit.xml")
    assert told.code == 3
    assert "1 passed, 0 failed, 2 could not be run" in told.out
    assert "an evening is carried: none.csv can't be read" in told.err
    suite = ET.fromstring(Path("junit.xml").read_text())
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("3", "2")
    assert [len(case) for case in suite] == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("policies: [", "edge.test.yaml:1: ", id="no yaml"),
        pytest.param("- 1", "edge.test.yaml:1: write policies and cases", id="no map"),
        pytest.param(
            "policies: [edge.yaml]\ncases:\n"
            "  a: {demand: {csv: hill.csv}, expect: {cost: 1}}\n"
            "  a: {demand: {csv: hill.csv}, expect: {cost: 9999}}\n",
            "edge.test.yaml:4: cases.a: 'a' is written twice",
            id="two cases of one name",
        ),
        pytest.param(
            'policies: [edge.yaml]\ncases: {"a\\e[2J": {demand: {csv: hill.csv},'
            " expect: {cost: 1}}}",
            "is no sentence: it holds control characters",
            id="a name that is no text",
        ),
        pytest.param("", "edge.test.yaml:1: write policies and cases, in one document", id="empty"),
        pytest.param(
            "policies: [edge.yaml, none.yaml]\n"
            "cases: {a: {demand: {csv: hill.csv}, expect: {cost: 1}}}",
            "edge.test.yaml: policies: none.yaml can't be read: No such file or directory",
            id="no policy",
        ),
        pytest.param(
            "policies: [edge.yaml]\n"
            "cases: {a: {demand: {csv: hill.csv}, tick: 5h, expect: {cost: 1}}}",
            "edge.test.yaml: a: tick 5h: 1h59m are replayed; write 1h59m or less",
            id="a tick longer than the demand",
        ),
        pytest.param(
            "policies: [edge.yaml]\ncases: {a: {demand: {csv: hill.csv}, expect: {cots: 1}}}",
            "edge.test.yaml:2: cases.a.expect.cots: ",
            id="field",
        ),
        pytest.param(
            "policies: [edge.yaml]\ncases: {a: {demand: {csv: hill.csv}, expect: {cost: 1},"
            " start: '2027-01-01 00:00'}}",
            "a: start: 2027-01-01 00:00 is outside of the demand",
            id="start",
        ),
        pytest.param(
            "policies: [edge.yaml]\ncases: {a: {demand: {csv: none.csv}, expect: {cost: 1}}}",
            "none.csv can't be read",
            id="csv",
        ),
        pytest.param(
            "policies: [edge.yaml]\ncases: {a: {demand: {csv: hill.csv}, expect: {}}}",
            "edge.test.yaml:2: cases.a.expect: write what has to come out",
            id="nothing",
        ),
        pytest.param(
            "policies: [edge.yaml]\ntimeZone: Europe/Berlin\ncases: {a: {demand: {csv: hill.csv}, "
            "expect: {ready: {'2026-03-29 02:30': 1}}}}",
            "edge.test.yaml:3: cases.a.expect.ready.2026-03-29 02:30: "
            "clocks in Europe/Berlin skip 2026-03-29 02:30; write another time",
            id="skipped",
        ),
        pytest.param(
            "policies: [edge.yaml]\ntimeZone: Europe/Berlin\ncases:\n  a:\n"
            "    demand: {csv: hill.csv}\n    start: 2026-03-29 02:30\n    expect: {cost: 1}",
            "edge.test.yaml:6: cases.a.start: clocks in Europe/Berlin skip 2026-03-29 02:30",
            id="a start that is skipped",
        ),
        pytest.param(
            "policies: [edge.yaml]\n"
            "cases: {a: {demand: {csv: hill.csv}, expect: {shortfall: -.5}}}",
            "cases.a.expect.shortfall: -0.5 is not a count; write it like 800, 0.5, 5k or 2.4M",
            id="less than nothing",
        ),
        pytest.param(
            "policies: [days.yaml]\ncases: {a: {demand: {csv: hill.csv}, expect: {cost: 1}}}",
            "a: a case is about one CapacityPolicy, and there are 0",
            id="policy",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(
    ebbtide: Ebbtide, tmp_path: Path, text: str, why: str
) -> None:
    write(tmp_path, edge_test_yaml=text)
    told = ebbtide("test", "edge.test.yaml")
    assert told.code == 3
    assert why in told.err


def test_a_file_that_can_not_be_read_is_named_once(ebbtide: Ebbtide) -> None:
    told = ebbtide("test", "none.test.yaml", "--junit", "junit.xml")
    assert told.out.splitlines()[0].split() == ["ERR", "none.test.yaml"]
    [case] = ET.fromstring(Path("junit.xml").read_text())
    assert (case.attrib["classname"], case.attrib["name"]) == ("none.test.yaml", "none.test.yaml")


def test_a_folder_without_cases_is_refused(ebbtide: Ebbtide, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = ebbtide("test", "empty")
    assert told == (3, "", "ebbtide: no file here ends in .test.yaml; name one\n")
