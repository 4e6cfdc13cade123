"""`ebbtide timeline --prometheus`: a past that statuses and events no longer reach back to."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.http_api import HttpApi, http_api
from tests.cli.cluster.test_timeline import event, listed, policy
from tests.cli.conftest import Ebbtide, _logging, ebbtide
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import STALE, Series

__all__ = ["_logging", "ebbtide"]
MINUTE = 60
AGO = 5 * 3600
"""When the descent of these tests began."""


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        yield started


def told(name: str, course: Sequence[float], begin: int, **labels: str) -> Series:
    """One of Ebbtide's metrics, minute by minute; a NaN ends it as a scrape does."""
    who = {"exported_namespace": "live", "namespace": "ebbtide", "policy": "edge"}
    values = [(begin + MINUTE * at, value) for at, value in enumerate(course)]
    return Series(f"ebbtide_{name}", who | labels, values)


def test_steps_phases_breaches_and_lost_sessions_of_days_ago_are_told(
    prometheus: PrometheusServer, ebbtide: Ebbtide, api: HttpApi, tmp_path: Path
) -> None:
    begin = int(time.time() // MINUTE * MINUTE) - AGO
    prometheus.push(
        [
            told("replicas", [920, 920, 874, 874, 828, 874, 874], begin, which="desired"),
            told("replicas", [920] * 7, begin, which="current"),
            told("phase", [1, STALE], begin, phase="War"),
            told("phase", [1] * 6, begin + MINUTE, phase="Ebb"),
            told("binding", [1, 1, 1, 1, 1, STALE], begin, reason="DescentStep"),
            told("binding", [1, 1], begin + 5 * MINUTE, reason="ExperienceRollback"),
            told("condition", [0, 0, 0, 1, 1, 0, 0], begin, condition="Conflicted"),
            told("disrupted_sessions_total", [0, 0, 0, 0, 7, 7, 7], begin),
            told("disrupted_sessions_total", [2, 2, 2], begin, instance="one that is gone"),
        ]
    )
    recent = policy("edge", (120, 828, 782)), event(60, "edge", "PhaseChanged", "Ebb -> Peace")
    api.on("GET", "/apis/ebbtide.dev/v1alpha1/capacitypolicies", listed(recent[0]))
    api.on("GET", "/apis/ebbtide.dev/v1alpha1/capacityoverrides", listed())
    api.on("GET", "/apis/events.k8s.io/v1/events", listed(recent[1]))
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")

    answer = ebbtide(
        *("timeline", "--since=6h", "--json", f"--kubeconfig={kubeconfig}"),
        f"--prometheus={prometheus.url}",
    )
    assert (answer.code, answer.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(answer.out)
    assert [(one["what"], one["why"]) for one in found] == [
        ("PhaseChanged", "-> Ebb"),
        ("920 -> 874", "DescentStep"),
        ("Conflicted", "it holds from here on"),
        ("874 -> 828", "DescentStep"),
        ("SessionsDisrupted", "7 live sessions were on pods when they were removed"),
        ("828 -> 874", "ExperienceRollback"),
        ("ExperienceRollback", "it decided from here on"),
        ("828 -> 782", "DescentStep: a step takes at most 46"),
        ("PhaseChanged", "Ebb -> Peace"),
    ]
    assert {one["workload"] for one in found} == {"live/edge"}

    gone = ebbtide(
        *("timeline", "--since=6h", "--json", "--workload=live/gone"),
        *(f"--kubeconfig={kubeconfig}", f"--prometheus={prometheus.url}"),
    )
    assert (gone.code, json.loads(gone.out)) == (0, [])
