"""Autoscalers as an API server gives them: HPAs, ScaledObjects, and what Ebbtide noted on one."""

import json
from typing import Any

import pytest

from ebbtide.adapters.kubernetes.autoscalers import HELD, autoscalers, minimum_patch, untouched
from ebbtide.adapters.kubernetes.owners import owners_of
from ebbtide.loop.ports.autoscalers import Held, Owner, Ref

EDGE = Ref("apps/v1", "Deployment", "live", "edge")
REF = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"}
NOTE = {"policy": "live/edge", "before": 3, "wrote": 18}
LEAVING = Held("live/edge", 3, 18, leaving="2026-11-11T12:00:00.000Z")


def item(name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    known = {"name": name, "namespace": "live", "uid": "u", "resourceVersion": "7"}
    return {"metadata": known | metadata, "spec": {"scaleTargetRef": REF} | spec}


def test_an_hpa_tells_its_limits_and_what_was_noted_on_it() -> None:
    spec = {"minReplicas": 18, "maxReplicas": 40}
    (one,) = autoscalers([item("by-cpu", spec, annotations={HELD: json.dumps(NOTE)})], [], [EDGE])
    assert (str(one), one.target) == ("HorizontalPodAutoscaler live/by-cpu", EDGE)
    assert (one.minimum, one.least, one.maximum) == (18, 18, 40)
    assert one.held == Held("live/edge", 3, 18)


def test_an_hpa_that_keda_has_made_belongs_to_its_scaled_object() -> None:
    made = item(
        "keda-hpa-x", {"maxReplicas": 9}, ownerReferences=[{"kind": "ScaledObject", "name": "x"}]
    )
    listed = item("x", {"scaleTargetRef": {"name": "edge"}})
    (one,) = autoscalers([made], [listed], [EDGE])
    assert (str(one), one.target, one.least, one.maximum) == ("ScaledObject live/x", EDGE, 0, 100)
    (hidden,) = autoscalers([made], [], [EDGE])
    assert (str(hidden), hidden.resource_version) == ("ScaledObject live/x", "")


@pytest.mark.parametrize("note", ["?", "[]", '{"policy": "live/edge"}', '{"wrote": 3}', None])
def test_a_note_that_nobody_can_have_made_is_none(note: str | None) -> None:
    (one,) = autoscalers([item("by-cpu", {}, annotations={HELD: note})], [], [])
    assert one.held is None


def test_the_patch_writes_the_minimum_and_the_note_in_one_breath_and_takes_both_away() -> None:
    (one,) = autoscalers([], [item("x", {})], [])
    patch = minimum_patch(one, "8", 18, Held("live/edge", None, 18))
    assert patch["spec"] == {"minReplicaCount": 18}
    assert patch["metadata"]["resourceVersion"] == "8"
    assert json.loads(patch["metadata"]["annotations"][HELD])["before"] is None
    assert json.loads(patch["metadata"]["annotations"][HELD]).keys() == NOTE.keys()
    gone = minimum_patch(one, "8", None, None)
    assert (gone["spec"], gone["metadata"]["annotations"]) == (
        {"minReplicaCount": None},
        {HELD: None},
    )


def test_what_is_noted_is_read_again() -> None:
    (one,) = autoscalers([item("by-cpu", {})], [], [])
    noted = minimum_patch(one, "8", 18, LEAVING)["metadata"]["annotations"]
    (again,) = autoscalers([item("by-cpu", {}, annotations=noted)], [], [])
    assert again.held == LEAVING


@pytest.mark.parametrize("kind", ["hpa", "keda"])
def test_a_look_of_its_controller_leaves_an_autoscaler_untouched_and_a_person_does_not(
    kind: str,
) -> None:
    field = {"hpa": "minReplicas", "keda": "minReplicaCount"}[kind]
    read = item("x", {field: 3})
    lists = ([read], []) if kind == "hpa" else ([], [read])
    (one,) = autoscalers(*lists, [])
    assert untouched(item("x", {field: 3}, resourceVersion="9"), one)
    assert not untouched(item("x", {field: 4}), one)


def test_the_latest_owner_comes_first_and_a_scale_counts_where_nobody_is_named() -> None:
    named: dict[str, Any] = {"fieldsV1": {"f:spec": {"f:replicas": {}}}}
    entries = [
        {"manager": "flux", "operation": "Apply", "time": "2026-11-11T12:00:00Z"} | named,
        {"manager": "kubectl", "operation": "Update", "time": "2026-11-11T12:05:00Z"} | named,
        {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}},
    ]
    seen = owners_of({"metadata": {"managedFields": entries}}, "f:replicas")
    assert seen == (Owner("kubectl"), Owner("flux", applied=True))
    by_scale = [{"manager": "ebbtide", "operation": "Update", "subresource": "scale"}]
    assert owners_of({"metadata": {"managedFields": by_scale}}, "f:replicas") == (Owner("ebbtide"),)
    assert owners_of({}, "f:replicas") == ()
