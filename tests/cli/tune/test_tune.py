"""`ebbtide tune`: the settings that would have served well enough at the least cost."""

import json
import math
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.api.capacity_policy.objective import prior
from ebbtide.cli.schema import Printed
from tests.adapters.http_api import HttpApi
from tests.cli.conftest import Ebbtide
from tests.cli.packages import install
from tests.cli.printed import checked
from tests.cli.samples import CALENDAR, EDGE, ORIGIN, csv, write

WAVES = [2000 + 1500 * math.sin(i / 25) + 300 * math.sin(i / 3) for i in range(300)]
SHORT = ("--csv", "short.csv")
QUICK = f"{EDGE}  forecast: {{model: Persistence}}\n"
TUNE = ("tune", "edge.yaml", "--csv", "waves.csv", "--objective", "1%")
VARY = ("--vary", "policies.presentNeed.headroom=0%,10%,40%", "--vary", "replicas.max=25,500")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    write(tmp_path, edge_yaml=QUICK, days_yaml=CALENDAR, waves_csv=csv(WAVES))
    write(tmp_path, short_csv=csv(WAVES[:80]))


def tuned(ebbtide: Ebbtide, *options: str, noted: str = "") -> Any:
    told = ebbtide(*TUNE, *VARY, "--json", *options)
    assert (told.code, told.err) == (0, noted)
    return checked(Printed.TUNE, told.out)


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


@pytest.mark.parametrize(
    ("least", "bound"),
    [
        pytest.param(0, 22 * 10, id="a fleet that sleeps"),
        pytest.param(3, 22 * 10 + 188 * 3, id="one that never does"),
    ],
)
def test_the_bound_goes_as_low_as_the_policy_may(
    ebbtide: Ebbtide, tmp_path: Path, least: int, bound: float
) -> None:
    sleepy = QUICK.replace("sum(viewers)", "sum(viewers), independent: true")
    write(tmp_path, edge_yaml=sleepy.replace("min: 2", f"min: {least}"))
    write(tmp_path, waves_csv=csv((*[0] * 100, *[1000] * 20, *[0] * 180)))
    for one in tuned(ebbtide)["front"]:
        searched = one["searched"]
        assert searched["replicaHours"] / searched["besideBound"] == pytest.approx(bound / 60)


def test_what_needs_nothing_at_all_has_no_bound_to_divide_by(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    sleepy = QUICK.replace("sum(viewers)", "sum(viewers), independent: true")
    write(tmp_path, edge_yaml=sleepy.replace("min: 2", "min: 0"), waves_csv=csv([0] * 300))
    searched = tuned(ebbtide)["front"][0]["searched"]
    assert searched["replicaHours"] < 1
    assert searched["besideBound"] is None
    told = ebbtide(*TUNE, *VARY).out
    [best] = [line.split() for line in told.splitlines() if line.startswith("▸")]
    assert best[-5:] == ["-", "0.0000%", "-", "0.0000%", best[-1]]
    said = "variants met a demand of nothing; on the demand held back nothing was needed"
    assert said in " ".join(told.split())


def test_a_policy_with_an_objective_is_tuned_to_it(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, aim_yaml=f"{QUICK}  objective: {{unserved: 1%}}\n")
    told = ebbtide("tune", "aim.yaml", "--csv", "short.csv", "--json")
    assert told.code == 0
    found = checked(Printed.TUNE, told.out)
    assert found["objective"] == 0.01
    [best] = [one for one in found["front"] if one["recommended"]]
    assert {"policies.presentNeed.width", "policies.seasonNeed.trust"} <= best["set"].keys()


def test_the_page_shows_what_tells_variants_apart(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, aim_yaml=f"{QUICK}  objective: {{unserved: 1%}}\n")
    told = ebbtide("tune", "aim.yaml", "--csv", "short.csv")
    [head] = [line for line in told.out.splitlines() if "HELD BACK" in line]
    assert head.split()[:4] == ["HEADROOM", "WIDTH", "TRUST", "WINDOW"]


def test_the_page_marks_it_and_shows_the_yaml(ebbtide: Ebbtide) -> None:
    told = ebbtide(*TUNE, *VARY)
    assert told.code == 0
    assert told.out.count("▸") == 1
    assert "1% may go unserved: the cheapest of 6 variants left" in " ".join(told.out.split())
    snippet = yaml.safe_load(told.out.partition("\nspec:")[2].join(["spec:", ""]))
    assert snippet["spec"].keys() == {"policies"}, "500 replicas are allowed already"


def test_a_page_says_what_of_the_demand_is_doubtful(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, waves_csv=csv([*WAVES[:30], *[""] * 10, *WAVES[40:]]))
    assert "! 10 of 300 minutes of demand are unknown" in ebbtide(*TUNE, *VARY).out


def test_a_page_says_that_nothing_of_what_was_tried_is_enough(ebbtide: Ebbtide) -> None:
    told = ebbtide(*TUNE, "--vary", "replicas.max=10,12").out
    assert "none kept it, so the one that failed least of 2 variants" in " ".join(told.split())
    assert "! none keeps the objective: try settings that ask for more" in told
    assert "search more of it" not in told


def test_a_page_says_when_what_was_searched_is_too_short_to_speak(ebbtide: Ebbtide) -> None:
    told = ebbtide(*TUNE, *VARY)
    assert "! 0.1 days were searched, and it takes 7 to speak for 1%" in told.out


def test_minutes_of_unknown_demand_are_none_that_were_searched(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    half_known: list[float | str] = [*WAVES[:240], *[""] * 240] * 3
    write(tmp_path, waves_csv=csv(half_known))
    told = ebbtide(*TUNE, *VARY, "--held-back", "50%").out
    assert "! 0.3 days were searched" in told  # of half a day


@pytest.mark.parametrize(
    "apply", [("git", "apply"), ("patch", "--silent", "-p1", "-i")], ids=["git", "patch"]
)
def test_the_change_is_written_for_a_review_and_can_be_applied(
    ebbtide: Ebbtide, tmp_path: Path, apply: tuple[str, ...]
) -> None:
    if not shutil.which(apply[0]):
        pytest.skip(f"needs {apply[0]}")
    (tmp_path / "edges").mkdir()
    write(tmp_path / "edges", edge_yaml=f"{CALENDAR}---\n{QUICK}  # the end\n")
    options = (*TUNE[2:], "--vary", "policies.presentNeed.headroom=33%", "--diff", "change.patch")
    assert ebbtide("tune", "edges/edge.yaml", *options).code == 0
    assert (tmp_path / "change.patch").read_text().startswith("# 1% may go unserved: ")
    subprocess.run([*apply, "change.patch"], cwd=tmp_path, check=True)
    changed = (tmp_path / "edges/edge.yaml").read_text()
    headroom = "  policies:\n    presentNeed:\n      headroom: 33%\n"
    assert changed == f"{CALENDAR}---\n{QUICK}{headroom}  # the end\n"
    planned = ebbtide("plan", "edges/edge.yaml", "--csv", "short.csv")
    assert (planned.code, planned.err) == (0, "")


def test_what_a_policy_has_already_is_no_change(ebbtide: Ebbtide) -> None:
    """Neither what is written in it, nor what holds where nothing is."""
    vary = ("--vary", "replicas.max=500", "--vary", "policies.presentNeed.width=0")
    told = ebbtide(*TUNE, *vary, "--diff", "change.patch")
    assert told.code == 0
    nothing = "nothing to change: the policy has these settings already"
    assert told.out.splitlines()[-1] == nothing
    assert Path("change.patch").read_text().splitlines()[1:] == [f"# {nothing}"]


def test_what_is_read_from_standard_input_is_no_file_to_change(ebbtide: Ebbtide) -> None:
    told = ebbtide("tune", "-", *TUNE[2:], "--diff", "change.patch", stdin=QUICK.encode())
    assert (told.code, told.out) == (3, "")
    assert "name the file of the policy, not -" in told.err


@pytest.mark.parametrize(
    ("policies", "left_out"),
    [
        pytest.param("query: {questions: {ask: {query: sum(x)}}}", ["query"], id="a query"),
        pytest.param("sessions: {query: live_sessions}", ["sessions"], id="sessions"),
        pytest.param("sessions: {deadline: 45m}", [], id="sessions that nobody can count"),
    ],
)
def test_what_can_not_be_replayed_is_said(
    ebbtide: Ebbtide, tmp_path: Path, policies: str, left_out: list[str]
) -> None:
    write(tmp_path, edge_yaml=f"{QUICK}  policies: {{{policies}}}\n")
    assert tuned(ebbtide)["notModelled"] == left_out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--objective", "little"], "--objective: 'little' is not a", id="objective"),
        pytest.param(["--objective", "200%"], "200%: write more than 0% and", id="too much"),
        pytest.param(["--objective", "0%"], "0%: write more than 0% and", id="too little"),
        pytest.param(["--vary", "replicas.max"], "write a field and values", id="values"),
        pytest.param(["--vary", "replicas.max=5,,6"], "--vary 'replicas.max=' is no", id="hole"),
        pytest.param(["--vary", "replicas.max=30,many"], "spec.replicas.max: ", id="value"),
        pytest.param(["--held-back", "100%"], "300 decisions 0 are left to search", id="all held"),
        pytest.param(["--held-back", "99.9%"], "300 decisions 0 are left", id="nearly all held"),
        pytest.param(["--held-back", "0.1%"], "300 decisions 300 are left", id="nothing held"),
        pytest.param(["--tick", "3d"], "--tick 3d: 4h59m are replayed; write 4h59m", id="tick"),
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


def test_calendars_and_overrides_count_as_they_do_in_a_plan(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    word = "{selector: {}, until: 2026-03-02 13:00, why: tried, freeze: true}"
    write(
        tmp_path,
        said_yaml=f"apiVersion: ebbtide.dev/v1alpha1\nkind: CapacityOverride\n"
        f"metadata: {{name: said, namespace: live}}\nspec: {word}\n",
        days_yaml=CALENDAR.replace("13:", "12:"),
    )
    hours = []
    for beside in ([], ["days.yaml"], ["said.yaml"]):
        told = ebbtide(*TUNE[:2], *beside, *TUNE[2:], *VARY, *SHORT, "--json")
        found = checked(Printed.TUNE, told.out)
        assert found["notModelled"] == []
        hours.append(max(one["searched"]["replicaHours"] for one in found["front"]))
    plain, announced, frozen = hours
    assert announced > 1.2 * plain
    assert frozen > plain


def test_auto_chooses_among_the_forecasters_of_the_house_as_the_loop_does(
    ebbtide: Ebbtide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    tried = "from pathlib import Path; Path('tried').touch()"
    install(tmp_path, "Curious = curious:Curious", "forecasters", curious=tried)
    write(tmp_path, edge_yaml=f"{EDGE}  forecast: {{model: Auto}}\n")
    told = ebbtide(*TUNE, *SHORT, "--vary", "replicas.max=25,500")
    assert told.code == 0
    assert not Path("tried").exists()


def test_one_policy_is_tuned_at_a_time(ebbtide: Ebbtide, tmp_path: Path) -> None:
    write(tmp_path, both_yaml=f"{QUICK}---\n{ORIGIN}")
    for files, named in (("days.yaml", "none"), ("both.yaml", "live/edge, live/origin")):
        told = ebbtide("tune", files, "--csv", "waves.csv")
        assert told.code == 3
        assert f"is tuned at a time, and these files have {named}\n" in told.err


# --- work that is divided, and work that goes on ----------------------------------------------


@pytest.mark.parametrize(
    ("option", "extra"),
    [
        pytest.param("--jobs=2", "--jobs needs `pip install ebbtide[jobs]`", id="processes"),
        pytest.param(
            "--cluster=tcp://127.0.0.1:1",
            "--cluster needs `pip install ebbtide[dask]`",
            id="a cluster",
        ),
    ],
)
def test_the_extra_that_an_option_needs_is_named(
    ebbtide: Ebbtide, monkeypatch: pytest.MonkeyPatch, option: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    told = ebbtide(*TUNE, *VARY, *SHORT, option)
    assert (told.code, told.out, told.err) == (3, "", f"ebbtide: {extra}\n")


@pytest.mark.parametrize(
    "vary",
    [
        pytest.param(VARY, id="some variants each"),
        pytest.param(("--vary", "replicas.max=20,25,30"), id="one variant each"),
    ],
)
def test_two_processes_find_what_one_does(ebbtide: Ebbtide, vary: tuple[str, ...]) -> None:
    pytest.importorskip("joblib", reason="needs the extra 'jobs'")
    two, one = (ebbtide(*TUNE, *vary, "--json", "--jobs", jobs) for jobs in ("2", "1"))
    assert (two, two.code) == (one, 0)


def test_no_more_processes_are_begun_than_there_is_work_for(ebbtide: Ebbtide) -> None:
    pytest.importorskip("joblib", reason="needs the extra 'jobs'")
    two = (*TUNE, *SHORT, "--vary", "replicas.max=25,500", "--json")
    few, many = (ebbtide(*two, "--jobs", jobs) for jobs in ("2", "5000"))
    assert (many, many.code) == (few, 0)


def test_a_dask_cluster_of_two_workers_finds_what_one_process_does(ebbtide: Ebbtide) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra 'dask'")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        assert len(cluster.workers) == 2
        found = tuned(ebbtide, *SHORT, "--cluster", cluster.scheduler_address)
    assert found == tuned(ebbtide, *SHORT)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        pytest.param("nowhere", "missing port number in address 'nowhere'", id="no address"),
        pytest.param("tcp://127.0.0.1:1", "Timed out trying to connect", id="nobody there"),
    ],
)
def test_a_cluster_that_does_not_answer_is_named_and_nothing_else_is_said(
    tmp_path: Path, address: str, why: str
) -> None:
    """In a process of its own: what its library leaves behind is told as it ends."""
    pytest.importorskip("distributed", reason="needs the extra 'dask'")
    command = [sys.executable, "-m", "ebbtide.cli", *TUNE, *VARY, *SHORT, "--cluster", address]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"ebbtide: --cluster {address} does not answer: {why}")


def test_what_is_no_dask_scheduler_is_waited_for_for_so_long_only(ebbtide: Ebbtide) -> None:
    pytest.importorskip("distributed", reason="needs the extra 'dask'")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        told = ebbtide(*TUNE, *VARY, *SHORT, "--cluster", address)
    assert (told.code, told.out) == (4, "")
    assert f"--cluster {address} does not answer: " in told.err


NOTED = "note: done.jsonl: 1 line without a whole variant: what no other line has is tried again\n"


def test_a_search_that_was_killed_goes_on_where_it_was(ebbtide: Ebbtide) -> None:
    whole = tuned(ebbtide, *SHORT, "--record", "done.jsonl")
    written = Path("done.jsonl").read_text()
    assert len(written.split()) > 6
    kept = written.splitlines()[:4]
    half = written.splitlines()[4][:40]
    Path("done.jsonl").write_text("\n".join([*kept, half]))
    assert tuned(ebbtide, *SHORT, "--record", "done.jsonl", noted=NOTED) == whole
    again = Path("done.jsonl").read_text().splitlines()
    assert again[:5] == [*kept, half]
    assert sorted(again[5:]) == sorted(written.splitlines()[4:])
    Path("done.jsonl").write_text("")  # killed before the first word
    assert tuned(ebbtide, *SHORT, "--record", "done.jsonl") == whole


def test_what_is_done_is_not_done_again(ebbtide: Ebbtide) -> None:
    tuned(ebbtide, *SHORT, "--record", "done.jsonl")
    forged = Path("done.jsonl").read_text().replace('"searched": [', '"searched": [9')
    Path("done.jsonl").write_text(forged)
    hours = [
        one["searched"]["replicaHours"]
        for one in tuned(ebbtide, *SHORT, "--record", "done.jsonl")["front"]
    ]
    assert min(hours) > 90


def test_a_file_that_is_no_record_is_refused_and_stays_as_it_is(ebbtide: Ebbtide) -> None:
    before = Path("short.csv").read_bytes()
    told = ebbtide(*TUNE, *VARY, *SHORT, "--record", "short.csv")
    assert told.code == 3
    assert "--record short.csv holds something else than a search" in told.err
    assert Path("short.csv").read_bytes() == before


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param({}, id="nothing else"),
        pytest.param({"searched": [1.0] * 9}, id="one part"),
        pytest.param({"searched": [1.0] * 9, "held_back": [1.0] * 8}, id="a row that is short"),
        pytest.param({"searched": [1.0] * 9, "held_back": 1.0}, id="no row"),
        pytest.param({"searched": [1.0] * 9, "held_back": ["1"] * 9}, id="no numbers"),
    ],
)
def test_a_line_of_a_record_that_lacks_something_counts_for_nothing(
    ebbtide: Ebbtide, tmp_path: Path, rows: dict[str, Any]
) -> None:
    record = tmp_path / "done.jsonl"
    found = tuned(ebbtide, *SHORT, "--record", "done.jsonl")
    *whole, last = record.read_text().splitlines()
    damaged = json.dumps({"variant": json.loads(last)["variant"], **rows})
    record.write_text("\n".join([*whole, damaged]))
    assert tuned(ebbtide, *SHORT, "--record", "done.jsonl", noted=NOTED) == found


def test_the_record_of_another_search_is_refused(ebbtide: Ebbtide, tmp_path: Path) -> None:
    tuned(ebbtide, *SHORT, "--record", "done.jsonl")
    write(tmp_path, short_csv=csv(WAVES[1:81]))
    told = ebbtide(*TUNE, *VARY, *SHORT, "--record", "done.jsonl")
    assert told.code == 3
    assert "done.jsonl is of another search" in told.err


PATH = "/apis/ebbtide.dev/v1alpha1/namespaces/live/capacitypolicies/edge"
SUGGESTED: dict[str, Any] = {
    "objective": 0.0001,
    "settings": {"presentNeed": {"headroom": "3%", "width": 2.0}, "seasonNeed": {"trust": "0%"}},
    "since": "2026-11-09T00:00:00.000Z",
    "message": "of 60 settings tried on 28.0 days it is the cheapest",
    "minutes": 40320,
    "reckonedAt": "2026-11-10T00:00:00.000Z",
}


def serve(api: HttpApi, status: dict[str, Any], preset: str = "", **policies: Any) -> None:
    metadata = {"name": "edge", "namespace": "live", "uid": "p-1", "resourceVersion": "3"}
    spec: dict[str, Any] = {"objective": {"unserved": "0.01%"}, "policies": policies}
    spec |= {"preset": preset} if preset else {}
    api.on("GET", PATH, {"metadata": metadata, "spec": spec, "status": status})


def test_the_change_that_the_operator_suggests_is_printed_for_a_review(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path
) -> None:
    serve(api, {"tuning": SUGGESTED}, presentNeed={"headroom": "5%", "width": 2})
    kubeconfig = f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"
    told = ebbtide("tune", "--from-cluster", "live/edge", kubeconfig)
    assert (told.code, told.err) == (0, "")
    why, _, change = told.out.partition("\n")
    assert why.startswith("# 0.01% may go unserved: of 60 settings tried on 28.0 days")
    found = yaml.safe_load(change)
    assert found["metadata"] == {"name": "edge", "namespace": "live"}
    assert found["spec"]["policies"] == {
        "presentNeed": {"headroom": "3%"},
        "seasonNeed": {"trust": "0%"},
    }, "what differs from what is written, or is not"


@pytest.mark.parametrize(
    ("preset", "policies"),
    [
        pytest.param("ai-service", {"presentNeed"}, id="the preset has one"),
        pytest.param("streaming-edge", {"presentNeed", "rate"}, id="it has none"),
    ],
)
def test_the_rate_of_a_preset_stays_beside_what_is_suggested(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, preset: str, policies: set[str]
) -> None:
    settings = {"presentNeed": {"headroom": "3%"}, "rate": {"share": "300%"}}
    serve(api, {"tuning": SUGGESTED | {"settings": settings}}, preset)
    kubeconfig = f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"
    told = ebbtide("tune", "--from-cluster", "live/edge", kubeconfig)
    assert yaml.safe_load(told.out)["spec"]["policies"].keys() == policies


def test_in_chinese_all_is_but_the_words_of_the_operator(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path
) -> None:
    serve(api, {"tuning": SUGGESTED})
    kubeconfig = f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"
    told = ebbtide("tune", "--from-cluster", "live/edge", kubeconfig, "--lang", "zh")
    comment = told.out.partition("\n")[0]
    assert comment.startswith("# 允许 0.01% 的需求未服务")
    assert SUGGESTED["message"] in comment


def test_the_same_goes_to_a_file(ebbtide: Ebbtide, api: HttpApi, tmp_path: Path) -> None:
    serve(api, {"tuning": SUGGESTED})
    kubeconfig = f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"
    told = ebbtide("tune", "--from-cluster", "live/edge", "--diff", "change.yaml", kubeconfig)
    assert (told.code, told.out) == (0, "")
    found = yaml.safe_load((tmp_path / "change.yaml").read_text())
    assert found["spec"]["policies"] == SUGGESTED["settings"]


@pytest.mark.parametrize(
    ("status", "policies", "why"),
    [
        pytest.param({}, {}, "nothing is suggested; it takes an objective", id="nothing"),
        pytest.param(
            {"tuning": SUGGESTED | {"settings": prior(1e-4), "message": "3.0 days are known"}},
            {},
            "nothing is suggested yet; 3.0 days are known",
            id="nothing yet",
        ),
        pytest.param(
            {"tuning": SUGGESTED}, SUGGESTED["settings"], "writes all of these", id="nothing new"
        ),
    ],
)
def test_without_a_suggestion_people_are_told_why(
    ebbtide: Ebbtide, api: HttpApi, tmp_path: Path, status: Any, policies: Any, why: str
) -> None:
    serve(api, status, **policies)
    kubeconfig = f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"
    told = ebbtide("tune", "--from-cluster", "live/edge", kubeconfig)
    assert told.code == 3
    assert why in told.err
