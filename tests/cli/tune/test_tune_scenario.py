"""`ebbtide tune --scenario`: variants in the world of a plan, sessions and users included."""

from pathlib import Path
from typing import Any

import pytest

from ebbtide.cli.schema import Printed
from tests.cli.conftest import Ebbtide
from tests.cli.printed import checked
from tests.cli.samples import EDGE, csv, write

QUICK = EDGE + "  forecast: {model: Persistence}\n"
GATE = "experienceGate: {signals: {stalls: {query: avg(stalls), atMost: 0.01}}}"
SPARING = "sessions: {query: live_sessions, deadline: 10m}"
CURVE = "experience.stalls={60%: 0.002, 90%: 0.006, 94%: 0.02, 200%: 0.2}"
FALL = (*([4000] * 10), *range(4000, 1000, -60), *([1000] * 10))
DEMAND = ("--csv", "fall.csv", "--tick", "60s", "--json")
VARY = ("--vary", "policies.descent.maxStep=5%,50%")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=QUICK, fall_csv=csv(FALL))


def printed(ebbtide: Ebbtide, of: Printed, *args: str) -> Any:
    told = ebbtide(*args)
    assert (told.code, told.err) == (0, "")
    return checked(of, told.out)


@pytest.mark.parametrize(
    ("policies", "world"),
    [
        pytest.param("", ["session=20m", "termination=2m"], id="sessions that nobody spares"),
        pytest.param(SPARING, ["session=20m"], id="sessions that hold their pods"),
        pytest.param(GATE, [CURVE], id="a gate that follows the load"),
        pytest.param("", ["boot={p50: 2m, p90: 4m}", "seed=3"], id="boots that vary"),
    ],
)
def test_a_variant_costs_and_cuts_off_what_a_plan_of_it_does(
    ebbtide: Ebbtide, tmp_path: Path, policies: str, world: list[str]
) -> None:
    write(tmp_path, edge_yaml=QUICK + f"  policies: {{{policies}}}\n")
    supposed = [option for change in world for option in ("--what-if", change)]
    tuned = printed(ebbtide, Printed.TUNE, "tune", "edge.yaml", *DEMAND, *VARY, *supposed)
    assert tuned["notModelled"] == []
    assert tuned["front"]
    for one in tuned["front"]:
        [(field, value)] = one["set"].items()
        change = ("--set", f"{field}={value}", *supposed)
        [plan] = printed(ebbtide, Printed.PLAN, "plan", "edge.yaml", *DEMAND, *change)
        parts = one["searched"], one["heldBack"]
        hours, cut_off = (sum(p[key] for p in parts) for key in ("replicaHours", "disruptions"))
        assert hours == pytest.approx(plan["score"]["replicaHours"])
        assert cut_off == plan["score"]["disruptions"]
        minutes = [part["breached"] for part in parts]
        assert plan["score"]["breached"] == (sum(minutes) if policies == GATE else None)


def test_the_page_tells_of_sessions_only_where_there_are_any(ebbtide: Ebbtide) -> None:
    args = ("tune", "edge.yaml", *DEMAND[:-1], *VARY)
    assert "CUT OFF" not in ebbtide(*args).out
    told = ebbtide(*args, "--what-if", "session=20m").out
    assert "CUT OFF" in told
    assert "the front of cost against service and live sessions cut off" in told


def test_what_is_not_modelled_of_a_gate_is_named(ebbtide: Ebbtide, tmp_path: Path) -> None:
    two = GATE.replace("signals: {", "signals: {bitrate: {query: b, atLeast: 3}, ")
    write(tmp_path, edge_yaml=QUICK + f"  policies: {{{two}}}\n")
    told = ebbtide("tune", "edge.yaml", *DEMAND[:-1], *VARY, "--what-if", CURVE).out
    assert "! not modelled: experienceGate.bitrate" in told
    assert "the front of cost against service and minutes users fared badly" in told


def test_a_record_is_of_one_world(ebbtide: Ebbtide) -> None:
    args = ("tune", "edge.yaml", *DEMAND, *VARY, "--record", "tried.jsonl")
    assert ebbtide(*args).code == 0
    for change in (("--what-if", "session=20m"), ("--seed", "7")):
        other = ebbtide(*args, *change)
        assert other.code == 3
        assert "is of another search" in other.err


def test_a_curve_without_a_signal_is_refused(ebbtide: Ebbtide) -> None:
    found = ebbtide("tune", "edge.yaml", *DEMAND, *VARY, "--what-if", CURVE)
    assert found.code == 3
    assert "experience.stalls is not known here" in found.err
