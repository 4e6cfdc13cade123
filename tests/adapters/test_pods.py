"""Pods at the API server: what is read of them, and how they are marked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ebbtide.adapters.kubernetes.api_server import ApiServer, Timeout, connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotLeading
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Target
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, DRAIN_SINCE, Marks, Pod, Unschedulable
from tests.adapters.http_api import Answer, HttpApi, http_api, refusal

PODS = "/api/v1/namespaces/live/pods"
NODES = "/api/v1/nodes"
EDGE = Target(
    ref=Ref("apps/v1", "Deployment", "live", "edge"),
    uid="u-1",
    resource_version="7",
    replicas=2,
    ready=2,
    pod_selector="app=edge,tier in (a,b)",
)
NINE, TEN = 1_767_258_000.0, 1_767_261_600.0
"""2026-01-01, 09:00 and 10:00 UTC."""


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        started.on("GET", NODES, {"items": [node("n-1", "a"), node("n-2", "b")]})
        yield started


@pytest.fixture
def server(api: HttpApi, tmp_path: Path) -> Iterator[ApiServer]:
    found = connect(api.kubeconfig(tmp_path / "kubeconfig"), "live", Timeout(30.0, 30.0))
    yield found
    found.close()


def cluster(server: ApiServer, *, leads: bool = True) -> KubernetesCluster:
    return KubernetesCluster(server, may_write=lambda: leads, now=lambda: TEN)


def node(name: str, zone: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}}


def item(name: str = "edge-1", **parts: Any) -> dict[str, Any]:
    """Return a pod that has been Ready since ten; `parts` replace its metadata, spec or status."""
    metadata = {
        "namespace": "live",
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "3",
        "creationTimestamp": "2026-01-01T09:00:00Z",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "edge-abc", "controller": True}],
    }
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T09:00:00Z"},
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T10:00:00Z"},
    ]
    return {
        "metadata": metadata | parts.get("metadata", {}),
        "spec": parts.get("spec", {"nodeName": "n-1"}),
        "status": parts.get("status", {"phase": "Running", "conditions": conditions}),
    }


def read(api: HttpApi, server: ApiServer, *items: Any) -> list[Pod]:
    api.on("GET", PODS, {"items": list(items)})
    return list(cluster(server).pods(EDGE))


# --- what is read -----------------------------------------------------------------------------


def test_a_ready_pod_is_read_with_the_zone_of_its_node(api: HttpApi, server: ApiServer) -> None:
    (pod,) = read(api, server, item())
    assert pod == Pod(
        namespace="live",
        name="edge-1",
        uid="uid-edge-1",
        resource_version="3",
        created=NINE,
        scheduled_since=NINE,
        ready_since=TEN,
        node="n-1",
        zone="a",
        owner="ReplicaSet",
    )
    assert (pod.key, pod.active, pod.deletion_cost) == ("live/edge-1", True, None)


def status(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"phase": "Pending", "conditions": list(conditions), **more}


def no(kind: str, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": "False", "lastTransitionTime": "2026-01-01T10:00:00Z", **more}


_PULLING = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
_UP = {"started": True, "state": {"running": {"startedAt": "2026-01-01T09:00:00Z"}}}
_NO_ROOM = {"reason": "Unschedulable", "message": "0/3 nodes are available"}
_ENDING = {"deletionTimestamp": "2026-01-01T10:00:30Z", "deletionGracePeriodSeconds": 30}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        pytest.param(
            {"spec": {}, "status": status(no("PodScheduled", **_NO_ROOM))},
            {
                "unschedulable": Unschedulable(TEN, "Unschedulable", "0/3 nodes are available"),
                "scheduled_since": None,
                "phase": "Pending",
            },
            id="no-node-has-room",
        ),
        pytest.param(
            {"status": status(no("Ready"), containerStatuses=[{}, _PULLING])},
            {"waiting": "ImagePullBackOff", "ready_since": None, "unready_since": None},
            id="the-image-can-not-be-pulled",
        ),
        pytest.param(
            {"status": status(no("Ready"), containerStatuses=[_UP])},
            {"ready_since": None, "unready_since": TEN},
            id="it-was-ready-and-is-no-more",
        ),
        pytest.param(
            {"metadata": _ENDING}, {"terminating_since": TEN, "active": False}, id="on-its-way-out"
        ),
        pytest.param(
            {"status": {"phase": "Failed"}}, {"active": False, "phase": "Failed"}, id="evicted"
        ),
        pytest.param(
            {"metadata": {"labels": {"topology.kubernetes.io/zone": "c"}}},
            {"zone": "c"},
            id="a-zone-of-its-own",
        ),
        pytest.param({"spec": {"nodeName": "n-9"}}, {"zone": ""}, id="a-node-that-is-gone"),
        pytest.param(
            {"metadata": {"creationTimestamp": "soon", "labels": 7}, "status": 7, "spec": None},
            {"created": 0.0, "phase": "Unknown", "labels": {}, "ready_since": None},
            id="nonsense",
        ),
    ],
)
def test_pods_are_read_as_they_are(
    api: HttpApi, server: ApiServer, parts: dict[str, Any], says: dict[str, Any]
) -> None:
    (pod,) = read(api, server, item(**parts))
    assert {name: getattr(pod, name) for name in says} == says


def costly(*managers: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{DELETION_COST}": {}}}}
    written = [{"manager": manager, "fieldsV1": fields} for manager in managers]
    kubelet = {"manager": "kubelet", "fieldsV1": {"f:status": {}}}
    return {"annotations": {DELETION_COST: "-5"}, "managedFields": [*written, kubelet]}


@pytest.mark.parametrize(
    ("managers", "by"),
    [(("ebbtide",), "ebbtide"), (("other", "ebbtide"), "ebbtide, other"), ((), "unknown")],
)
def test_who_has_set_the_deletion_cost_is_known(
    api: HttpApi, server: ApiServer, managers: tuple[str, ...], by: str
) -> None:
    (pod,) = read(api, server, item(metadata=costly(*managers)))
    assert (pod.deletion_cost, pod.deletion_cost_by) == ("-5", by)


def test_pods_are_listed_by_their_selector_page_by_page(api: HttpApi, server: ApiServer) -> None:
    first = {"items": [item("edge-1")], "metadata": {"continue": "more"}}
    api.on("GET", PODS, first, {"items": [item("edge-2")]})
    assert [pod.name for pod in cluster(server).pods(EDGE)] == ["edge-1", "edge-2"]
    one, two = (call.query for call in api.calls if call.path == PODS)
    assert one["labelSelector"] == two["labelSelector"] == ["app=edge,tier in (a,b)"]
    assert (one["limit"], two["continue"]) == (["500"], ["more"])


def test_a_target_without_a_selector_has_no_pods_that_could_be_listed(server: ApiServer) -> None:
    nameless = Target(ref=EDGE.ref, uid="u", resource_version="1", replicas=1, ready=1)
    with pytest.raises(ClusterUnavailable, match="labelSelectorPath"):
        cluster(server).pods(nameless)


def test_nodes_are_listed_once_for_all_the_pods_on_them(api: HttpApi, server: ApiServer) -> None:
    pods = cluster(server)
    api.on("GET", PODS, {"items": [item("edge-1"), item("edge-2", spec={"nodeName": "n-9"})]})
    for _ in range(3):
        pods.pods(EDGE)
    assert len([call for call in api.calls if call.path == NODES]) == 1


def test_without_the_right_to_list_nodes_zones_are_unknown(
    api: HttpApi, server: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    api.on("GET", NODES, refusal(403, "Forbidden", "no"))
    api.on("GET", PODS, {"items": [item()]})
    pods = cluster(server)
    assert [pods.pods(EDGE)[0].zone for _ in range(3)] == ["", "", ""]
    assert len([call for call in api.calls if call.path == NODES]) == 1
    assert "not balanced over zones: may not list nodes" in caplog.text
    assert "API group core" in caplog.text


def test_a_failure_to_list_nodes_is_made_good_at_the_next_tick(
    api: HttpApi, server: ApiServer
) -> None:
    api.on("GET", NODES, Answer(500, "down"), {"items": [node("n-1", "a")]})
    api.on("GET", PODS, {"items": [item()]})
    pods = cluster(server)
    assert [pods.pods(EDGE)[0].zone for _ in range(2)] == ["", "a"]


# --- how pods are marked ----------------------------------------------------------------------


def test_a_pod_is_marked_as_it_was_read_and_known_as_it_is_now(
    api: HttpApi, server: ApiServer
) -> None:
    (known,) = read(api, server, item())
    api.on("PATCH", f"{PODS}/edge-1", item(metadata={"resourceVersion": "4"}))
    marks = Marks(labels={DRAIN: "true"}, annotations={DRAIN_SINCE: "now", DELETION_COST: None})
    marked = cluster(server).mark_pod(known, marks)
    (sent,) = api.writes()
    assert sent.body["metadata"] == {
        "uid": "uid-edge-1",
        "resourceVersion": "3",
        "labels": {DRAIN: "true"},
        "annotations": {DRAIN_SINCE: "now", DELETION_COST: None},
    }
    assert sent.headers["content-type"] == "application/strategic-merge-patch+json"
    assert sent.query["fieldManager"] == ["ebbtide"]
    assert marked.resource_version == "4"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(refusal(409, "Conflict", "changed"), Conflict, id="changed"),
        pytest.param(refusal(403, "Forbidden", "no"), Forbidden, id="rbac"),
    ],
)
def test_a_mark_that_fails_says_on_which_pod(
    api: HttpApi, server: ApiServer, answer: Answer, kind: type[ClusterUnavailable]
) -> None:
    (known,) = read(api, server, item())
    api.on("PATCH", f"{PODS}/edge-1", answer)
    with pytest.raises(kind, match="patch pods edge-1 in namespace live"):
        cluster(server).mark_pod(known, Marks(labels={DRAIN: "true"}))


def test_nobody_but_the_leader_marks_pods(api: HttpApi, server: ApiServer) -> None:
    (known,) = read(api, server, item())
    with pytest.raises(NotLeading, match="mark on pod live/edge-1"):
        cluster(server, leads=False).mark_pod(known, Marks(labels={DRAIN: "true"}))
    assert api.writes() == []
