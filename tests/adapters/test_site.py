"""What limits the fleets of a namespace, as an API server tells it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ebbtide.adapters.kubernetes.api_server import connect
from ebbtide.adapters.kubernetes.pod_shape import asks, may_be_on, quantity, tied
from ebbtide.adapters.kubernetes.site import Scaled, Surveyor
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Target
from ebbtide.planning.readiness.site import Site
from tests.adapters.http_api import HttpApi, http_api, refusal

LIVE = "/api/v1/namespaces/live"
POOLS = "/apis/karpenter.sh/v1/nodepools"
TARGET = Target(
    ref=Ref("apps/v1", "Deployment", "live", "edge"),
    uid="d",
    resource_version="1",
    replicas=2,
    ready=2,
    pod_selector="app=edge",
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("100m", 0.1, id="milli"),
        pytest.param("2", 2.0, id="plain"),
        pytest.param(2, 2.0, id="a number"),
        pytest.param("1.5", 1.5, id="fraction"),
        pytest.param("2Gi", 2 * 1024**3, id="binary"),
        pytest.param("3k", 3000.0, id="kilo"),
        pytest.param("1G", 1e9, id="giga"),
        pytest.param("1e3", 1000.0, id="exponent"),
        pytest.param("12E", 12e18, id="exa, no exponent"),
        pytest.param("500n", 5e-7, id="nano"),
        pytest.param("much", 0.0, id="no quantity"),
        pytest.param("1.2.3", 0.0, id="no number"),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: object, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


def container(cpu: str, **rest: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}, "limits": {"cpu": "2"}}, **rest}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        pytest.param({"containers": [container("1"), container("500m")]}, 1.5, id="all at once"),
        pytest.param(
            {"containers": [container("1")], "initContainers": [container("3")]}, 3.0, id="before"
        ),
        pytest.param(
            {
                "containers": [container("1")],
                "initContainers": [container("500m", restartPolicy="Always"), container("1")],
            },
            1.5,
            id="a sidecar beside all that follow",
        ),
        pytest.param(
            {"containers": [container("1")], "overhead": {"cpu": "250m"}}, 1.25, id="overhead"
        ),
        pytest.param(
            {"containers": [container("1")], "resources": {"requests": {"cpu": "4"}}},
            4.0,
            id="the pod says it for all",
        ),
        pytest.param(
            {
                "containers": [container("1")],
                "resources": {"requests": {"cpu": "4"}},
                "overhead": {"cpu": "250m"},
            },
            4.25,
            id="but for its overhead",
        ),
    ],
)
def test_a_pod_asks_for_what_quotas_count(spec: dict[str, Any], cpu: float) -> None:
    found = asks(spec)
    assert found["cpu"] == pytest.approx(cpu)
    assert found["pods"] == 1.0
    assert "limits.cpu" in found


def test_no_overhead_makes_a_limit_where_there_is_none() -> None:
    assert "limits.cpu" not in asks({"containers": [{}], "overhead": {"cpu": "250m"}})


def node(labels: dict[str, str], *taints: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "n", "labels": labels}, "spec": {"taints": list(taints)}}


def affinity(key: str, operator: str, *values: str) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": required}}


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("spec", "where", "may"),
    [
        pytest.param({"nodeSelector": {"zone": "a"}}, node({"zone": "a"}), True, id="selected"),
        pytest.param({"nodeSelector": {"zone": "a"}}, node({"zone": "b"}), False, id="not"),
        pytest.param({}, node({}, TAINT), False, id="tainted"),
        pytest.param({}, node({}, TAINT | {"effect": "PreferNoSchedule"}), True, id="disliked"),
        pytest.param(
            {"tolerations": [{"key": "gpu", "value": "yes"}]}, node({}, TAINT), True, id="tolerated"
        ),
        pytest.param(
            {"tolerations": [{"key": "gpu", "value": "no"}]}, node({}, TAINT), False, id="another"
        ),
        pytest.param(
            {"tolerations": [{"operator": "Exists"}]}, node({}, TAINT), True, id="bears all"
        ),
        pytest.param(
            {"tolerations": [{"operator": "Exists", "effect": "NoExecute"}]},
            node({}, TAINT),
            False,
            id="of another effect",
        ),
        pytest.param(affinity("zone", "In", "a", "b"), node({"zone": "b"}), True, id="in"),
        pytest.param(affinity("zone", "NotIn", "a"), node({"zone": "a"}), False, id="not in"),
        pytest.param(affinity("zone", "Exists"), node({}), False, id="exists"),
        pytest.param(affinity("zone", "DoesNotExist"), node({}), True, id="does not exist"),
        pytest.param(affinity("cores", "Gt", "16"), node({"cores": "32"}), True, id="greater"),
        pytest.param(affinity("cores", "Lt", "16"), node({"cores": "32"}), False, id="less"),
        pytest.param(affinity("cores", "Gt", "16"), node({}), False, id="greater than nothing"),
    ],
)
def test_a_pod_may_be_where_labels_and_taints_let_it(
    spec: dict[str, Any], where: dict[str, Any], may: bool
) -> None:
    assert may_be_on(spec, where) is may


@pytest.mark.parametrize(
    ("spec", "apart"),
    [
        pytest.param({}, False, id="free"),
        pytest.param(
            {"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]},
            True,
            id="spread",
        ),
        pytest.param(
            {"topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}]},
            False,
            id="spread if it can be",
        ),
        pytest.param(
            {
                "affinity": {
                    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}
                }
            },
            True,
            id="apart",
        ),
    ],
)
def test_rules_that_keep_pods_apart_are_noticed(spec: dict[str, Any], apart: bool) -> None:
    assert tied(spec) is apart


# --- over the wire ----------------------------------------------------------------------------


def pod(name: str, on: str = "", *, cpu: str = "1", **metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": on, "containers": [container(cpu)]}
    return {"metadata": {"name": name, **metadata}, "spec": spec, "status": {"phase": "Running"}}


def ready(name: str, cpu: str, *, ready: bool = True, **spec: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True" if ready else "Unknown"}
    status = {"allocatable": {"cpu": cpu, "pods": "110"}, "conditions": [condition]}
    return {"metadata": {"name": name}, "spec": spec, "status": status}


def quota(name: str, hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    status = {"hard": hard, "used": used}
    return {"metadata": {"name": name}, "spec": {"hard": hard, **spec}, "status": status}


def serve(api: HttpApi) -> None:
    """A namespace with two pods of a fleet, on one of three nodes beside a daemon."""
    ours = [
        pod("edge-1", "a", creationTimestamp="2026-03-01T00:00:00Z"),
        pod("edge-2", creationTimestamp="2026-03-02T00:00:00Z", cpu="2"),
    ]
    done = pod("edge-0", "a") | {"status": {"phase": "Succeeded"}}
    daemon = pod("logs", "a", cpu="500m", ownerReferences=[{"kind": "DaemonSet"}])
    api.on("GET", f"{LIVE}/pods", {"items": [*ours, done]})
    api.on("GET", "/api/v1/pods", {"items": [*ours, daemon, pod("other", "b", cpu="3")]})
    nodes = [ready("a", "4"), ready("b", "4"), ready("c", "4", ready=False)]
    api.on("GET", "/api/v1/nodes", {"items": [*nodes, ready("d", "4", unschedulable=True)]})
    api.on("GET", f"{LIVE}/resourcequotas", {"items": []})
    api.on("GET", POOLS, refusal(404, "NotFound", "the server could not find the resource"))


def surveyed(api: HttpApi, folder: Path) -> tuple[Site, list[str]]:
    server = connect(api.kubeconfig(folder / "kubeconfig"))
    try:
        surveyor = Surveyor(server, "live")
        return surveyor.site({"live/edge": Scaled(TARGET, 50)}), [*map(str, surveyor.remarks)]
    finally:
        server.close()


@pytest.fixture
def api() -> Iterator[HttpApi]:
    with http_api() as started:
        serve(started)
        yield started


def test_a_fleet_is_as_its_pods_are(api: HttpApi, tmp_path: Path) -> None:
    site, remarks = surveyed(api, tmp_path)
    [fleet] = site.fleets
    assert (fleet.workload, fleet.replicas, fleet.most) == ("live/edge", 2, 50)
    assert (fleet.pods, fleet.placed) == (2, 1)
    assert fleet.shape is not None
    assert fleet.shape.asks["cpu"] == 2.0  # of the newest
    assert fleet.shape.nodes == frozenset({"a", "b"})
    assert remarks == []


def test_nodes_have_the_room_that_others_leave(api: HttpApi, tmp_path: Path) -> None:
    site, _ = surveyed(api, tmp_path)
    assert site.nodes is not None
    rooms = {
        each.name: (each.all["cpu"], each.free["cpu"], each.free["pods"]) for each in site.nodes
    }
    assert rooms == {"a": (3.5, 2.5, 108.0), "b": (4.0, 1.0, 109.0)}
    assert [each.name for each in site.nodes] == ["b", "a"]  # the fullest first


def test_quotas_are_read_by_the_names_of_what_pods_ask_for(api: HttpApi, tmp_path: Path) -> None:
    hard = {"requests.cpu": "10", "cpu": "8", "limits.memory": "1Gi", "count/pods": "20"}
    used = {"requests.cpu": "3", "cpu": "3", "count/pods": "2"}
    scoped = quota("batch", {"pods": "1"}, {}, scopes=["Terminating"])
    ours = quota("best", {"pods": "9"}, {}, scopes=["NotBestEffort"])
    by_class = quota("gold", {"pods": "1"}, {}, scopeSelector={"matchExpressions": []})
    items = [quota("compute", hard, used), scoped, ours, by_class]
    api.on("GET", f"{LIVE}/resourcequotas", {"items": items})
    site, remarks = surveyed(api, tmp_path)
    compute, best = site.quotas
    assert compute.hard == {"cpu": 8.0, "limits.memory": 1024.0**3, "pods": 20.0}
    assert compute.used == {"cpu": 3.0, "pods": 2.0}
    assert best.name == "best"
    assert remarks == [
        "ResourceQuota batch has scopes: not reckoned with",
        "ResourceQuota gold has scopes: not reckoned with",
    ]


def test_node_pools_have_what_their_limits_leave(api: HttpApi, tmp_path: Path) -> None:
    pool = {
        "metadata": {"name": "spot"},
        "spec": {"limits": {"cpu": "100", "memory": "1Ti"}},
        "status": {"resources": {"cpu": "40", "nodes": "3"}},
    }
    api.on("GET", POOLS, {"items": [pool]})
    [found] = surveyed(api, tmp_path)[0].pools
    assert (found.name, found.free) == ("spot", {"cpu": 60.0, "memory": 1024.0**4})


@pytest.mark.parametrize(
    ("path", "what", "right"),
    [
        pytest.param("/api/v1/nodes", "the room on nodes", "verb list on nodes", id="nodes"),
        pytest.param("/api/v1/pods", "the room on nodes", "verb list on pods", id="all pods"),
        pytest.param(f"{LIVE}/pods", "the pods of live/edge", "verb list on pods", id="pods"),
        pytest.param(
            f"{LIVE}/resourcequotas", "quotas", "verb list on resourcequotas", id="quotas"
        ),
        pytest.param(POOLS, "NodePools", "verb list on nodepools", id="pools"),
    ],
)
def test_what_may_not_be_read_limits_nothing_and_is_told(
    api: HttpApi, tmp_path: Path, path: str, what: str, right: str
) -> None:
    api.on("GET", path, refusal(403, "Forbidden", "no"))
    _, remarks = surveyed(api, tmp_path)
    assert remarks[0].startswith(f"left out: {what}: may not list ")
    assert right in remarks[0]


def test_a_fleet_without_pods_tells_that_nobody_knows_what_they_ask_for(
    api: HttpApi, tmp_path: Path
) -> None:
    api.on("GET", f"{LIVE}/pods", {"items": []})
    site, remarks = surveyed(api, tmp_path)
    assert site.fleets[0].shape is None
    assert "live/edge: Deployment live/edge has no pod that tells" in remarks[0]
