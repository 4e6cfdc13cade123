"""What preflight says of what it is shown: a fleet, what limits it, what its queries answer."""

import math
from collections.abc import Iterable
from typing import Any

import pytest

from ebbtide.api.reading.compose import Installed
from ebbtide.loop.observing.conflicts import Claims
from ebbtide.loop.ports.autoscalers import Autoscaler, Owner
from ebbtide.loop.ports.cluster import Json, Resource, Survey, Target
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.preflight.budgets_and_quotas import Budget, Quota, budget_checks, quota_checks
from ebbtide.loop.preflight.checks import Check, Verdict, preflight
from ebbtide.loop.preflight.metrics_answers import Answer, answer_checks, session_check
from ebbtide.loop.workload import Workload, WorkloadReader
from tests.loop.world import spec_of, target

OUTSIDE: Json = {"query": "jobs", "independent": True}
SLEEPS: Json = {"min": 2, "max": 9, "when": {"Ebb": {"min": 0}, "War": {"max": 90}}}
VANISHES: Json = {"query": "jobs", "whenAbsent": "Zero", "alive": {"query": "up"}}


def workload(status: Json | None = None, **more: Any) -> Workload:
    """The policy `edge`, understood."""
    spec, known = spec_of("edge", **more), status or {}
    policy = Resource(kind="CapacityPolicy", namespace="live", name="edge", spec=spec, status=known)
    found = WorkloadReader(Installed(models=["Flat"])).of([policy])["live/edge"]
    assert isinstance(found, Workload)
    return found


def fleet(replicas: int, ready: int, **more: Any) -> Target:
    return Target(
        ref=target("edge"), uid="d", resource_version="1", replicas=replicas, ready=ready, **more
    )


def said(of: str, checks: Iterable[Check]) -> Check:
    """The only check of a name."""
    [found] = [check for check in checks if check.name == of]
    return found


def pods(policy: Workload, seen: Target) -> Check:
    return said("pods", preflight(policy, seen, Claims(Survey())))


# --- the fleet --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        pytest.param(workload(), Verdict.STOP, id="somebody has switched it off"),
        pytest.param(
            workload(replicas=SLEEPS, demand=OUTSIDE), Verdict.WELL, id="it may sleep in a phase"
        ),
        pytest.param(
            workload({"lastStep": {"at": "2026-11-11T12:00:00Z", "from": 1, "to": 0}}),
            Verdict.WELL,
            id="it was let sleep by Ebbtide itself",
        ),
        pytest.param(
            workload({"lastStep": {"at": "2026-11-11T12:00:00Z", "from": 2, "to": 1}}),
            Verdict.STOP,
            id="Ebbtide had left one",
        ),
    ],
)
def test_a_fleet_at_zero_stops_it_where_somebody_else_put_it_there(
    policy: Workload, verdict: Verdict
) -> None:
    assert pods(policy, fleet(0, 0)).verdict is verdict


def test_why_pods_can_not_be_made_is_told_with_how_many_there_are() -> None:
    found = pods(workload(), fleet(9, 7, failing="exceeded quota: team"))
    assert found == Check(
        "pods",
        Verdict.LOOK,
        "7 of 9 are Ready: exceeded quota: team",
        "nothing is let go until all are",
    )


def test_of_a_fleet_that_is_whole_nothing_else_is_said() -> None:
    found = list(preflight(workload(), fleet(9, 9), Claims(Survey())))
    assert [(check.name, check.verdict) for check in found] == [
        (name, Verdict.WELL) for name in ("target", "second hand", "spec.replicas", "pods")
    ]
    assert said("second hand", found).found == "nobody else scales it"
    assert said("pods", found).found == "9 of 9 are Ready"


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(Owner("ebbtide-handover", applied=True), id="handed over"),
        pytest.param(Owner("kube-controller-manager"), id="an autoscaler of before"),
    ],
)
def test_what_ebbtide_or_an_autoscaler_has_written_is_declared_by_no_file(owner: Owner) -> None:
    seen = fleet(9, 9, owners=(owner,))
    found = said("spec.replicas", preflight(workload(), seen, Claims(Survey())))
    assert (found.verdict, found.found) == (Verdict.WELL, "no file declares it")


def test_an_autoscaler_that_is_given_the_floor_is_no_second_hand() -> None:
    hpa = Autoscaler("live", "by-cpu", target("edge"), resource_version="1")
    claims, floored = Claims(Survey(autoscalers=[hpa])), workload(actuator="AutoscalerFloor")
    found = said("second hand", preflight(floored, fleet(9, 9), claims))
    told = "decisions are floors of HorizontalPodAutoscaler live/by-cpu"
    assert (found.verdict, found.found) == (Verdict.WELL, told)


def test_a_paused_rollout_is_told_of() -> None:
    seen = fleet(9, 9, paused=True)
    assert said("rollout", preflight(workload(), seen, Claims(Survey()))).verdict is Verdict.LOOK


# --- what limits it ---------------------------------------------------------------------------


def test_a_budget_is_held_against_the_smallest_minimum_of_any_phase() -> None:
    policy, budget = workload(replicas=SLEEPS, demand=OUTSIDE), Budget("pdb", "minAvailable: 1", 1)
    [found] = budget_checks(policy, [budget])
    assert found.verdict is Verdict.LOOK
    assert "this policy goes down to 0" in found.found


def test_a_quota_is_held_against_the_largest_maximum_of_any_phase() -> None:
    policy = workload(replicas=SLEEPS, demand=OUTSIDE)
    low, high = quota_checks(policy, 5, [Quota("team", 50, 20), Quota("all", 500, 20)])
    assert low.found == "team leaves room for 30 more pods: 35 replicas, where replicas.max is 90"
    assert (low.verdict, high.verdict) == (Verdict.LOOK, Verdict.WELL)


# --- what its queries answer ------------------------------------------------------------------


def answers(policy: Workload, **more: Any) -> list[Check]:
    [signal] = policy.signals.values()
    asked = policy.query(signal.query, signal.source)
    return list(answer_checks(policy, [Answer(asked, **more)]))


@pytest.mark.parametrize(
    ("demand", "verdict"),
    [
        pytest.param({"query": "jobs"}, Verdict.STOP, id="it is unknown"),
        pytest.param(VANISHES, Verdict.LOOK, id="it is zero"),
    ],
)
def test_a_demand_without_a_series_stops_it_where_that_is_no_zero(
    demand: Json, verdict: Verdict
) -> None:
    [found] = answers(workload(demand=demand))
    assert (found.verdict, "no series for jobs" in found.found) == (verdict, True)


def test_a_demand_that_can_not_be_asked_stops_it_whatever_its_absence_means() -> None:
    [found] = answers(workload(demand=VANISHES), failure="timeout")
    assert (found.verdict, found.found) == (Verdict.STOP, "timeout")


@pytest.mark.parametrize(
    ("more", "verdict", "found", "todo"),
    [
        pytest.param({"failure": "timeout"}, "stop", "timeout", "asked: live", id="no answer"),
        pytest.param({}, "stop", "no series for live", "nothing is let go", id="no series"),
        pytest.param(
            {"series": ["{}", "{}"], "labelled": frozenset({"app"})},
            "stop",
            "no label pod in all series for live",
            "sum by (pod) (...)",
            id="not by pod",
        ),
        pytest.param(
            {"series": ["{}", "{}"], "labelled": frozenset({"app", "pod"})},
            "ok",
            "2 series by pod, for live",
            "",
            id="by pod",
        ),
    ],
)
def test_live_sessions_have_to_be_counted_pod_by_pod(
    more: Any, verdict: str, found: str, todo: str
) -> None:
    check = session_check(Answer(Query("live", "live", "default"), **more), "pod")
    assert (check.verdict, check.found) == (verdict, found)
    assert todo in check.next


@pytest.mark.parametrize("number", [math.nan, math.inf, -3])
def test_what_is_no_number_stops_it(number: float) -> None:
    [found] = answers(workload(), series=["{}"], number=number)
    assert found.verdict is Verdict.STOP
    assert f"{number} for edge" in found.found


@pytest.mark.parametrize(
    ("age", "interval", "verdict", "todo"),
    [
        pytest.param(120.0, 60.0, Verdict.WELL, "", id="just soon enough"),
        pytest.param(121.0, 60.0, Verdict.STOP, "hold.staleAfter is 180 s", id="too old"),
        pytest.param(1.0, 61.0, Verdict.LOOK, "at least once a minute", id="too seldom"),
        pytest.param(math.nan, 60.0, None, "", id="of an age that can't be told"),
        pytest.param(1.0, math.nan, None, "", id="of an interval that can't be told"),
    ],
)
def test_samples_have_to_come_as_often_and_as_soon_as_the_policy_holds(
    age: float, interval: float, verdict: Verdict | None, todo: str
) -> None:
    found = answers(workload(), series=["{}"], number=5.0, age=age, interval=interval)
    assert [one.verdict for one in found] == [Verdict.WELL, *([verdict] if verdict else [])]
    assert todo in found[-1].next


@pytest.mark.parametrize(
    ("series", "shown"), [("ab", "a, b"), ("abc", "a, b, c"), ("abcd", "a, b, c, ...")]
)
def test_more_than_one_series_stops_it_and_the_first_three_are_shown(
    series: str, shown: str
) -> None:
    [found] = answers(workload(), series=list(series), number=5.0)
    assert (found.verdict, found.next) == (Verdict.STOP, "write sum(...)")
    assert found.found == f"{len(series)} series for edge: {shown}"
