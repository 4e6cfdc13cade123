"""The Kubernetes edge on a real API server."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import ApiServer, Timeout, connect
from ebbtide.adapters.kubernetes.cluster import KubernetesCluster
from ebbtide.adapters.kubernetes.lease import KubernetesLease, LeaseSettings, sleepless_clock
from ebbtide.adapters.kubernetes.own_objects import Scope
from ebbtide.api.timestamps import epoch
from ebbtide.errors import ClusterUnavailable, Conflict, Forbidden, NotFound
from ebbtide.loop.ports.autoscalers import Ref
from ebbtide.loop.ports.cluster import Announcement, Resource, Target
from tests.cluster.ebbtide_objects import LEASE, RULES, arena, grant, install, policy, stateful_set
from tests.cluster.lease_holder import QUICK
from tests.cluster.manifests import deployment
from tests.cluster.plane import A_MINUTE, Plane


@pytest.fixture(scope="module")
def server(plane: Plane) -> Iterator[ApiServer]:
    install(plane)
    found = connect(str(plane.kubeconfig))
    yield found
    found.close()


def cluster(server: ApiServer, *namespaces: str) -> KubernetesCluster:
    return KubernetesCluster(
        server, may_write=lambda: True, now=time.time, scope=Scope(namespaces), instance="test"
    )


def edge(namespace: str) -> Ref:
    return Ref("apps/v1", "Deployment", namespace, "edge")


def target(server: ApiServer, ref: Ref) -> Target:
    """Return a target as the cluster has it now."""
    found = cluster(server, ref.namespace).survey().targets[ref]
    assert isinstance(found, Target), found
    return found


def only_policy(server: ApiServer, namespace: str) -> Resource:
    (found,) = cluster(server, namespace).list_policies()
    return found


def start(plane: Plane, server: ApiServer, namespace: str, replicas: int) -> Target:
    """Run a policy and its Deployment, and wait until the fleet is whole and at rest."""
    plane.apply(deployment("edge", replicas), namespace=namespace)
    plane.apply(policy("edge"), namespace=namespace)

    def whole() -> Target | None:
        found = target(server, edge(namespace))
        return found if found.ready == replicas and not found.rollout else None

    found = plane.wait(whole, 60, "all replicas are ready")
    assert found is not None
    return found


def roll_out(plane: Plane, namespace: str) -> None:
    """Replace all pods and wait until the version stands still.

    Before that, two writes in a row may well both find a newer version.
    """
    plane.kubectl("rollout", "restart", "deployment/edge", "-n", namespace)
    plane.kubectl("rollout", "status", "deployment/edge", A_MINUTE, "-n", namespace)

    def over() -> bool:
        found = plane.get("deployment", "edge", namespace=namespace)
        there = plane.items("pods", namespace=namespace, selector="app=edge")
        ended = any(
            c.get("reason") == "NewReplicaSetAvailable" for c in found["status"]["conditions"]
        )
        return ended and len(there) == found["spec"]["replicas"]

    plane.wait(over, 30, "the old pods are gone, and the rollout is said to be over")

    def still() -> bool:
        before = plane.get("deployment", "edge", namespace=namespace)
        time.sleep(1)
        return plane.get("deployment", "edge", namespace=namespace) == before

    plane.wait(still, 30, "the version stands still")


def replicas(plane: Plane, namespace: str, kind: str = "deployment", name: str = "edge") -> int:
    count: int = plane.get(kind, name, namespace=namespace)["spec"]["replicas"]
    return count


# --- survey -----------------------------------------------------------------------------------


def test_a_survey_reads_everything_a_tick_needs(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    start(plane, server, namespace, 3)
    plane.apply(stateful_set("db", 2), namespace=namespace)
    plane.apply(policy("db", kind="StatefulSet"), namespace=namespace)
    plane.apply(policy("gone"), namespace=namespace)
    plane.kubectl("autoscale", "deployment", "edge", "--min=1", "--max=5", "-n", namespace)
    cluster(server).write_override(namespace, "freeze-", FREEZE, {"by": "test"})
    db = Ref("apps/v1", "StatefulSet", namespace, "db")

    plane.wait(lambda: target(server, db).ready == 2, 60, "the StatefulSet is ready")
    seen = cluster(server).survey()
    names = [each.name for each in seen.policies if each.namespace == namespace]
    assert sorted(names) == ["db", "edge", "gone"]
    assert any(each.namespace == namespace for each in seen.overrides)
    [autoscaler] = [each for each in seen.autoscalers if each.namespace == namespace]
    assert (autoscaler.name, autoscaler.target) == ("edge", edge(namespace))
    assert (autoscaler.minimum, autoscaler.maximum) == (1, 5)
    assert isinstance(seen.targets[Ref("apps/v1", "Deployment", namespace, "gone")], NotFound)
    for ref in (db, edge(namespace)):
        found = seen.targets[ref]
        assert isinstance(found, Target)
        assert not found.rollout
        assert found.uid
        pods = plane.items("pod", namespace=namespace, selector=found.pod_selector)
        assert len(pods) == found.ready


def test_a_list_comes_in_pages(plane: Plane, server: ApiServer, namespace: str) -> None:
    for number in range(5):
        cluster(server).write_override(namespace, f"freeze-{number}", FREEZE, {})
    place = Place("ebbtide.dev", "v1alpha1", "capacityoverrides", namespace)
    found = server.items(place, page=2)
    assert [each["metadata"]["name"] for each in found] == [f"freeze-{n}" for n in range(5)]


def test_a_rollout_is_told_from_scaling(plane: Plane, server: ApiServer, namespace: str) -> None:
    start(plane, server, namespace, 3)
    ref = edge(namespace)
    slow = deployment("edge", 6, boot="1h")
    with plane.paused("kube-scheduler"):
        cluster(server).patch_scale(target(server, ref), 6)
        plane.wait(lambda: not target(server, ref).rollout, 20, "the new size was looked at")
        assert target(server, ref).ready == 3
    plane.wait(lambda: target(server, ref).ready == 6, 30, "the new pods are ready")
    cluster(server).patch_scale(target(server, ref), 2)
    plane.wait(lambda: not target(server, ref).rollout, 20, "the new size was looked at")

    slow["spec"]["replicas"] = 2
    plane.kubectl("replace", "-f-", "-n", namespace, stdin=json.dumps(slow))
    plane.wait(lambda: target(server, ref).rollout, 20, "a rollout is seen")
    time.sleep(1)  # long enough for a short-lived state to pass
    assert target(server, ref).rollout
    plane.kubectl("rollout", "undo", "deployment/edge", "-n", namespace)
    plane.wait(lambda: not target(server, ref).rollout, 20, "the rollout is over")


def test_a_rollout_by_recreate_is_seen_while_no_pod_exists(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    ref = edge(namespace)
    start(plane, server, namespace, 2)
    again = deployment("edge", 2, boot="1h")
    again["spec"]["strategy"] = {"type": "Recreate"}
    plane.kubectl("replace", "-f-", "-n", namespace, stdin=json.dumps(again))

    def between() -> bool:
        return target(server, ref).ready == 0

    plane.wait(between, 20, "the old pods are gone")
    time.sleep(1)  # long enough for a short-lived state to pass
    assert target(server, ref).rollout


def test_any_kind_with_a_scale_is_read_and_scaled(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    plane.apply(arena("game", 5), namespace=namespace)
    plane.apply(policy("game", apiVersion="games.example/v1", kind="Arena"), namespace=namespace)
    plane.kubectl(
        *("patch", "arena", "game", "--subresource=status", "--type=merge", "-n", namespace),
        '--patch={"status": {"size": 4, "selector": "app=game"}}',
    )
    ref = Ref("games.example/v1", "Arena", namespace, "game")
    found = target(server, ref)
    assert (found.replicas, found.ready, found.pod_selector) == (5, 4, "app=game")
    cluster(server).patch_scale(found, 0)
    assert plane.get("arena", "game", namespace=namespace)["spec"]["size"] == 0
    assert target(server, ref).replicas == 0
    plane.kubectl("delete", "arena", "game", "-n", namespace)
    assert isinstance(cluster(server, namespace).survey().targets[ref], NotFound)


# --- status -----------------------------------------------------------------------------------


def test_a_status_is_replaced_whole_and_nothing_else_is_touched(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    plane.apply(policy("edge"), namespace=namespace)
    first = {
        "phase": "War",
        "mode": "Enforce",
        "replicas": {"current": 9, "desired": 9},
        "memory": {"descent": {"origin": 9, "old": 1}, "stabilization": {"a": [1]}},
    }
    before = cluster(server).write_status(only_policy(server, namespace), first)
    assert before.status == first
    second = {"phase": "Ebb", "replicas": {"desired": 8}, "memory": {"descent": {"origin": 9}}}
    after = cluster(server).write_status(before, second)
    assert after.status == second
    found = plane.get("capacitypolicy", "edge", namespace=namespace)
    assert found["status"] == second
    assert found["metadata"]["labels"] == {"app": "edge"}
    assert found["metadata"]["generation"] == 1
    assert after == cluster(server).get_policy(namespace, "edge")


def test_a_status_over_somebody_elses_change_is_a_conflict(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    plane.apply(policy("edge"), namespace=namespace)
    seen = only_policy(server, namespace)
    plane.kubectl("annotate", "capacitypolicy", "edge", "edited=yes", "-n", namespace)
    with pytest.raises(Conflict, match="has changed since it was read"):
        cluster(server).write_status(seen, {"phase": "Ebb"})
    plane.kubectl("delete", "capacitypolicy", "edge", "-n", namespace)
    with pytest.raises(NotFound):
        cluster(server).write_status(seen, {"phase": "Ebb"})
    plane.apply(policy("edge"), namespace=namespace)
    with pytest.raises(Conflict):
        cluster(server).write_status(seen, {"phase": "Ebb"})
    assert only_policy(server, namespace).status == {}


# --- scale ------------------------------------------------------------------------------------


def test_a_step_survives_a_rollout_that_moved_the_version(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    seen = start(plane, server, namespace, 4)
    roll_out(plane, namespace)
    cluster(server).patch_scale(seen, 3)
    assert replicas(plane, namespace) == 3
    managed = plane.kubectl(
        *("get", "deployment", "edge", "--show-managed-fields", "-ojson", "-n", namespace)
    )
    managers = json.loads(managed)["metadata"]["managedFields"]
    mine = [each for each in managers if each["manager"] == "ebbtide"]
    assert [each["subresource"] for each in mine] == ["scale"]
    assert "f:replicas" in mine[0]["fieldsV1"]["f:spec"]


def test_a_step_never_overwrites_another_hand(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    seen = start(plane, server, namespace, 2)
    plane.kubectl("scale", "deployment/edge", "--replicas=7", "-n", namespace)
    with pytest.raises(Conflict, match="by somebody else from 2 to 7 replicas; not set to 1"):
        cluster(server).patch_scale(seen, 1)
    assert replicas(plane, namespace) == 7


def test_a_step_never_hits_a_successor_of_the_same_name(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    seen = start(plane, server, namespace, 2)
    plane.kubectl("delete", "deployment", "edge", "-n", namespace)
    with pytest.raises(NotFound):
        cluster(server).patch_scale(seen, 1)
    plane.apply(deployment("edge", 2), namespace=namespace)
    with pytest.raises(Conflict, match="deleted and made again"):
        cluster(server).patch_scale(seen, 1)
    assert replicas(plane, namespace) == 2


def test_a_stateful_set_is_scaled(plane: Plane, server: ApiServer, namespace: str) -> None:
    plane.apply(stateful_set("db", 2), namespace=namespace)
    plane.apply(policy("db", kind="StatefulSet"), namespace=namespace)
    db = Ref("apps/v1", "StatefulSet", namespace, "db")
    cluster(server).patch_scale(target(server, db), 3)
    assert replicas(plane, namespace, "statefulset", "db") == 3


# --- events, overrides, rights ----------------------------------------------------------------


def test_an_event_is_seen_where_people_look(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    plane.apply(policy("edge"), namespace=namespace)
    about = only_policy(server, namespace)
    cluster(server).announce(Announcement(about, "DescentStep", "80 to 76 replicas"))
    cluster(server).announce(Announcement(about, "RolledBack", "潮" * 900, warning=True))
    described = plane.kubectl("describe", "capacitypolicy", "edge", "-n", namespace)
    assert "80 to 76 replicas" in described
    events = plane.items("events.events.k8s.io", namespace=namespace)
    assert {each["type"] for each in events} == {"Normal", "Warning"}
    assert {each["reportingController"] for each in events} == {"ebbtide.dev/ebbtide"}


FREEZE = {"selector": {}, "until": "2036-11-12 06:00", "why": "migration", "freeze": True}


def test_an_override_is_written_and_taken_back(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    hand = cluster(server, namespace)
    written = hand.write_override(namespace, "freeze-", FREEZE, {"by": "cli"})
    assert written.name.startswith("freeze-")
    assert len(written.name) > len("freeze-")
    assert hand.list_overrides() == [written]
    with pytest.raises(Conflict, match="choose another name"):
        hand.write_override(namespace, written.name, FREEZE, {})
    with pytest.raises(ClusterUnavailable, match=r"refused \(422\).*spec"):
        hand.write_override(namespace, "wrong", {**FREEZE, "why": ""}, {})
    hand.delete_override(namespace, written.name)
    with pytest.raises(NotFound):
        hand.delete_override(namespace, written.name)


def test_without_rights_it_says_which_verb_to_allow(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    grant(plane, namespace, "guest", "[]")
    guest = connect(str(plane.kubeconfig_for("guest", namespace)))
    with pytest.raises(Forbidden) as caught:
        cluster(guest, namespace).survey()
    assert str(caught.value).startswith(
        f"may not list capacitypolicies.ebbtide.dev in namespace {namespace}: allow the verb list "
        "on capacitypolicies (API group ebbtide.dev) in RBAC"
    )
    assert f"system:serviceaccount:{namespace}:guest" in str(caught.value)
    guest.close()


def test_the_stated_rights_are_all_that_is_needed(
    plane: Plane, server: ApiServer, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    start(plane, server, namespace, 2)
    plane.apply(LEASE, namespace=namespace)
    grant(plane, namespace, "operator", RULES)
    limited = connect(str(plane.kubeconfig_for("operator", namespace)))
    hand = cluster(limited, namespace)
    seen = target(limited, edge(namespace))
    roll_out(plane, namespace)
    hand.patch_scale(seen, 1)
    about = hand.write_status(only_policy(limited, namespace), {"phase": "Peace"})
    hand.announce(Announcement(about, "DescentStep", "2 to 1"))
    lease = lease_of(limited, namespace, "operator", **UNHURRIED)
    lease.renew()
    assert lease.held
    lease.release()
    assert not caplog.records
    limited.close()


def test_a_pod_finds_its_cluster_by_its_service_account(
    plane: Plane,
    server: ApiServer,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if plane.own is None:
        pytest.skip("needs a control plane of its own, not a cluster by KUBECONFIG")
    grant(plane, namespace, "operator", RULES)
    token = plane.kubectl("create", "token", "operator", "-n", namespace)
    (tmp_path / "token").write_text(token.strip())
    here = "kubernetes.config.incluster_config"
    monkeypatch.setattr(f"{here}.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(f"{here}.SERVICE_CERT_FILENAME", str(plane.own.layout.serving_pair[0]))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(plane.own.layout.api_port))
    inside = connect()
    assert cluster(inside, namespace).list_policies() == []
    inside.close()


# --- leadership -------------------------------------------------------------------------------


UNHURRIED: dict[str, Any] = {"duration": 600, "margin": 60.0}
"""Times of a lease that no machine is too slow to hold."""


def lease_of(
    server: ApiServer,
    namespace: str,
    identity: str,
    monotonic: Callable[[], float] = sleepless_clock,
    **times: Any,
) -> KubernetesLease:
    settings = LeaseSettings(namespace=namespace, identity=identity, **QUICK | times)
    return KubernetesLease(server, settings, monotonic=monotonic, now=time.time)


def test_of_many_that_reach_for_a_lease_one_gets_it(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    plane.apply(LEASE, namespace=namespace)
    leases = [lease_of(server, namespace, f"pod-{each}", **UNHURRIED) for each in range(8)]
    gate = threading.Barrier(len(leases))

    def reach(lease: KubernetesLease) -> None:
        gate.wait()
        lease.renew()

    threads = [threading.Thread(target=reach, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (holder,) = [lease for lease in leases if lease.held]
    holder.release()
    spec = plane.get("lease", "ebbtide", namespace=namespace)["spec"]
    assert spec.get("holderIdentity", "") == ""
    leases[0].renew()
    assert leases[0].held


def test_a_lease_that_is_missing_is_created(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    lease = lease_of(server, namespace, "pod-1", **UNHURRIED)
    lease.renew()
    assert lease.held
    spec = plane.get("lease", "ebbtide", namespace=namespace)["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("pod-1", 1)


def test_a_killed_holder_is_followed_after_the_duration_and_not_before(
    plane: Plane, server: ApiServer, namespace: str, holder: Any
) -> None:
    plane.apply(LEASE, namespace=namespace)
    running = holder(namespace, "pod-1")
    follower = lease_of(server, namespace, "pod-2")
    for _ in range(10):
        follower.renew()
        assert not follower.held
        time.sleep(0.3)
    running.kill()
    running.wait()
    renewed = epoch(plane.get("lease", "ebbtide", namespace=namespace)["spec"]["renewTime"])
    follower.renew()
    sighted = time.monotonic()  # of the last renewal, at the latest
    looked = [sighted]

    def followed() -> bool:
        looked.append(time.monotonic())
        return _renewed(follower)

    plane.wait(followed, QUICK["duration"] + 3, "it is followed", every=0.05)
    spec = plane.get("lease", "ebbtide", namespace=namespace)["spec"]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("pod-2", 2)
    assert epoch(spec["acquireTime"]) - renewed >= QUICK["duration"]
    assert looked[-2] <= sighted + QUICK["duration"], "the last look that was in vain"


@pytest.fixture
def holder(plane: Plane) -> Iterator[Any]:
    """Start processes of their own that hold a lease; they end with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(namespace: str, identity: str) -> subprocess.Popen[str]:
        module = str(Path(__file__).with_name("lease_holder.py"))
        command = [sys.executable, module, str(plane.kubeconfig), namespace, identity]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def test_trust_runs_out_while_the_api_server_hangs(
    plane: Plane, server: ApiServer, namespace: str
) -> None:
    quick = connect(str(plane.kubeconfig), timeout=Timeout(0.5, 0.5))
    passed = [0.0]  # in no time
    lease = lease_of(
        quick, namespace, "pod-1", monotonic=lambda: sleepless_clock() + passed[0], **UNHURRIED
    )
    assert _renewed(lease)
    with plane.paused("kube-apiserver"):
        renewed = time.monotonic()
        assert _renewed(lease), "one failed renewal is no event"
        assert time.monotonic() - renewed < 30 * QUICK["request_timeout"]
        with pytest.raises(ClusterUnavailable, match="did not answer in time"):
            cluster(quick, namespace).survey()
        passed[0] = UNHURRIED["duration"] - UNHURRIED["margin"]
        assert not lease.held
    plane.wait(lambda: _renewed(lease), 20, "it leads again when the API server is back")
    quick.close()


def _renewed(lease: KubernetesLease) -> bool:
    lease.renew()
    return lease.held
