"""`ebbtide timeline`: what happened across the fleet, from real answers over the wire."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ebbtide.adapters.prometheus.past import Turn
from ebbtide.api.timestamps import stamp
from ebbtide.cli.cluster.past import told
from tests.adapters.http_api import HttpApi
from tests.cli.conftest import Ebbtide

OURS = "/apis/ebbtide.dev/v1alpha1"
EVENTS = "/apis/events.k8s.io/v1"


def before_now(seconds: float) -> str:
    return stamp((datetime.now(UTC) - timedelta(seconds=seconds)).timestamp())  # noqa: TID251


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {}, "items": list(items)}


def policy(name: str, *steps: tuple[float, int, int]) -> dict[str, Any]:
    decisions = [
        {
            "at": before_now(ago),
            "from": before,
            "to": after,
            "phase": "Ebb",
            "reason": "DescentStep",
            "message": "a step takes at most 46",
        }
        for ago, before, after in steps
    ]
    return {
        "metadata": {"name": name, "namespace": "live"},
        "spec": {},
        "status": {"decisions": decisions},
    }


def event(ago: float, name: str, reason: str, note: str, **said: str) -> dict[str, Any]:
    return {
        "eventTime": before_now(ago),
        "reportingController": "ebbtide.dev/ebbtide",
        "regarding": {"kind": "CapacityPolicy", "namespace": "live", "name": name},
        "reason": reason,
        "note": note,
        "type": "Normal",
    } | said


@pytest.fixture
def kubeconfig(api: HttpApi, tmp_path: Path) -> str:
    api.on(
        "GET",
        f"{OURS}/capacitypolicies",
        listed(policy("edge", (900, 920, 874), (600, 874, 828)), policy("origin", (4000, 9, 8))),
    )
    api.on(
        "GET",
        f"{EVENTS}/events",
        listed(
            event(800, "edge", "ExperienceRollback", "stalls went to 0.02", type="Warning"),
            event(600, "edge", "SuccessfulRescale", "Ebb: 874 -> 828 replicas"),
            event(1200, "edge", "SuccessfulRescale", "Ebb: 966 -> 920 replicas"),
            event(700, "origin", "PhaseChanged", "War -> Ebb"),
            event(500, "edge", "Scheduled", "a pod", reportingController="scheduler"),
            event(500, "edge", "Odd", "no time", eventTime="yesterday"),
        ),
    )
    said = {"until": "2999-01-01 00:00", "timeZone": "UTC", "why": "CDN moves", "freeze": True}
    past = said | {"until": "2020-01-01 00:00"}
    overrides = [
        {"metadata": {"name": name, "namespace": "live"}, "spec": spec}
        for name, spec in (("freeze-1", said), ("old", past), ("odd", {"freeze": "yes"}))
    ]
    api.on("GET", f"{OURS}/capacityoverrides", listed(*overrides))
    return f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"


def test_steps_and_events_stand_in_the_order_in_which_they_happened(
    ebbtide: Ebbtide, kubeconfig: str
) -> None:
    told = ebbtide("timeline", kubeconfig, "--json")
    assert (told.code, told.err) == (0, "")
    found = json.loads(told.out)
    assert [(one["workload"], one["what"]) for one in found] == [
        ("live/edge", "SuccessfulRescale"),
        ("live/edge", "920 -> 874"),
        ("live/edge", "ExperienceRollback"),
        ("live/origin", "PhaseChanged"),
        ("live/edge", "874 -> 828"),
    ]
    assert [one["warning"] for one in found] == [False, False, True, False, False]
    assert found[1]["why"] == "DescentStep: a step takes at most 46"


def test_the_page_tells_what_people_have_said_that_still_holds(
    ebbtide: Ebbtide, kubeconfig: str
) -> None:
    told = ebbtide("timeline", kubeconfig)
    assert told.code == 0
    assert "stalls went to 0.02" in told.out
    lines = [line.strip() for line in told.out.splitlines() if line.startswith("!")]
    assert lines == ["! live/freeze-1 holds until 2999-01-01 00:00 UTC: CDN moves"]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        pytest.param(["--since", "2h"], 6, id="longer"),
        pytest.param(["--since", "11m"], 1, id="shorter"),
        pytest.param(["--workload", "live/origin"], 1, id="one workload"),
        pytest.param(["-n", "other"], 0, id="another namespace"),
    ],
)
def test_it_can_be_narrowed(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, options: list[str], count: int
) -> None:
    api.on("GET", f"{EVENTS}/namespaces/other/events", listed())
    assert len(json.loads(ebbtide("timeline", kubeconfig, "--json", *options).out)) == count


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        pytest.param("Conflicted", "it holds from here on", id="which is well while it does not"),
        pytest.param("Ready", "it does not hold from here on", id="which is well while it holds"),
    ],
)
def test_a_condition_that_turned_bad_is_told_as_it_is(condition: str, why: str) -> None:
    [found] = told([Turn(0.0, "live/edge", "condition", condition, 1.0)])
    assert (found.what, found.why, found.warning) == (condition, why, True)


def test_a_quiet_time_is_said_to_be_one(ebbtide: Ebbtide, kubeconfig: str) -> None:
    told = ebbtide("timeline", kubeconfig, "--since", "1m")
    assert told.out.startswith("nothing happened in the last 1m")


def test_a_workload_that_is_not_there_is_named(ebbtide: Ebbtide, kubeconfig: str) -> None:
    told = ebbtide("timeline", kubeconfig, "--workload", "live/none")
    assert told == (3, "", "ebbtide: live/none: there is no such CapacityPolicy\n")
