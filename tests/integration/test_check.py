"""`ebbtide check --prometheus`: policies held against their past in a real Prometheus."""

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.samples import EDGE
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

MINUTE, HOUR = 60, 3600
GATE = """\
  policies:
    experienceGate:
      signals:
        stalls: {query: avg(stalls), atMost: 0.01}
        errors: {query: errors, atMost: 0.01}
"""
KUBE = "kube_deployment_status_replicas_ready"


def checked(folder: Path, server: PrometheusServer, text: str) -> tuple[int, list[dict[str, Any]]]:
    (folder / "edge.yaml").write_text(text)
    command = [sys.executable, "-m", "ebbtide.cli", "check", "edge.yaml"]
    command += ["--prometheus", server.url, "--history", "6h", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    assert done.stderr == ""
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return done.returncode, found


def wave(at: float) -> float:
    """Between 500 and 4,500 viewers, every two hours."""
    return 2500 + 2000 * math.sin(at / HOUR * math.pi) + at % 7


def push(server: PrometheusServer) -> None:
    """Six hours of viewers, of 150 pods, and of two series of errors."""
    now = int(time.time() // MINUTE * MINUTE)
    times = range(now - 6 * HOUR, now + MINUTE, MINUTE)
    fleet = {"namespace": "live", "deployment": "edge"}
    server.push(
        [
            Series("viewers", {"app": "edge"}, [(at, wave(at)) for at in times]),
            Series(KUBE, fleet, [(at, 150.0) for at in times]),
            *(Series("errors", {"pod": pod}, [(at, 0.0) for at in times]) for pod in "ab"),
        ]
    )


def test_a_policy_is_held_against_all_that_its_past_tells(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus)
    text = EDGE.replace("max: 500", "max: 30") + GATE
    code, found = checked(tmp_path, prometheus, text)
    assert code == 1
    said = {one["field"]: (one["severity"], one["line"], one["found"]) for one in found}
    two = said["spec.policies.experienceGate.signals.errors.query"]
    assert two[:2] == ("error", 14)
    assert "answered with 2 series" in two[2]
    nothing = said["spec.policies.experienceGate.signals.stalls.query"]
    assert nothing == ("error", 13, "'avg(stalls)' had no answer in all of that time")
    most = said["spec.replicas.max"]
    assert most[:2] == ("error", 9)
    assert most[2].startswith("demand took 46 replicas at ")
    unproven = said["spec.capacity.perReplica"]
    assert unproven[:2] == ("warning", 8)
    assert "nobody has seen that it can" in unproven[2]


def test_a_query_that_is_asked_in_one_phase_only_is_asked_for_too(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus)
    stalls = "{signals: {stalls: {query: avg(stalls), atMost: 0.01}}}"
    text = f"{EDGE}  policies:\n    experienceGate:\n      when: {{Ebb: {stalls}}}\n"
    code, found = checked(tmp_path, prometheus, text)
    said = {one["field"]: one["found"] for one in found}
    nothing = said["spec.policies.experienceGate.when.Ebb.signals.stalls.query"]
    assert (code, nothing) == (1, "'avg(stalls)' had no answer in all of that time")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("sum by (pod) (errors)", None),
        ("sum by (pod) (sessions)", "had no answer in all of that time"),
        ("sum(errors)", "a series without pod"),
        ("errors or label_replace(errors, 'container', 'x', '', '')", "several series of pod a"),
        ("sum by (pod) (errors", "refused the query"),
    ],
)
@pytest.mark.parametrize("form", ["{query: %s}", "{when: {War: {query: %s}}}"])
def test_live_sessions_are_asked_of_each_pod(
    prometheus: PrometheusServer, tmp_path: Path, form: str, query: str, why: str | None
) -> None:
    push(prometheus)
    sessions = form % json.dumps(query)
    _, found = checked(tmp_path, prometheus, f"{EDGE}  policies:\n    sessions: {sessions}\n")
    told = [
        (one["severity"], one["line"], one["found"]) for one in found if "sessions" in one["field"]
    ]
    assert [one[:2] for one in told] == ([("error", 11)] if why else [])
    assert all(why in one[2] for one in told if why)


def test_what_too_few_scrape_targets_told_of_is_unknown(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    """A quarter of the time nothing is heard of half of them, and then of nobody."""
    now = int(time.time() // MINUTE * MINUTE)
    times = range(now - 6 * HOUR, now + MINUTE, MINUTE)
    quarter = {at for at in times if 90 <= (now - at) // MINUTE < 180}
    prometheus.push(
        [
            Series("viewers", {}, [(at, wave(at)) for at in times if at not in quarter]),
            Series("answering", {}, [(at, 0.5 if at in quarter else 1.0) for at in times]),
        ]
    )
    for at_least, share in (("80%", "25%"), ("40%", "")):
        alive = f"alive: {{query: avg(answering), atLeast: {at_least}}}"
        zero, hold = f"sum(viewers), whenAbsent: Zero, {alive}", f"sum(answering), {alive}"
        both = f"signals: {{viewers: {{query: {zero}}}, jobs: {{query: {hold}}}}}"
        for text in (
            EDGE.replace("sum(viewers)", zero),
            EDGE.replace("query: sum(viewers)", both),  # the second asks for less of their past
        ):
            _, found = checked(tmp_path, prometheus, text)
            told = [one["found"] for one in found if "unknown" in one["found"]]
            assert {each.partition(" ")[0] for each in told} == ({share} if share else set())


def test_a_demand_of_two_series_or_none_is_an_error(
    prometheus: PrometheusServer, tmp_path: Path
) -> None:
    push(prometheus)
    for query, why in (
        ("errors", "answered with 2 series"),
        ("sum(listeners)", "had no answer in all of that time"),
        ("sum(viewers", "refused the query"),
    ):
        code, [found] = checked(tmp_path, prometheus, EDGE.replace("sum(viewers)", query))
        assert (code, found["field"], found["severity"]) == (1, "spec.demand.query", "error")
        assert why in found["found"]
