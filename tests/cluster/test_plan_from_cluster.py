"""`ebbtide plan --from-cluster` on a real cluster, as a person with the rights that it names."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.cluster.ebbtide_objects import grant, install, until_it_may
from tests.cluster.feed import Feed, constant
from tests.cluster.manifests import deployment, fake_nodes
from tests.cluster.plane import A_MINUTE, Plane
from tests.cluster.running_operator import home_of
from tests.cluster.workloads import PER_REPLICA, care
from tests.integration.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

APP, FLEET = "edge", 6
CORES = 0.5
DEMAND = 2000.0
"""What twenty replicas carry at their target load."""
HARD = 8.0
ROOM = {"cpu": "4", "memory": "64Gi", "pods": "110"}
NODES = 2
READ = """
- {apiGroups: [ebbtide.dev], verbs: [list],
   resources: [capacitypolicies, eventcalendars, eventprofiles, capacityoverrides]}
- {apiGroups: [apps], resources: [deployments], verbs: [list]}
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]}
- {apiGroups: [""], resources: [pods, resourcequotas], verbs: [list]}
"""
READ_ALL = """
- {apiGroups: [""], resources: [nodes, pods], verbs: [list]}
- {apiGroups: [karpenter.sh], resources: [nodepools], verbs: [list]}
"""
POOL_CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: nodepools.karpenter.sh
spec:
  group: karpenter.sh
  scope: Cluster
  names: {kind: NodePool, plural: nodepools, singular: nodepool}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


@pytest.fixture(scope="module")
def house(plane: Plane) -> Iterator[str]:
    """A namespace with a quota, and a fleet that only goes on two nodes of its own."""
    install(plane)
    with home_of(plane, "walls") as home:
        nodes = [*yaml.safe_load_all(fake_nodes(NODES, (home,)))]
        for node in nodes:
            node["metadata"]["name"] = f"{home}-{node['metadata']['name']}"
            node["status"] = {"allocatable": ROOM, "capacity": ROOM}
        plane.apply(yaml.safe_dump_all(nodes))
        names = [node["metadata"]["name"] for node in nodes]
        plane.kubectl("wait", "--for=condition=Ready", A_MINUTE, "node", *names)
        quota = {"requests.cpu": str(HARD), "pods": "50"}
        head = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute"}}
        plane.apply(head | {"spec": {"hard": quota}}, namespace=home)
        fleet = deployment(APP, FLEET, cpu=str(CORES))
        zone = {"topology.kubernetes.io/zone": home}
        fleet["spec"]["template"]["spec"]["nodeSelector"] = zone
        plane.apply(fleet, namespace=home)
        ready = f"--for=jsonpath={{.status.readyReplicas}}={FLEET}"
        plane.kubectl("wait", ready, A_MINUTE, f"deployment/{APP}", f"-n={home}")
        plane.apply(care(APP, mode="DryRun"), namespace=home)
        grant(plane, home, "planner", READ)
        try:
            yield home
        finally:
            plane.kubectl("delete", "node", *names, "--wait=false")


@pytest.fixture
def reader_of_the_cluster(plane: Plane, house: str) -> Iterator[None]:
    """Lets the planner's account see nodes, their pods and node pools."""
    name = f"planner-{secrets.token_hex(3)}"
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    plane.apply(head | {"metadata": {"name": name}, "rules": yaml.safe_load(READ_ALL)})
    who = f"--serviceaccount={house}:planner"
    plane.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", who)
    until_it_may(plane, house, "planner", yaml.safe_load(READ_ALL)[0])
    yield
    plane.kubectl("delete", "clusterrolebinding,clusterrole", name)


def planned(plane: Plane, home: str, prometheus: PrometheusServer, *more: str) -> dict[str, Any]:
    """Plan as the account `planner`, over the last half hour of a real Prometheus."""
    kubeconfig = plane.kubeconfig_for("planner", home)
    command = [
        *(sys.executable, "-m", "ebbtide.cli", "plan", "--from-cluster", home, f"--home={home}"),
        *("--prometheus", prometheus.url, "--since", "30m", "--tick", "60s", "--json"),
        f"--kubeconfig={kubeconfig}",
    ]
    done = subprocess.run([*command, *more], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_quota_and_nodes_are_held_against_the_peak(
    plane: Plane, house: str, live_prometheus: PrometheusServer, reader_of_the_cluster: None
) -> None:
    with Feed(live_prometheus, {APP: constant(DEMAND)}):
        found = planned(plane, house, live_prometheus, "--times", "1", "--up-to", "1.2")
    [workload] = found["workloads"]
    peak = workload["peak"]
    assert DEMAND / PER_REPLICA <= peak <= 1.3 * DEMAND / PER_REPLICA
    missing = {one["wall"]: one for one in found["missing"]}
    assert missing.keys() == {"ResourceQuota", "nodes"}
    assert missing["ResourceQuota"]["missing"] == pytest.approx(peak * CORES - HARD)
    room = NODES * int(4 / CORES)
    assert missing["nodes"]["missing"] == peak - room
    assert missing["nodes"]["like"].startswith(house)
    assert (workload["atMost"], workload["carries"]) == (16, 16.0 * PER_REPLICA)
    assert [one["name"] for one in workload["walls"]] == ["compute", workload["workload"]]
    assert [one["times"] for one in found["peaks"]] == [1.0, 1.1, 1.2]
    assert found["remarks"] == []


def test_node_pools_make_room_up_to_their_limits(
    plane: Plane, house: str, live_prometheus: PrometheusServer, reader_of_the_cluster: None
) -> None:
    plane.define(POOL_CRD)
    try:
        head = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "spot"}}
        limits = {"limits": {"cpu": "1"}}
        plane.apply(head | {"spec": limits})
        with Feed(live_prometheus, {APP: constant(DEMAND)}):
            found = planned(plane, house, live_prometheus)
    finally:
        plane.kubectl("delete", "crd", "nodepools.karpenter.sh")
    [workload] = found["workloads"]
    [nodes] = [one for one in found["missing"] if one["wall"] == "nodes"]
    made = int(1 / CORES)
    assert nodes["missing"] == workload["podsOnNewNodes"] - made


def test_what_may_not_be_read_is_told(
    plane: Plane, house: str, live_prometheus: PrometheusServer
) -> None:
    with Feed(live_prometheus, {APP: constant(DEMAND)}):
        found = planned(plane, house, live_prometheus)
    assert [one["wall"] for one in found["missing"]] == ["ResourceQuota"]
    assert any("allow the verb list on nodes" in remark for remark in found["remarks"])
