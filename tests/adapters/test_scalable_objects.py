"""What counts as a rollout, and how a selector is written."""

from typing import Any

import pytest

from ebbtide.adapters.kubernetes.scalable_objects import (
    failing,
    from_object,
    rolling_out,
    selector_text,
)
from ebbtide.loop.ports.autoscalers import Ref

DONE = {"type": "Progressing", "reason": "NewReplicaSetAvailable"}
AT_WORK = {"type": "Progressing", "reason": "ReplicaSetUpdated"}


def item(generation: int = 3, spec: Any = None, **status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(item(replicas=10, updatedReplicas=10, conditions=[DONE]), False, id="at-rest"),
        pytest.param(item(replicas=10, updatedReplicas=4), True, id="old-pods-are-left"),
        pytest.param(item(replicas=10), True, id="no-new-pod-yet"),
        pytest.param(item(observedGeneration=2), True, id="a-change-not-yet-looked-at"),
        pytest.param(
            item(replicas=4, updatedReplicas=4, conditions=[DONE]), False, id="pods-of-a-scale-up"
        ),
        pytest.param(item(conditions=[AT_WORK]), True, id="recreate-between-old-and-new"),
        pytest.param(item(conditions=[None, "?", {}]), False, id="odd-conditions"),
    ],
)
def test_a_deployment_rolls_out_while_its_template_changes(
    found: dict[str, Any], *, expected: bool
) -> None:
    assert rolling_out("Deployment", found) is expected


def stateful(strategy: Any = None, **status: Any) -> dict[str, Any]:
    return item(spec={"updateStrategy": strategy}, updateRevision="b", **status)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(stateful(currentRevision="b", replicas=4), False, id="at-rest"),
        pytest.param(
            stateful(currentRevision="a", replicas=4, updatedReplicas=1), True, id="under-way"
        ),
        pytest.param(
            stateful({"type": "OnDelete"}, currentRevision="a", replicas=4), False, id="by-hand"
        ),
        pytest.param(
            stateful({"rollingUpdate": {"partition": 3}}, replicas=4, updatedReplicas=1),
            False,
            id="a-canary-that-stays",
        ),
        pytest.param(
            stateful({"rollingUpdate": {"partition": 2}}, replicas=4, updatedReplicas=1),
            True,
            id="a-canary-under-way",
        ),
    ],
)
def test_a_stateful_set_rolls_out_while_its_strategy_replaces_pods(
    found: dict[str, Any], *, expected: bool
) -> None:
    assert rolling_out("StatefulSet", found) is expected


def test_other_kinds_roll_out_only_where_they_say_so() -> None:
    assert not rolling_out("ReplicaSet", item(replicas=10))
    assert not rolling_out("Arena", {})
    assert rolling_out("Rollout", item(replicas=10, updatedReplicas=1))


def test_a_paused_deployment_says_so() -> None:
    ref = Ref("apps/v1", "Deployment", "live", "edge")
    assert from_object(ref, item(spec={"replicas": 1, "paused": True})).paused


def test_a_selector_is_written_as_a_list_of_pods_wants_it() -> None:
    expressions = [
        {"key": "zone", "operator": "In", "values": ["a", "b"]},
        {"key": "tier", "operator": "NotIn", "values": ["free"]},
        {"key": "live", "operator": "Exists"},
        {"key": "canary", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"app": "edge"}, "matchExpressions": expressions}
    assert selector_text(selector) == "app=edge,zone in (a,b),tier notin (free),live,!canary"


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param("odd", "", id="what can't be understood"),
        pytest.param([{"type": "ReplicaFailure", "status": "False"}], "", id="it is over"),
        pytest.param(
            [
                None,
                {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"},
            ],
            "exceeded quota: small",
            id="a quota",
        ),
        pytest.param(
            [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}],
            "FailedCreate",
            id="no message",
        ),
    ],
)
def test_a_controller_that_can_not_create_pods_says_why(conditions: Any, says: str) -> None:
    assert failing({"status": {"conditions": conditions}}) == says
