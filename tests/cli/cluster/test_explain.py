"""`ebbtide explain`: the bounds of the last decision, from a real answer over the wire."""

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.http_api import HttpApi, refusal
from tests.cli.conftest import Ebbtide

PATH = "/apis/ebbtide.dev/v1alpha1/namespaces/live/capacitypolicies/edge"
STEP = {
    "policy": "descent",
    "kind": "PaceDown",
    "replicas": 1131,
    "reason": "DescentStep",
    "message": "a step of 58 [5%] :tada:",
}
NEED = {
    "policy": "forecastNeed",
    "kind": "Floor",
    "replicas": 944,
    "reason": "ForecastNeed",
    "message": "the forecast asks for 944",
}
DOUBT = {"policy": "query", "kind": "PaceDown", "reason": "SignalMissing", "message": ""}
STATUS: dict[str, Any] = {
    "mode": "Enforce",
    "phase": "Ebb",
    "replicas": {"current": 1189, "ready": 1180, "desired": 1131, "want": 944},
    "binding": STEP,
    "bounds": [STEP, NEED, DOUBT],
    "conditions": [
        {"type": "Ready", "status": "True", "reason": "Decided"},
        {"type": "Squeezed", "status": "False", "reason": "Fits"},
        {"type": "EventsUnderstood", "status": "True", "reason": "EventsUnderstood"},
        {"type": "SessionsSpared", "status": "True", "reason": "EmptiestFirst"},
        {"type": "MetricsAvailable", "status": "False", "reason": "QueryFailed"},
        {"type": "Conflicted", "status": "True", "reason": "Hpa", "message": "HPA live/edge"},
    ],
    "decisions": [
        {"at": "2026-11-10T16:12:00.000Z", "from": 1248, "to": 1189, "reason": "DescentStep"},
        {"at": "2026-11-10T16:13:00.000Z", "from": 1189, "to": 1131, "reason": "DescentStep"},
    ],
}


@pytest.fixture
def kubeconfig(api: HttpApi, tmp_path: Path) -> str:
    return f"--kubeconfig={api.kubeconfig(tmp_path / 'kubeconfig')}"


def serve(api: HttpApi, status: dict[str, Any]) -> None:
    metadata = {"name": "edge", "namespace": "live", "uid": "p-1", "resourceVersion": "3"}
    api.on("GET", PATH, {"metadata": metadata, "spec": {}, "status": status})


def test_the_binding_bound_comes_first(ebbtide: Ebbtide, api: HttpApi, kubeconfig: str) -> None:
    serve(api, STATUS)
    told = ebbtide("explain", "live/edge", kubeconfig)
    lines = [line.rstrip() for line in told.out.splitlines()]
    assert (told.code, told.err) == (0, "")
    assert lines[0] == "live/edge  Ebb  Enforce  1,189 replicas, 1,180 ready, 1,131 desired"
    assert lines[4].split(None, 6) == [
        *("▸", "now", "not", "below", "1,131", "descent"),
        "DescentStep: a step of 58 [5%] :tada:",
    ]
    assert lines[5].split()[:4] == ["at", "least", "944", "forecastNeed"]
    assert lines[6].split() == ["now", "not", "below", "?", "query", "SignalMissing"]


def test_only_what_is_worth_a_look_follows(ebbtide: Ebbtide, api: HttpApi, kubeconfig: str) -> None:
    serve(api, STATUS)
    told = ebbtide("explain", "live/edge", kubeconfig).out
    assert "! MetricsAvailable=False: QueryFailed\n! Conflicted=True: HPA live/edge\n" in told
    assert "Squeezed" not in told
    assert [line.split() for line in told.splitlines()[-2:]] == [
        ["2026-11-10T16:13:00Z", "1,189", "->", "1,131", "DescentStep"],
        ["2026-11-10T16:12:00Z", "1,248", "->", "1,189", "DescentStep"],
    ]


def test_a_workload_that_is_held_shows_why(ebbtide: Ebbtide, api: HttpApi, kubeconfig: str) -> None:
    held = {"policy": "resource", "kind": "PaceDown", "reason": "InvalidSpec", "message": "max"}
    serve(api, {"binding": held})
    told = ebbtide("explain", "live/edge", kubeconfig)
    assert told.code == 0
    assert "?  resource  InvalidSpec: max" in told.out


def test_a_policy_that_was_never_decided_on_is_told(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, {})
    told = ebbtide("explain", "live/edge", kubeconfig)
    assert told.code == 3
    assert "live/edge has not been decided on yet; is the operator running" in told.err


@pytest.mark.parametrize("name", ["edge", "live/", "/edge", "live/edge/scale"])
def test_a_name_has_a_namespace(ebbtide: Ebbtide, name: str) -> None:
    told = ebbtide("explain", name)
    assert told.code == 3
    assert told.err == f"ebbtide: '{name}': write NAMESPACE/NAME, like live/stream-edge\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(refusal(404, "NotFound", "gone"), "not there", id="missing"),
        pytest.param(refusal(403, "Forbidden", "no"), "RBAC", id="forbidden"),
    ],
)
def test_a_refusal_of_the_api_server_has_a_code_of_its_own(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str, answer: Any, why: str
) -> None:
    api.on("GET", PATH, answer)
    told = ebbtide("explain", "live/edge", kubeconfig)
    assert (told.code, told.out) == (4, "")
    assert why in told.err


def test_without_a_kubeconfig_there_is_no_way_to_the_api_server(ebbtide: Ebbtide) -> None:
    told = ebbtide("explain", "live/edge", "--kubeconfig", "nowhere")
    assert told.code == 3
    assert told.err.startswith("ebbtide: no way to the API server: name a kubeconfig")


def test_an_unknown_context_is_refused(ebbtide: Ebbtide, kubeconfig: str) -> None:
    told = ebbtide("explain", "live/edge", kubeconfig, "--context", "moon")
    assert told.code == 3
    assert "moon" in told.err


def test_the_next_steps_stand_above_the_last_ones(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    ahead = [
        {"at": "2026-11-10T16:14:00.000Z", "from": 1131, "to": 1073, "reason": "DescentStep"},
        {"at": "2026-11-10T16:15:00.000Z", "from": 1073, "to": 1015, "reason": "ForecastGate"},
    ]
    serve(api, STATUS | {"nextSteps": ahead})
    lines = ebbtide("explain", "live/edge", kubeconfig).out.splitlines()
    told = [line.split()[0] for line in lines if line.startswith("  2026-")]
    assert told == [f"2026-11-10T16:{minute}:00Z" for minute in (15, 14, 13, 12)]
    assert any("next, if demand goes as is foreseen:" in line for line in lines)


def test_a_hold_says_since_when_and_what_it_costs_an_hour(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    metadata = {"name": "edge", "namespace": "live", "uid": "p-1", "resourceVersion": "3"}
    spec = {"capacity": {"costPerHour": 0.12}}
    held = STATUS | {"heldSince": "2026-11-10T16:13:15.000Z"}
    api.on("GET", PATH, {"metadata": metadata, "spec": spec, "status": held})
    assert (
        "DescentStep has kept 187 replicas more than are wanted since 2026-11-10T16:13:15Z, "
        "which costs 22.44 an hour"
        in " ".join(ebbtide("explain", "live/edge", kubeconfig).out.split())
    )


def test_what_is_wanted_costs_nothing_more(ebbtide: Ebbtide, api: HttpApi, kubeconfig: str) -> None:
    serve(api, STATUS | {"replicas": {"current": 9, "ready": 9, "desired": 9, "want": 9}})
    assert "more than are wanted" not in ebbtide("explain", "live/edge", kubeconfig).out


TUNING: dict[str, Any] = {
    "objective": 0.0001,
    "settings": {"presentNeed": {"headroom": "3%", "width": 2.0}},
    "since": "2026-11-09T00:00:00.000Z",
    "message": "of 60 settings tried on 28.0 days it is the cheapest",
    "minutes": 40320,
    "unserved": 5.2e-05,
    "cost": 0.93,
    "reckonedAt": "2026-11-10T00:00:00.000Z",
}


def test_the_settings_that_its_past_speaks_for_are_told_with_why(
    ebbtide: Ebbtide, api: HttpApi, kubeconfig: str
) -> None:
    serve(api, STATUS | {"tuning": TUNING})
    told = " ".join(ebbtide("explain", "live/edge", kubeconfig).out.split())
    assert "objective 0.01%: presentNeed.headroom 3%, presentNeed.width 2.0 (suggested" in told
    assert "of 60 settings tried on 28.0 days it is the cheapest; 0.930 times the cost" in told


def test_settings_in_force_are_said_to_be(ebbtide: Ebbtide, api: HttpApi, kubeconfig: str) -> None:
    force = {name: TUNING[name] for name in ("objective", "settings", "since")}
    serve(api, STATUS | {"tuning": TUNING | {"applied": force}})
    told = " ".join(ebbtide("explain", "live/edge", kubeconfig).out.split())
    assert "(in force since 2026-11-09 00:00Z)" in told
    assert "times the cost" not in told
