"""`ebbtide plan` over a real Prometheus: the past of a query, replayed."""

import csv
import json
import math
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.samples import EDGE
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

MINUTE, HOUR = 60, 3600


def wave(at: float) -> float:
    """Between 500 and 4,500 viewers, every two hours."""
    return 2500 + 2000 * math.sin(at / HOUR * math.pi)


def push(server: PrometheusServer, name: str, hours: int) -> None:
    """Write the last hours of a metric, up to the present minute."""
    now = int(time.time() // MINUTE * MINUTE)
    times = range(now - hours * HOUR, now + MINUTE, MINUTE)
    server.push([Series(name, {"app": "edge"}, [(at, wave(at)) for at in times])])


def plan(folder: Path, *options: str, edge: str = EDGE) -> subprocess.CompletedProcess[str]:
    return run(folder, "plan", *options, edge=edge)


def run(
    folder: Path, name: str, *options: str, edge: str = EDGE
) -> subprocess.CompletedProcess[str]:
    (folder / "edge.yaml").write_text(edge)
    command = [sys.executable, "-m", "ebbtide.cli", name, "edge.yaml", *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)


def test_the_past_is_replayed_as_it_was(prometheus: PrometheusServer, tmp_path: Path) -> None:
    push(prometheus, "viewers", hours=6)
    where = ["--prometheus", prometheus.url, "--since", "4h", "--tick", "60s"]
    done = plan(tmp_path, *where, "--decisions", "out.csv", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [told] = json.loads(done.stdout)
    assert told["workload"] == "live/edge"
    assert told["score"]["unserved"] < 0.01
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 60 + 1
    demand = [float(row["demand"]) for row in rows]
    assert 40 < max(demand) <= 45.1
    assert 4.9 <= min(demand) < 10


def test_what_too_few_scrape_targets_told_of_is_not_counted(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    """Half of the targets are silent for half an hour, and of the viewers only half are seen."""
    now = int(time.time() // MINUTE * MINUTE)
    times = range(now - 3 * HOUR, now + MINUTE, MINUTE)
    answering = {at: 0.5 if 80 <= (now - at) / MINUTE < 110 else 1.0 for at in times}
    seen = [(at, 3000.0 * share) for at, share in answering.items()]
    prometheus.push(
        [
            Series("viewers", {"app": "edge"}, seen),
            Series("answering", {"app": "edge"}, list(answering.items())),
        ]
    )
    where = ["--prometheus", prometheus.url, "--since", "2h", "--tick", "60s", "--json"]
    alive = "{query: sum(viewers), alive: {query: avg(answering), atLeast: 80%}}"
    for written, unserved, remarks in (("{query: sum(viewers)}", True, 0), (alive, False, 1)):
        done = plan(tmp_path, *where, edge=EDGE.replace("{query: sum(viewers)}", written))
        assert (done.returncode, done.stderr) == (0, "")
        [told] = json.loads(done.stdout)
        assert (told["score"]["unserved"] > 0) is unserved
        counted = [one for one in told["remarks"] if "30 of 121 minutes of demand" in one]
        assert len(counted) == remarks


NEVER = "{query: sum(viewers), alive: {query: avg(answering), atLeast: 80%}}"


def test_nothing_is_let_go_where_nobody_knows_who_answered_and_why_is_told(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus, "viewers", hours=6)
    where = ["--prometheus", prometheus.url, "--since", "4h", "--tick", "60s", "--json"]
    done = plan(tmp_path, *where, edge=EDGE.replace("{query: sum(viewers)}", NEVER))
    assert (done.returncode, done.stderr) == (0, "")
    [told] = json.loads(done.stdout)
    assert all(step["to"] > step["from"] for step in told["steps"])
    assert (
        "spec.demand.alive.query: 'avg(answering)' has no answer in all of that time: nobody knows "
        "whether the scrape targets answered, so nothing is let go, as live; look at the names of "
        "the metric and of its labels"
    ) in told["remarks"]


def test_a_comparison_and_a_search_tell_it_as_well(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus, "viewers", hours=3)
    edge = EDGE.replace("{query: sum(viewers)}", NEVER)
    where = ["--prometheus", prometheus.url, "--since", "2h", "--tick", "60s", "--json"]
    two = [*where, "edge.yaml,policies.descent.maxStep=20%"]
    vary = [*where, "--vary", "policies.descent.maxStep=5%,20%"]
    for command, options in (("compare", two), ("tune", vary)):
        done = run(tmp_path, command, *options, edge=edge)
        assert (done.returncode, done.stderr) == (0, "")
        assert any("so nothing is let go, as live" in r for r in json.loads(done.stdout)["remarks"])


def test_a_comparison_reads_the_past_of_every_policy(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    """Nobody vouches for the demand of the second, and the third has a demand of its own."""
    for name in ("viewers", "listeners"):
        push(prometheus, name, hours=3)
    (tmp_path / "never.yaml").write_text(EDGE.replace("{query: sum(viewers)}", NEVER))
    (tmp_path / "other.yaml").write_text(EDGE.replace("sum(viewers)", "2 * sum(listeners)"))
    where = ["--prometheus", prometheus.url, "--since", "2h", "--tick", "60s", "--json"]
    done = run(tmp_path, "compare", "never.yaml", "other.yaml", *where)
    assert (done.returncode, done.stderr) == (0, "")
    scores = json.loads(done.stdout)["scores"]
    assert scores["never"]["largestDrop"] == 0 < scores["edge"]["largestDrop"]
    assert scores["other"]["replicaHours"] > 1.5 * scores["edge"]["replicaHours"]


def test_minutes_in_which_nobody_knows_who_answered_are_counted(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    """For the last hour nothing tells which scrape targets answered."""
    push(prometheus, "viewers", hours=3)
    now = int(time.time() // MINUTE * MINUTE)
    told = [(at, 1.0) for at in range(now - 3 * HOUR, now - HOUR, MINUTE)]
    prometheus.push([Series("answering", {}, told)])
    where = ["--prometheus", prometheus.url, "--since", "2h", "--tick", "60s", "--json"]
    done = plan(tmp_path, *where, edge=EDGE.replace("{query: sum(viewers)}", NEVER))
    [counted] = [one for one in json.loads(done.stdout)[0]["remarks"] if "answering" in one]
    minutes = int(counted.partition(" of 121 minutes")[0].rpartition(" ")[2])
    assert 53 <= minutes <= 60


def test_demand_that_no_scrape_target_vouches_for_is_not_planned(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus, "viewers", hours=2)
    now = int(time.time() // MINUTE * MINUTE)
    told = [(at, 0.5) for at in range(now - 2 * HOUR, now + MINUTE, MINUTE)]
    prometheus.push([Series("answering", {}, told)])
    done = plan(
        tmp_path,
        *("--prometheus", prometheus.url, "--since", "1h"),
        edge=EDGE.replace("{query: sum(viewers)}", NEVER),
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(
        "ebbtide: live/edge: 'sum(viewers)' is not believed in any minute: at most 50% of the "
        "scrape targets answered, and 80% are asked for; look at the scrapes, or lower atLeast"
    )


def test_a_demand_that_never_was_is_zero_where_that_is_said(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    now = int(time.time() // MINUTE * MINUTE)
    prometheus.push(
        [Series("answering", {}, [(at, 1.0) for at in range(now - 2 * HOUR, now + MINUTE, MINUTE)])]
    )
    absent = NEVER.replace("alive:", "whenAbsent: Zero, alive:")
    where = ("--prometheus", prometheus.url, "--since", "1h", "--tick", "60s", "--json")
    done = plan(tmp_path, *where, edge=EDGE.replace("{query: sum(viewers)}", absent))
    assert (done.returncode, done.stderr) == (0, "")
    [told] = json.loads(done.stdout)
    assert told["score"]["largestDrop"] == 0
    assert told["score"]["replicaHours"] < 2.1


def test_what_is_wrong_with_alive_names_its_query(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus, "viewers", hours=1)
    wrong = NEVER.replace("avg(answering)", "avg(")
    done = plan(
        tmp_path,
        *("--prometheus", prometheus.url, "--since", "1h"),
        edge=EDGE.replace("{query: sum(viewers)}", wrong),
    )
    assert done.returncode == 4
    assert done.stderr.startswith("ebbtide: live/edge: 'avg(': metrics source default at http")


def test_a_query_without_an_answer_is_told(prometheus: PrometheusServer, tmp_path: Path) -> None:
    push(prometheus, "listeners", hours=1)
    done = plan(tmp_path, "--prometheus", prometheus.url, "--since", "1h")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(
        "ebbtide: live/edge: 'sum(viewers)' has no values; is the expression right?"
    )
