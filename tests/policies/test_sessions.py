"""`sessions`: how far the fleet may fall, and how many pods may drain ahead."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ebbtide_policies.contract import Bound, Decision, Kind
from ebbtide_policies.decide import decide
from ebbtide_policies.sessions import MOST_VICTIMS, Sessions, SessionsSettings, drain_count
from ebbtide_policies.victims import Crew, Pod
from tests.policies.builders import INF, NAN, house, seen, settings, steady

QUERY = "sum by (pod) (live_sessions)"


def policy(**written: Any) -> Sessions:
    return Sessions(settings(SessionsSettings, query=QUERY, **written))


def crew(idle: int = 0, busy: int = 0, **more: Any) -> Crew:
    """Pods that have drained and are idle, and others that carry two sessions each."""
    free = [Pod(name=f"i{n}", sessions=0.0, drains=600.0) for n in range(idle)]
    rest = [Pod(name=f"b{n}", sessions=2.0) for n in range(busy)]
    return Crew(pods=(*free, *rest), **more)


def said(pods: Crew | None, **scene: Any) -> Sequence[Bound]:
    written = scene.pop("written", {})
    return list(policy(**written).bounds(seen(crew=pods, **scene), {}))


@pytest.mark.parametrize(
    ("pods", "scene", "replicas", "reason"),
    [
        pytest.param(crew(7, 93), {}, 93, "SessionsLive", id="seven-are-drained"),
        pytest.param(crew(0, 100), {}, 100, "SessionsLive", id="all-are-busy"),
        pytest.param(
            crew(40, 60, terminating=18), {}, 93, "TooManyTerminating", id="termination-is-capped"
        ),
        pytest.param(
            crew(40, 60, terminating=99), {}, 100, "TooManyTerminating", id="far-too-many-end"
        ),
        pytest.param(
            crew(40, 60, unknown="no series"), {}, 100, "SessionsUnknown", id="nobody-knows"
        ),
        pytest.param(
            crew(40, 60, foreign="kubectl"), {}, 100, "DeletionCostConflict", id="a-second-hand"
        ),
        pytest.param(crew(40, 64, surplus=4), {}, 100, "StepUnderWay", id="the-last-step-lasts"),
        pytest.param(
            crew(40, 60), {"rollout": True}, 100, "RolloutInProgress", id="a-rollout-chooses"
        ),
        pytest.param(
            crew(2, 0), {"current": 2, "written": {"maxTerminating": "1%"}}, 1,
            "TooManyTerminating", id="one-may-end-at-least-and-no-more",
        ),
        pytest.param(
            crew(5, 0), {"current": 3, "written": {"maxTerminating": "100%"}}, 0,
            "TooManyTerminating", id="never-below-nothing",
        ),
    ],
)  # fmt: skip
def test_at_most_as_many_go_as_are_drained(
    pods: Crew, scene: dict[str, Any], replicas: float, reason: str
) -> None:
    (bound,) = said(pods, **scene)
    assert (bound.kind, bound.replicas, bound.reason) == (Kind.PACE_DOWN, replicas, reason)


def test_one_step_never_takes_more_pods_than_can_be_marked_before_it() -> None:
    (bound,) = said(crew(900, 100), current=1000, written={"maxTerminating": "100%"})
    assert bound.replicas == 1000 - MOST_VICTIMS


def test_it_says_nothing_of_pods_that_nobody_has_looked_at() -> None:
    assert said(None) == []
    without = Sessions(SessionsSettings())
    assert list(without.bounds(seen(crew=crew(7, 93)), {})) == []


def test_a_deadline_is_a_duration_or_never() -> None:
    assert policy(deadline="Never").settings.terms.deadline == INF
    assert policy(deadline="90m").settings.terms.deadline == 5400.0
    assert policy(deadline="Never").settings.model_dump(by_alias=True)["deadline"] == "Never"
    assert policy().settings.model_dump(by_alias=True)["deadline"] == "1h"
    with pytest.raises(ValueError, match="is not a duration"):
        policy(deadline="soon")


def test_drain_ack_is_a_term() -> None:
    assert policy(drain="Ack").settings.terms.ack
    assert not policy().settings.terms.ack


# --- how many drain ahead -----------------------------------------------------------------------


def decided(want: int, *bounds: Bound, current: int = 100) -> Decision:
    floor = Bound(Kind.FLOOR, want, "need", "PresentNeed")
    return Decision(at=0.0, current=current, want=want, replicas=current, bounds=(floor, *bounds))


def pace(replicas: float, reason: str, policy: str = "other", until: float | None = None) -> Bound:
    return Bound(Kind.PACE_DOWN, replicas, policy, reason, until=until)


_STABLE = Bound(Kind.FLOOR, 95, "stabilization", "ScaleDownStabilized")


@pytest.mark.parametrize(
    ("decision", "pods", "count"),
    [
        pytest.param(decided(60), crew(0, 100), 40, id="all-that-is-not-needed"),
        pytest.param(decided(120), crew(0, 100), 0, id="a-rising-need"),
        pytest.param(
            decided(60, pace(95, "DescentStep", "descent")), crew(0, 100), 40, id="steps-only-space"
        ),
        pytest.param(
            decided(60, pace(100, "DescentSoaking", until=9.0)), crew(0, 100), 40, id="a-soak-too"
        ),
        pytest.param(
            decided(60, pace(100, "SessionsLive", "sessions")), crew(0, 100), 40, id="its-own-pace"
        ),
        pytest.param(
            decided(60, pace(80, "ForecastGate")), crew(0, 100), 20, id="a-gate-that-is-half-shut"
        ),
        pytest.param(
            decided(60, pace(100, "DemandSuspicious")), crew(0, 100), 0, id="no-more-on-doubt"
        ),
        pytest.param(
            decided(60, pace(79.2, "Standby")), crew(0, 100), 20, id="half-a-replica-is-held-whole"
        ),
        pytest.param(decided(60, pace(NAN, "X")), crew(0, 100), 0, id="no-more-on-the-unknown"),
        pytest.param(
            decided(60, pace(80, "ForecastGate"), pace(NAN, "X")), crew(0, 100), 0,
            id="nor-where-more-is-known-beside-it",
        ),
        pytest.param(
            decided(60, pace(NAN, "X")), crew(9, 91), 9, id="on-the-unknown-those-that-do"
        ),
        pytest.param(
            decided(60, pace(100, "DemandSuspicious")), crew(9, 91), 9, id="on-doubt-those-that-do"
        ),
        pytest.param(
            decided(95, pace(100, "DemandSuspicious")), crew(9, 91), 5, id="less-on-a-rebound"
        ),
        pytest.param(
            decided(60, Bound(Kind.FLOOR, NAN, "need", "ForecastNeed")), crew(9, 91), 0,
            id="an-unknown-need-opens-all",
        ),
        pytest.param(
            decided(60, _STABLE), crew(0, 100), 40, id="what-is-held-for-a-while-may-drain"
        ),
        pytest.param(
            decided(80),
            Crew(pods=[Pod(name=f"{n}", sessions=5.0, drains=9.0 if n < 50 else None)
                       for n in range(100)]),
            40, id="half-of-what-they-carry-counts",
        ),
        pytest.param(
            decided(80),
            Crew(pods=[Pod(name=f"{n}", sessions=5.0, drains=9.0 if n < 7 else None)
                       for n in range(100)]),
            22, id="and-needs-a-whole-replica-for-a-part",
        ),
        pytest.param(
            decided(80),
            Crew(pods=[Pod(name=f"{n}", sessions=NAN, drains=9.0) for n in range(100)]),
            20, id="what-is-not-known-does-not",
        ),
        pytest.param(
            decided(80, pace(100, "MetricsUnavailable"), pace(0, "DemandUnknown")),
            crew(7, 93, unknown="down"), 7, id="in-an-outage-those-that-do",
        ),
        pytest.param(
            decided(80, pace(100, "DemandUnknown")),
            crew(7, 93, unknown="down"), 0, id="and-none-once-demand-is-not-known-either",
        ),
        pytest.param(
            decided(80, pace(100, "DemandUnknown")),
            crew(7, 93), 7, id="while-sessions-are-those-that-do",
        ),
    ],
)  # fmt: skip
def test_pods_drain_that_the_way_down_leads_past(
    decision: Decision, pods: Crew, count: int
) -> None:
    assert drain_count(decision, pods) == count


def test_in_the_house_the_step_waits_for_the_sessions() -> None:
    calm = replace(seen(demand=(steady(10.0),), crew=crew(3, 97)))
    stored = {"descent": {"origin": 100, "replicas": 100, "at": 0, "maxStep": 0.05, "soak": 60}}
    with_sessions = decide(house(policy()), calm, stored).decision
    without = decide(house(), calm, stored).decision
    assert (without.replicas, with_sessions.replicas) == (95, 97)
    told = "3 of 100 pods may go: 3 drain, 97 carry sessions or may do so"
    assert with_sessions.binding.message == told
