"""The operator on a real API server, with the rights that are installed and no others."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ebbtide.adapters.kubernetes.api_errors import Place
from ebbtide.adapters.kubernetes.api_server import connect
from ebbtide.errors import Forbidden
from tests.cluster.ebbtide_objects import arena, install, policy
from tests.cluster.manifests import deployment
from tests.cluster.operator_process import HOME, REQUEST_TIMEOUT, TICK, operator
from tests.cluster.plane import A_MINUTE, PATIENCE, Plane
from tests.deploy.rendering import ROOT, as_yaml, kustomized, of_kind
from tests.deploy.rights import Right, granted
from tests.integration.prometheus_server import PrometheusServer
from tests.integration.remote_write import Series

AS_OPERATOR = f"--as=system:serviceaccount:{HOME}:ebbtide"


@pytest.fixture
def prometheus(live_prometheus: PrometheusServer) -> PrometheusServer:
    """Half an hour of 800 viewers; what is pushed stays present for the length of a test."""
    now = time.time()
    past = [(now - 15 * back, 800.0) for back in range(120, -1, -1)]
    live_prometheus.push([Series("viewers", {"app": "edge"}, past)])
    return live_prometheus


@pytest.fixture(scope="module")
def cluster(plane: Plane) -> Iterator[Plane]:
    """A cluster in which each test installs what it asks for; afterwards all but the CRDs goes."""
    if plane.own is None:
        pytest.skip("installs Ebbtide under its real name: only in a cluster of our own")
    install(plane)
    yield plane
    kinds = {"CustomResourceDefinition"}
    rest = [each for each in kustomized("enforce") if each["kind"] not in kinds]
    plane.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=as_yaml(rest))


def install_profile(plane: Plane, profile: str) -> None:
    """Apply an overlay, and wait until the roles have their rules."""
    objects = kustomized(profile)
    first = of_kind("Namespace", objects)
    plane.apply(as_yaml(first))
    plane.apply(as_yaml([each for each in objects if each not in first]))
    wanted = granted(of_kind("ClusterRole", objects) + of_kind("Role", objects))
    plane.wait(
        lambda: wanted <= rights(plane) and may_scale(plane) == (profile == "enforce"),
        30,
        f"the account has the rights of {profile}",
    )


def rights(plane: Plane) -> set[Right]:
    """Return all that the API server lets the operator's account do at home."""
    asked = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": HOME},
    }
    ask = ("create", AS_OPERATOR, "--validate=false", "-f-", "-o=json")
    told = plane.kubectl(*ask, stdin=json.dumps(asked))
    return granted([{"rules": json.loads(told)["status"]["resourceRules"]}])


def may_scale(plane: Plane) -> bool:
    return ("apps", "deployments/scale", "patch") in rights(plane)


def enforced(name: str, **ref: str) -> dict[str, Any]:
    """Return a policy that asks for eight replicas and more."""
    found = policy(name, **ref)
    found["spec"]["mode"] = "Enforce"
    return found


def replicas(plane: Plane, namespace: str) -> int:
    count: int = plane.get("deployment", "edge", namespace=namespace)["spec"]["replicas"]
    return count


def status(plane: Plane, namespace: str, name: str = "edge") -> dict[str, Any]:
    found = plane.get("capacitypolicy", name, namespace=namespace)
    return dict(found.get("status") or {})


def managers(item: dict[str, Any]) -> set[tuple[str, str]]:
    """Return who has written an object, and by which subresource."""
    fields = item["metadata"].get("managedFields", [])
    return {(each["manager"], each.get("subresource", "")) for each in fields}


def holder(plane: Plane) -> str:
    spec = plane.get("lease", "ebbtide", namespace=HOME).get("spec") or {}
    return str(spec.get("holderIdentity", ""))


def events(plane: Plane, namespace: str) -> set[str]:
    found = plane.items("events.events.k8s.io", namespace=namespace)
    return {
        each["reason"] for each in found if each["reportingController"] == "ebbtide.dev/ebbtide"
    }


def fleet(plane: Plane, namespace: str) -> None:
    plane.apply(deployment("edge", 3), namespace=namespace)
    plane.apply(enforced("edge"), namespace=namespace)


def test_dry_run_writes_status_and_events_and_nothing_else(
    cluster: Plane, namespace: str, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    install_profile(cluster, "dry-run")
    fleet(cluster, namespace)
    with operator(cluster, "dry-run", prometheus, tmp_path) as running:
        cluster.wait(
            lambda: status(cluster, namespace).get("shadow", {}).get("replicas", 0) > 3,
            60,
            "the shadow has gone up",
        )
        cluster.wait(lambda: "DryRunRescale" in events(cluster, namespace), 10, "it is told")
        assert running.health == "ok\n"
        assert running.ask_to_end()[0] == 0
        assert running.refusals() == []
    assert replicas(cluster, namespace) == 3
    edge = cluster.kubectl(
        *("get", "deployment", "edge", "-o=json", "--show-managed-fields", f"-n={namespace}")
    )
    assert "ebbtide" not in {manager for manager, _ in managers(json.loads(edge))}
    ours = cluster.kubectl(
        *("get", "capacitypolicy", "edge", "-o=json", "--show-managed-fields", f"-n={namespace}")
    )
    written = {each for each in managers(json.loads(ours)) if each[0] == "ebbtide"}
    assert written == {("ebbtide", "status")}


def test_the_account_of_dry_run_gets_403_when_it_scales(cluster: Plane, namespace: str) -> None:
    install_profile(cluster, "dry-run")
    cluster.apply(deployment("edge", 3), namespace=namespace)
    server = connect(str(cluster.kubeconfig_for("ebbtide", HOME)))
    scale = Place("apps", "v1", "deployments", namespace, "edge", "scale")
    with pytest.raises(Forbidden, match="may not patch deployments/scale"):
        server.patch_scale(scale, {"spec": {"replicas": 4}})
    server.close()
    assert replicas(cluster, namespace) == 3


def test_enforce_scales_and_leaves_in_good_order(
    cluster: Plane, namespace: str, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    install_profile(cluster, "enforce")
    fleet(cluster, namespace)
    with operator(cluster, "enforce", prometheus, tmp_path) as running:
        cluster.wait(lambda: replicas(cluster, namespace) > 3, 60, "the Deployment is scaled")
        cluster.wait(lambda: "SuccessfulRescale" in events(cluster, namespace), 10, "it is told")
        assert holder(cluster)
        code, seconds = running.ask_to_end()
        assert code == 0, running.log
        assert seconds < PATIENCE * (TICK + REQUEST_TIMEOUT)
        assert running.refusals() == []
    assert holder(cluster) == ""


def test_other_kinds_are_scaled_by_the_roles_of_the_docs(
    cluster: Plane, namespace: str, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    install_profile(cluster, "enforce")
    text = (ROOT / "docs" / "install.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (roles,) = (each for each in blocks if "rollouts" in each)
    mine = roles.replace("argoproj.io", "games.example").replace("rollouts", "arenas")
    cluster.apply(mine)
    cluster.apply(arena("final", 3), namespace=namespace)
    cluster.apply(
        enforced("final", apiVersion="games.example/v1", kind="Arena"), namespace=namespace
    )

    def scaled() -> bool:
        size: int = cluster.get("arena", "final", namespace=namespace)["spec"]["size"]
        return size > 3

    try:
        with operator(cluster, "enforce", prometheus, tmp_path) as running:
            cluster.wait(scaled, 60, "the arena is scaled")
            assert running.refusals() == []
    finally:
        cluster.kubectl("delete", "--filename=-", stdin=mine)


def test_back_to_dry_run_the_account_can_not_scale_any_more(cluster: Plane) -> None:
    install_profile(cluster, "enforce")
    install_profile(cluster, "dry-run")
    assert not may_scale(cluster)


def test_the_pod_is_admitted_under_the_restricted_standard(cluster: Plane) -> None:
    install_profile(cluster, "enforce")
    labels = cluster.get("namespace", HOME)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    cluster.kubectl(
        *("wait", "--for=condition=Available", A_MINUTE),
        *("deployment/ebbtide", f"--namespace={HOME}"),
    )
