"""`ebbtide plan`: a replay over a recording, as a page, as JSON, and as every decision."""

import csv as reader
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ebbtide.api.reading.manifests import load
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.planning.demand.series import DemandSeries
from tests.cli.conftest import Ebbtide
from tests.cli.samples import CALENDAR, EDGE, HILL, NOON, ORIGIN, csv, write

COLUMNS = ["timestamp", "workload", "demand", "desired", "ready", "phase", "binding"]

HILL_PLAN = ("plan", "edge.yaml", "--csv", "hill.csv", "--tick", "60s")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE, origin_yaml=ORIGIN, days_yaml=CALENDAR, hill_csv=csv())


def decided(ebbtide: Ebbtide, *arguments: str) -> list[dict[str, str]]:
    """Every decision of a plan over the hill, by column."""
    told = ebbtide("plan", *arguments, "--csv", "hill.csv", "--decisions", "out.csv")
    assert told.code == 0, told.err
    with Path("out.csv").open(newline="") as file:
        return list(reader.DictReader(file))


def peak(rows: list[dict[str, str]], column: str) -> int:
    return max(int(row[column]) for row in rows)


def first_at(rows: list[dict[str, str]], column: str, at_least: int) -> str:
    return next(row["timestamp"] for row in rows if int(row[column]) >= at_least)


# --- what comes out ---------------------------------------------------------------------------


def test_the_page_shows_the_course_and_the_scores(ebbtide: Ebbtide) -> None:
    told = ebbtide(*HILL_PLAN)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("live/edge  2026-03-02 12:00 to 2026-03-02 13:59 UTC\npeak 46 ")
    assert "Mon 02 12:55 Peace" in told.out
    for measure in ("replica-hours paid for", "idle replica-hours", "demand unserved"):
        assert measure in told.out
    assert max(map(len, told.out.splitlines())) <= 80


def test_decisions_have_one_row_a_tick_and_exactly_the_columns(ebbtide: Ebbtide) -> None:
    rows = decided(ebbtide, "edge.yaml", "--tick", "30s")
    assert list(rows[0]) == COLUMNS
    assert len(rows) == len({row["timestamp"] for row in rows}) == 2 * (len(HILL) - 1) + 1
    assert rows[0]["timestamp"] == "2026-03-02T12:00:00Z"
    assert rows[1]["timestamp"] == "2026-03-02T12:00:30Z"
    assert {row["workload"] for row in rows} == {"live/edge"}
    assert peak(rows, "desired") >= max(HILL) / 100


def test_json_tells_scores_and_steps(ebbtide: Ebbtide) -> None:
    told = ebbtide(*HILL_PLAN, "--json")
    one: Any
    [one] = json.loads(told.out)
    assert told.err == ""
    assert one["workload"] == "live/edge"
    assert one["score"]["replicaHours"] < one["staticPeak"]["replicaHours"]
    assert one["score"]["cost"] == pytest.approx(0.5 * one["score"]["replicaHours"])
    assert {"at", "from", "to", "phase", "reason", "message"} == set(one["steps"][0])
    assert all(step["from"] != step["to"] for step in one["steps"])


def test_the_same_plan_twice_gives_the_same_bytes(ebbtide: Ebbtide) -> None:
    found = []
    for _ in range(2):
        told = ebbtide(*HILL_PLAN, "--json", "--decisions", "out.csv")
        found.append((told.out, Path("out.csv").read_bytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        pytest.param([1000] * 90 + [5000] * 20, True, id="a surge within hours"),
        pytest.param(
            [1000] * 90 + [5000] * 20 + [1000] * 1400, True, id="a surge on the first day"
        ),
        pytest.param([1000] * 1450 + [5000] * 20, False, id="a surge after a day"),
        pytest.param([1000, 1500] * 55, False, id="no surge"),
    ],
)
def test_why_a_surge_stays_in_peace_is_said_while_the_past_is_short(
    ebbtide: Ebbtide, tmp_path: Path, minutes: list[int], said: bool
) -> None:
    write(tmp_path, hill_csv=csv(minutes))
    told = ebbtide(*HILL_PLAN[:-1], "5m")
    assert ("! less than a day of the past is known" in told.out) is said


def test_a_plan_without_a_price_has_no_cost(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE.replace(", costPerHour: 0.5", ""))
    told = ebbtide(*HILL_PLAN)
    [line] = [line for line in told.out.splitlines() if line.startswith("their cost")]
    assert line.split() == ["their", "cost", "-", "-"]


# --- what goes in -----------------------------------------------------------------------------


def test_two_policies_are_planned_side_by_side(ebbtide: Ebbtide) -> None:
    rows = decided(ebbtide, "edge.yaml", "origin.yaml", "--tick", "60s")
    edge = [row for row in rows if row["workload"] == "live/edge"]
    origin = [row for row in rows if row["workload"] == "live/origin"]
    assert len(edge) == len(origin) == len(HILL)
    assert peak(edge, "desired") > 1.5 * peak(origin, "desired")


def test_a_calendar_in_the_files_counts(ebbtide: Ebbtide) -> None:
    rows = decided(ebbtide, "edge.yaml", "days.yaml", "--tick", "60s")
    event = [row for row in rows if "13:00" <= row["timestamp"][11:16] < "13:30"]
    assert {row["phase"] for row in event} == {"War"}
    assert all(int(row["desired"]) >= 80 for row in event)


def test_a_replay_foresees_an_announced_event_and_not_before_it_can_be_seen() -> None:
    minutes = np.full(120, 1000.0)
    demand = DemandSeries(start=NOON.timestamp(), minutes=minutes)
    foreseen = []
    for texts in ({"edge.yaml": EDGE}, {"edge.yaml": EDGE, "days.yaml": CALENDAR}):
        simulation = Simulation(load(texts), lambda *_: demand, Conditions(tick=60.0))
        frames = simulation.run(NOON.timestamp() + 1800, NOON.timestamp() + 3600)
        foreseen.append([frame.foreseen for (frame,) in frames])
    plain, told = foreseen
    assert told[:25] == plain[:25]
    assert plain[-1] < 20
    assert told[-1] >= 80


def test_a_policy_in_dry_run_is_planned_as_if_it_were_enforced(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    dry = decided(ebbtide, "edge.yaml", "--tick", "60s")
    write(tmp_path, edge_yaml=EDGE.replace("mode: DryRun", "mode: Enforce"))
    assert decided(ebbtide, "edge.yaml", "--tick", "60s") == dry
    assert peak(dry, "ready") >= 40


def test_replicas_are_ready_after_the_lead_time(ebbtide: Ebbtide) -> None:
    soon = decided(ebbtide, "edge.yaml", "--tick", "60s", "--lead", "0s")
    late = decided(ebbtide, "edge.yaml", "--tick", "60s", "--lead", "10m")
    assert first_at(soon, "ready", 30) < first_at(late, "ready", 30)


def test_demand_is_seen_after_the_delay_of_metrics(ebbtide: Ebbtide) -> None:
    fresh = decided(ebbtide, "edge.yaml", "--tick", "60s", "--metric-delay", "0s")
    stale = decided(ebbtide, "edge.yaml", "--tick", "60s", "--metric-delay", "2m")
    assert [row["demand"] for row in fresh[60:70]] == [row["demand"] for row in stale[62:72]]


def test_scrape_targets_of_a_recording_are_all_alive(ebbtide: Ebbtide, tmp_path: Path) -> None:
    plain = decided(ebbtide, "edge.yaml", "--tick", "60s")
    watched = "{query: sum(viewers), alive: {query: avg(up)}}"
    write(tmp_path, edge_yaml=EDGE.replace("{query: sum(viewers)}", watched))
    assert decided(ebbtide, "edge.yaml", "--tick", "60s") == plain


def test_what_is_not_known_yet_is_no_number(ebbtide: Ebbtide) -> None:
    rows = decided(ebbtide, "edge.yaml", "--tick", "60s", "--metric-delay", "2m")
    assert [row["demand"] for row in rows[:3]] == ["nan", "nan", "10"]


def test_a_gap_in_a_recording_lets_nothing_go(ebbtide: Ebbtide, tmp_path: Path) -> None:
    falling = [*range(6000, 3000, -100)]
    write(tmp_path, hill_csv=csv([*falling, *[""] * 30, *[500.0] * 30]))
    asked = [int(row["desired"]) for row in decided(ebbtide, "edge.yaml", "--tick", "60s")]
    assert asked[30] < asked[5]
    assert min(asked[32:60]) == asked[31]
    assert asked[-1] < asked[31]


def test_a_recording_that_looks_clipped_is_remarked(ebbtide: Ebbtide, tmp_path: Path) -> None:
    assert "lies flat" not in ebbtide(*HILL_PLAN).out
    write(tmp_path, hill_csv=csv([min(value, 3000) for value in HILL]))
    told = " ".join(ebbtide(*HILL_PLAN).out.split())
    assert "! demand lies flat at its top, 3,000, 2026-03-02 12:40 to 2026-03-02 13:21 UTC" in told
    assert "the true demand was higher" in told


# --- what if ----------------------------------------------------------------------------------


def test_a_setting_can_be_tried_without_a_file(ebbtide: Ebbtide, tmp_path: Path) -> None:
    tried = decided(ebbtide, "edge.yaml", "--tick", "60s", "--set", "replicas.max=30")
    write(tmp_path, edge_yaml=EDGE.replace("max: 500", "max: 30"))
    assert decided(ebbtide, "edge.yaml", "--tick", "60s") == tried
    assert peak(tried, "desired") == 30


def test_demand_can_be_more_than_it_was(ebbtide: Ebbtide) -> None:
    asked = [
        peak(decided(ebbtide, "edge.yaml", "--tick", "60s", "--what-if", f"times={by}"), "desired")
        for by in (1, 3)
    ]
    assert asked[1] == pytest.approx(3 * asked[0], rel=0.05)


def test_demand_can_come_later_or_sooner(ebbtide: Ebbtide) -> None:
    at = {
        by: first_at(
            decided(ebbtide, "edge.yaml", "--tick", "60s", "--what-if", f"later={by}"),
            "desired",
            40,
        )
        for by in ("-10m", "0s", "20m")
    }
    assert at["-10m"] < at["0s"] < at["20m"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--set", "replicas.max=many"], "spec.replicas.max: ", id="value"),
        pytest.param(["--set", "replicas"], "--set 'replicas' is no change", id="set"),
        pytest.param(
            ["--set", "replicas.max.most=3"],
            "live/edge: spec.replicas.max holds no fields, so 'most' can't be set in it",
            id="no fields",
        ),
        pytest.param(["--what-if", "colder"], "write one like times=1.4 or later=2h", id="what"),
        pytest.param(["--what-if", "times=none"], "--what-if times: ", id="factor"),
        pytest.param(["--what-if", "later=soon"], "--what-if later: 'soon' is not a", id="later"),
        pytest.param(["--what-if", "later=90s"], "'90s': write whole minutes", id="half minutes"),
    ],
)
def test_a_supposition_that_makes_no_sense_is_refused(
    ebbtide: Ebbtide, options: list[str], why: str
) -> None:
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv", *options)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forecast", "options", "where"),
    [
        pytest.param("{model: Oracle}", [], "oracle.yaml:10: ", id="file"),
        pytest.param("{model: Tide}", ["--set", "forecast.model=Oracle"], "live/edge: ", id="set"),
    ],
)
def test_a_forecaster_that_is_not_installed_is_told_once(
    ebbtide: Ebbtide, tmp_path: Path, forecast: str, options: list[str], where: str
) -> None:
    write(tmp_path, oracle_yaml=f"{EDGE}  forecast: {forecast}\n")
    told = ebbtide("plan", "oracle.yaml", "--csv", "hill.csv", *options)
    [line] = told.err.splitlines()
    assert line.startswith(f"ebbtide: {where}spec.forecast.model: 'Oracle' is not one of Auto, ")
    assert told.code == 3


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--tick", "fast"], "--tick: 'fast' is not a duration", id="tick"),
        pytest.param(["--tick", "0s"], "--tick 0s: write at least 1s", id="no-tick"),
        pytest.param(["--tick", "25h"], "--tick 1d1h: 1h59m are replayed; write", id="one tick"),
        pytest.param(["--lead", "-5s"], "--lead: '-5s' is not a duration", id="lead"),
        pytest.param(["--metric-delay", "1w"], "--metric-delay: '1w' is not a", id="delay"),
    ],
)
def test_a_wrong_duration_is_refused(ebbtide: Ebbtide, options: list[str], why: str) -> None:
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv", *options)
    assert (told.code, told.out) == (3, "")
    assert told.err.startswith(f"ebbtide: {why}")


def test_a_wrong_recording_is_refused_with_its_line(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv([1000, "plenty", 1000]))
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv")
    assert told.code == 3
    assert told.err.startswith("ebbtide: hill.csv")
    assert "line 3: value 'plenty' is not a number" in told.err


def test_a_missing_recording_is_named_once(ebbtide: Ebbtide) -> None:
    told = ebbtide("plan", "edge.yaml", "--csv", "nowhere.csv")
    assert told == (3, "", "ebbtide: nowhere.csv can't be read: No such file or directory\n")


def test_a_wrong_policy_is_refused_as_check_refuses_it(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE.replace("max: 500", "max: many"))
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv")
    assert told.code == 3
    assert told.err.startswith("ebbtide: edge.yaml:9: spec.replicas.max: ")


def test_capacity_behind_a_query_can_not_be_replayed(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=EDGE.replace("perReplica: 100", "perReplicaQuery: avg(load)"))
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv")
    assert told.code == 3
    assert "live/edge: perReplicaQuery has no answer here; write perReplica" in told.err


def test_two_policies_for_one_target_are_refused(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, rival_yaml=EDGE.replace("{name: edge, namespace", "{name: rival, namespace"))
    told = ebbtide("plan", "edge.yaml", "rival.yaml", "--csv", "hill.csv")
    assert told.code == 3
    assert "live/rival and live/edge scale the same Deployment live/edge; leave one" in told.err


def test_files_without_a_policy_are_refused(ebbtide: Ebbtide) -> None:
    told = ebbtide("plan", "days.yaml", "--csv", "hill.csv")
    assert told == (3, "", "ebbtide: there is no CapacityPolicy in these files\n")


@pytest.mark.parametrize(
    "options", [[], ["--csv", "hill.csv", "--prometheus", "http://there:9090"]]
)
def test_demand_comes_from_one_place(ebbtide: Ebbtide, options: list[str]) -> None:
    told = ebbtide("plan", "edge.yaml", *options)
    assert told.code == 3
    assert "either --csv FILE or --prometheus URL" in told.err


def test_an_address_that_is_none_is_refused(ebbtide: Ebbtide) -> None:
    told = ebbtide("plan", "edge.yaml", "--prometheus", "there")
    assert told.code == 3
    assert told.err.startswith("ebbtide: --prometheus there: write an address such as http://")


def test_a_prometheus_that_does_not_answer_has_a_code_of_its_own(ebbtide: Ebbtide) -> None:
    told = ebbtide("plan", "edge.yaml", "--prometheus", "http://127.0.0.1:9", "--since", "1h")
    assert told.code == 4
    assert told.err.startswith("ebbtide: ")
    assert len(told.err.splitlines()) == 1


def test_decisions_that_can_not_be_written_are_told(ebbtide: Ebbtide) -> None:
    told = ebbtide(*HILL_PLAN, "--decisions", "hill.csv/out.csv")
    assert told.code == 3
    assert "hill.csv/out.csv can't be written" in told.err


# --- what is not known -------------------------------------------------------------------------


def test_unknown_demand_is_shown_as_unknown_and_never_as_zero(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, hill_csv=csv([*HILL[:30], *[""] * 60, *HILL[90:]]))
    told = ebbtide(*HILL_PLAN, "--decisions", "out.csv", "--report", "out.svg")
    demands = {line[7:12]: line.split()[4] for line in told.out.splitlines() if "Peace " in line}
    assert demands["12:20"].isdecimal()
    assert demands["12:45"] == "?"
    assert demands["13:50"].isdecimal()
    assert "! 60 of 120 minutes of demand are unknown" in told.out
    with Path("out.csv").open(newline="") as file:
        seen = {row["timestamp"][11:16]: row["demand"] for row in reader.DictReader(file)}
    assert seen["12:45"] == "nan"
    assert float(seen["12:20"]) == pytest.approx(19, abs=1)


def test_no_capacity_is_drawn_as_idle_while_demand_is_unknown(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, hill_csv=csv([*HILL[:30], *[""] * 60, *HILL[90:]]))
    ebbtide(*HILL_PLAN, "--report", "out.svg")

    def lowest(kind: str) -> float:
        [path] = re.findall(rf'class="{kind}" d="([^"]*)"', Path("out.svg").read_text())
        return max(float(y) for y in re.findall(r" ([0-9.]+)", path))

    assert lowest("idle") <= lowest("demand")


def test_rows_that_begin_in_one_minute_are_told_apart(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv(HILL[:3]))
    told = ebbtide("plan", "edge.yaml", "--csv", "hill.csv", "--tick", "15s")
    starts = [line[:15] for line in told.out.splitlines() if "Peace " in line and ":" in line[:15]]
    assert starts[:2] == ["Mon 02 12:00:00", "Mon 02 12:00:15"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(
            ["--what-if", "later=1d"], "later: it moves all of the demand out", id="later"
        ),
        pytest.param(
            ["--what-if", "later=2h", "--since", "1h"],
            "later: it moves all of the demand out",
            id="later, with history before it",
        ),
        pytest.param(
            ["--what-if", "start=2030-01-01 00:00"],
            "2026-03-02 12:00 to 2026-03-02 13:59 is known",
            id="a start outside",
        ),
        pytest.param(["--decisions", "."], ". can't be written: Is a directory", id="a folder"),
        pytest.param(
            ["--report", "hill.csv/x.html"], "can't be written: Not a directory", id="no folder"
        ),
    ],
)
def test_what_can_come_to_nothing_is_refused_before_it_is_replayed(
    ebbtide: Ebbtide, arguments: list[str], why: str
) -> None:
    told = ebbtide(*HILL_PLAN, *arguments)
    assert (told.code, told.out) == (3, "")
    assert why in told.err


def test_only_the_last_of_a_file_is_replayed_where_it_is_said(ebbtide: Ebbtide) -> None:
    whole, last = (
        decided(ebbtide, "edge.yaml", "--tick", "60s", *more) for more in ((), ("--since", "30m"))
    )
    assert last[0]["timestamp"] == "2026-03-02T13:29:00Z"
    assert last[-1] == whole[-1]
    assert last[0]["demand"] != "nan", "what lies before is history"


def test_many_flat_tops_are_counted_and_those_of_the_history_left_out(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, hill_csv=csv(([3000] * 5 + [4000] * 15) * 6))
    remarks = json.loads(ebbtide(*HILL_PLAN, "--json").out)[0]["remarks"]
    assert len([one for one in remarks if "lies flat at its top" in one]) == 3
    assert remarks[-1] == "and so it does in 3 more stretches"
    write(tmp_path, hill_csv=csv(([3000] * 5 + [4000] * 15) * 4))
    remarks = json.loads(ebbtide(*HILL_PLAN, "--json").out)[0]["remarks"]
    assert remarks[-1] == "and so it does in one more stretch"
    last = json.loads(ebbtide(*HILL_PLAN, "--json", "--since", "30m").out)[0]["remarks"]
    assert len([one for one in last if "lies flat at its top" in one]) == 2


def test_a_top_that_is_drawn_from_hour_to_hour_is_no_flat_one(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    hours = [1000, 2000, 3000, 3990, 4000, 3990, 3000, 2000]
    rows = [f"2026-03-02T{12 + i}:00:00Z,{value}" for i, value in enumerate(hours)]
    write(tmp_path, hill_csv="\n".join(["timestamp,value", *rows, ""]))
    assert "lies flat" not in ebbtide(*HILL_PLAN).out


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        pytest.param("times: 2", 1, id="a multiple of what nobody knows yet"),
        pytest.param("demand: 8k", 0, id="a number"),
    ],
)
def test_an_event_that_nobody_can_reckon_is_told(
    ebbtide: Ebbtide, tmp_path: Path, expect: str, told: int
) -> None:
    write(tmp_path, days_yaml=CALENDAR.replace("demand: 8k", expect))
    why = "opening: it is announced as a multiple of the usual, and nobody knows yet what is usual"
    with_it = ("edge.yaml", "days.yaml")
    assert " ".join(ebbtide("plan", *with_it, *HILL_PLAN[2:]).out.split()).count(why) == told
    compared = ("compare", "edge.yaml", "edge.yaml,replicas.max=400", "--with", "days.yaml")
    assert " ".join(ebbtide(*compared, *HILL_PLAN[2:]).out.split()).count(why) == told


def test_the_forecast_reckons_with_an_event_before_its_usual_is_known(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, days_yaml=CALENDAR.replace("demand: 8k", "times: 2"))
    write(tmp_path, hill_csv=csv([1000.0] * 120))
    with_it = (*HILL_PLAN[:2], "days.yaml", *HILL_PLAN[2:])
    assert "and only the forecast reckons with it" in " ".join(ebbtide(*with_it).out.split())
    plain, announced = (
        peak(decided(ebbtide, *files, "--tick", "60s"), "desired")
        for files in (["edge.yaml"], ["edge.yaml", "days.yaml"])
    )
    assert announced > 1.5 * plain


def test_what_holds_for_two_signals_alike_is_said_once(ebbtide: Ebbtide, tmp_path: Path) -> None:
    signals = "{signals: {viewers: {query: a}, egress: {query: b, perReplica: 50}}}"
    write(tmp_path, edge_yaml=EDGE.replace("{query: sum(viewers)}", signals))
    write(tmp_path, hill_csv=csv([*HILL[:60], *[4000] * 20, *HILL[60:]]))
    assert ebbtide(*HILL_PLAN).out.count("lies flat at its top") == 1


def planned(ebbtide: Ebbtide, policy: str) -> Any:
    told = ebbtide("plan", policy, *HILL_PLAN[2:], "--json")
    assert told.code == 0
    return json.loads(told.out)


def test_what_went_short_is_told_of_the_first_signal(ebbtide: Ebbtide, tmp_path: Path) -> None:
    """Jobs ask for 80 replicas, and viewers for 10: they are never short."""
    few = EDGE.replace("max: 500", "max: 30")
    both = "{signals: {aviewers: {query: a, perReplica: 400}, bjobs: {query: b, perReplica: 50}}}"
    write(tmp_path, both_yaml=few.replace("{query: sum(viewers)}", both))
    write(tmp_path, jobs_yaml=few.replace("perReplica: 100", "perReplica: 50"))
    found, jobs = (planned(ebbtide, f"{name}.yaml")[0] for name in ("both", "jobs"))
    assert found["score"] == jobs["score"]
    assert (found["demandMinutesShort"], jobs["demandMinutesShort"] > 1000) == (0, True)


def test_a_floor_of_an_autoscaler_is_planned_like_any_replicas(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    write(tmp_path, floor_yaml=f"{EDGE}  actuator: AutoscalerFloor\n")
    found, plain = (planned(ebbtide, f"{name}.yaml")[0] for name in ("floor", "edge"))
    assert found["score"] == plain["score"]


def test_sessions_that_nobody_has_are_a_remark(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=f"{EDGE}  policies: {{sessions: {{query: live, deadline: 20m}}}}\n")
    assert "! sessions: not modelled" in ebbtide(*HILL_PLAN).out
    assert "not modelled" not in ebbtide(*HILL_PLAN, "--what-if", "session=20m").out


def test_what_is_unknown_of_the_history_is_no_remark(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, hill_csv=csv([*HILL[:30], *[""] * 10, *HILL[40:]]))
    assert "minutes of demand are unknown" in ebbtide(*HILL_PLAN).out
    assert "are unknown" not in ebbtide(*HILL_PLAN, "--since", "1h").out


def test_an_event_whose_shape_is_nowhere_is_a_remark(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, days_yaml=CALENDAR.replace("demand: 8k", "like: double-11, times: 2"))
    told = ebbtide("plan", "edge.yaml", "days.yaml", *HILL_PLAN[2:])
    assert "! opening: no EventProfile double-11 is in these files" in told.out


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        pytest.param(CALENDAR, False, id="about all"),
        pytest.param(CALENDAR.replace("{demand", "{selector: {app: edge}, demand"), False, id="it"),
        pytest.param(CALENDAR.replace("{demand", "{selector: {app: x}, demand"), True, id="none"),
        pytest.param(CALENDAR.replace("namespace: live", "namespace: x"), True, id="elsewhere"),
        pytest.param(
            CALENDAR.replace("{demand", "{selector: {app: x}, demand").replace("2026", "2027"),
            False,
            id="at another time",
        ),
    ],
)
def test_an_event_that_is_about_nobody_is_a_remark(
    ebbtide: Ebbtide, tmp_path: Path, calendar: str, said: bool
) -> None:
    write(tmp_path, days_yaml=calendar)
    told = ebbtide("plan", "edge.yaml", "days.yaml", *HILL_PLAN[2:])
    assert ("it is about no CapacityPolicy" in told.out) is said
    both = ("edge.yaml", "edge.yaml,replicas.max=400", "--with", "days.yaml")
    compared = ebbtide("compare", *both, *HILL_PLAN[2:])
    assert ("it is about no CapacityPolicy" in compared.out) is said


def test_so_is_one_that_another_calendar_announces_to_a_policy(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    """The same event at the same time: it is heard where it stands, and not elsewhere."""
    elsewhere = CALENDAR.replace("namespace: live", "namespace: elsewhere")
    write(tmp_path, days_yaml=f"{CALENDAR}---\n{elsewhere}")
    told = " ".join(ebbtide("plan", "edge.yaml", "days.yaml", *HILL_PLAN[2:]).out.split())
    assert "! opening of EventCalendar elsewhere/promotions is left out: it is about no" in told
    assert "EventCalendar live/promotions" not in told


def test_one_recording_of_several_signals_is_a_remark(ebbtide: Ebbtide, tmp_path: Path) -> None:
    said = "one recording stands for 2 queries"
    assert said not in ebbtide(*HILL_PLAN).out
    signals = "{signals: {viewers: {query: sum(viewers)}, egress: {query: sum(bytes)}}}"
    write(tmp_path, edge_yaml=EDGE.replace("{query: sum(viewers)}", signals))
    assert said in ebbtide(*HILL_PLAN).out
