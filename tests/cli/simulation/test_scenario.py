"""`ebbtide plan --scenario` and `--what-if`: the world that a plan takes place in."""

import json
from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.schema import Printed
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked
from tests.cli.samples import EDGE, csv, write

PLAN = ("plan", "edge.yaml", "--csv", "hill.csv", "--tick", "60s", "--json")
QUICK = EDGE + "  forecast: {model: Persistence}\n"
STEEP = (*range(1000, 4000, 150), *range(4000, 1000, -150))
"""Forty minutes: up to 4,000 viewers from noon on, and down again."""
CALM = 10.0
"""Replica-minutes that are short where nothing happens: the hill is steep."""
PROFILE = """\
apiVersion: ebbtide.dev/v1alpha1
kind: EventProfile
metadata: {name: last-sale, namespace: live}
spec:
  {start: 2025-03-02 13:00, end: 2025-03-02 13:20, peak: 8k, usual: 4k, shape: [0.2, 1, 1, 0.2]}
"""
SCENARIO = """\
timeZone: Asia/Shanghai
demand: {points: {"2026-03-02 19:00": 1k, "2026-03-02 20:40": 6k}}
start: 2026-03-02 20:00
boot: 5m
zonesLost: [{at: "2026-03-02 20:20", for: 10m}]
tiers: {core: 25%, rest: 75%}
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=QUICK, hill_csv=csv(STEEP), sale_yaml=PROFILE, eve_yaml=SCENARIO)


def planned(ebbtide: Ebbtide, *changes: str, plan: tuple[str, ...] = PLAN) -> Any:
    options = [option for change in changes for option in ("--what-if", change)]
    told = ebbtide(*plan, *options)
    assert (told.code, told.err) == (0, "")
    [one] = json.loads(told.out)
    return one


def test_a_calm_plant_serves_all(ebbtide: Ebbtide) -> None:
    assert planned(ebbtide)["score"]["shortfall"] <= CALM


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("boot=8m", id="slow boots"),
        pytest.param("boot={p50: 2m, p90: 15m}", id="boots that vary"),
        pytest.param("zonesLost={at: 2026-03-02 12:12, for: 10m}", id="a zone lost"),
        pytest.param("nodes={pods: 5, provisioning: 8m}", id="nodes to be made"),
        pytest.param("podLoss=600%", id="pods lost"),
    ],
)
def test_a_worse_plant_serves_less(ebbtide: Ebbtide, change: str) -> None:
    assert planned(ebbtide, change)["score"]["shortfall"] > CALM + 3


def test_an_outage_of_metrics_lets_nothing_go(ebbtide: Ebbtide) -> None:
    found = planned(ebbtide, "outages={at: 2026-03-02 12:28, for: 10m}")
    plain = planned(ebbtide)
    down = [
        [s for s in one["steps"] if "T12:30" <= s["at"][10:16] < "T12:38" and s["to"] < s["from"]]
        for one in (plain, found)
    ]
    assert down[0]
    assert not down[1]


def test_an_earlier_event_comes_again(ebbtide: Ebbtide) -> None:
    again = "like={profile: last-sale, at: 2026-03-02 12:10, times: 1.4}"
    found = planned(ebbtide, again, plan=("plan", "sale.yaml", *PLAN[1:]))
    assert max(step["to"] for step in found["steps"]) >= 1.4 * 80
    told = ebbtide(*PLAN, "--what-if", again)
    assert told.code == 3
    assert "like.profile: no EventProfile last-sale is in these files" in told.err


def test_sessions_are_cut_off_and_counted(ebbtide: Ebbtide) -> None:
    assert planned(ebbtide)["score"]["disruptions"] == 0
    assert planned(ebbtide, "session=10m")["score"]["disruptions"] > 0
    page = ebbtide(*PLAN[:-1], "--what-if", "session=10m").out
    assert "live sessions cut off" in page


def test_chance_is_the_seeds_alone(ebbtide: Ebbtide) -> None:
    varied = "boot={p50: 60s, p90: 5m}"
    one, same, other = (
        planned(ebbtide, varied, plan=(*PLAN, "--seed", str(seed))) for seed in (3, 3, 4)
    )
    assert one == same
    assert one["score"] != other["score"]


def test_a_scenario_brings_its_demand_and_its_world(ebbtide: Ebbtide) -> None:
    plan = ("plan", "edge.yaml", "--scenario", "eve.yaml", "--tick", "60s", "--json")
    found = planned(ebbtide, plan=plan)
    assert found["steps"][0]["at"] >= "2026-03-02T12:00:00Z"  # 20:00 in Shanghai
    assert found["phases"]["Peace"] == pytest.approx(41 / 60)
    assert list(found["tiers"]) == ["core", "rest"]
    core, rest = found["tiers"].values()
    assert core["unserved"] < rest["unserved"]
    short = core["shortfall"] + rest["shortfall"]
    assert short == pytest.approx(found["demandMinutesShort"], rel=1e-6)
    page = ebbtide(*plan[:-1]).out
    assert "time in each phase" in page
    assert "core" in page


def test_what_is_wrong_is_told_with_its_line(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, eve_yaml=SCENARIO.replace("boot: 5m", "boot: soon\npodloss: 3%"))
    told = ebbtide("plan", "edge.yaml", "--scenario", "eve.yaml")
    assert told.code == 3
    assert "eve.yaml:4: boot: 'soon' is not a duration" in told.err
    assert "eve.yaml:5: podloss: is not known here; did you mean podLoss?" in told.err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(
            "boot={p50: 2m, p90: 1m}", "boot: p90 is below p50; raise p90", id="quantiles"
        ),
        pytest.param("boot=5", "--what-if boot: 5 is not a duration; write it with", id="no unit"),
        pytest.param("boot=[5]", "--what-if boot: [5] is not a map", id="no time"),
        pytest.param("tiers={a: 20%}", "to 100%, and are 20%\n", id="tiers"),
        pytest.param("tiers={a: 1%, b: 1.5%}", "to 100%, and are 2.5%\n", id="few tiers"),
        pytest.param("zonesLost={at: soon, for: 1m}", "zonesLost[0].at: 'soon' is not", id="time"),
        pytest.param(
            "zonesLost={at: 2026-03-02 13:00, for: 1m, zone: 4}", "counted from 1", id="zone"
        ),
        pytest.param(
            "timeZone=Europe/Berlin", "clocks in Europe/Berlin skip 2026-03-29 02:30", id="skipped"
        ),
        pytest.param(
            "zonesLost={at: 2027-03-02 13:00, for: 1m}",
            "zonesLost: 2027-03-02 13:00 (UTC) lies outside of what is replayed",
            id="later",
        ),
        pytest.param(
            "zonesLost={at: 2026-03-02 12:00, for: 30m}",
            "to 2026-03-02 12:39 UTC, or begins with it",
            id="lost before anything is there",
        ),
        pytest.param(
            "outages={at: 2026-03-01 13:00, for: 3h}",
            "outages: 2026-03-01 13:00 (UTC)",
            id="before",
        ),
        pytest.param("start=2027-01-01 00:00", "have to lie within the demand", id="outside"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(ebbtide: Ebbtide, change: str, why: str) -> None:
    lost = "outages={at: 2026-03-29 02:30, for: 1m}"
    told = ebbtide(*PLAN, "--what-if", lost, "--what-if", change)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


def test_what_the_command_line_changes_in_a_file_is_told_as_its_own(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, eve_yaml=SCENARIO.replace("boot: 5m", "boot: 5m\npodloss: 3%"))
    changes = ("--what-if", "boot={p50: soon, p90: 3m}", "--what-if", "session=long")
    told = ebbtide("plan", "edge.yaml", "--scenario", "eve.yaml", *changes)
    assert told.code == 3
    lines = [line.removeprefix("ebbtide: ") for line in told.err.splitlines()]
    assert [line.partition(": ")[0] for line in lines] == [
        "--what-if boot.p50",
        "--what-if session",
        "eve.yaml:5",
    ]


@pytest.mark.parametrize(
    ("source", "change"),
    [
        pytest.param(("--csv", "hill.csv"), "demand.csv=hill.csv", id="a file"),
        pytest.param(
            ("--prometheus", "http://nowhere:9090"),
            'demand={points: {"2026-03-02 12:00": 1k, "2026-03-02 13:00": 2k}}',
            id="the past",
        ),
    ],
)
def test_a_demand_that_is_named_twice_on_the_command_line_is_refused(
    ebbtide: Ebbtide, source: tuple[str, str], change: str
) -> None:
    told = ebbtide("plan", "edge.yaml", *source, "--what-if", change)
    assert told.code == 3
    assert f"named twice, by --what-if demand and by {source[0]}; leave one" in told.err


def test_a_recording_on_the_command_line_wins_over_the_demand_of_a_file(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, eve_yaml="demand: {points: {2026-03-02 12:00: 9k, 2026-03-02 13:00: 9k}}\n")
    assert planned(ebbtide, plan=(*PLAN, "--scenario", "eve.yaml")) == planned(ebbtide)


def test_what_is_printed_is_as_the_published_schema_says(ebbtide: Ebbtide) -> None:
    told = ebbtide(*PLAN, "--what-if", "tiers={core: 40%, rest: 60%}")
    assert set(checked(Printed.PLAN, told.out)[0]["tiers"]) == {"core", "rest"}


@pytest.mark.parametrize("boot", ["5m", "{p50: 5m, p90: 8m}"])
def test_a_boot_that_the_lead_time_stands_in_for_is_said_to_be_left_out(
    ebbtide: Ebbtide, boot: str
) -> None:
    both = ("--what-if", f"boot={boot}", "--lead", "90s")
    for options, said in ((both, 1), (both[:2], 0), (both[2:], 0)):
        [one] = checked(Printed.PLAN, ebbtide(*PLAN, *options).out)
        left_out = "boot of 300 s is left out: --lead is all of the time"
        assert sum(remark.startswith(left_out) for remark in one["remarks"]) == said
