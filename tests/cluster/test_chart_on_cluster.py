"""The chart on a real API server: installed, given the right to scale, and taken away again."""

import json

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.plane import A_MINUTE, KubectlError, Plane
from tests.deploy.rendering import CHART, helm


def run_helm(plane: Plane, namespace: str, command: str, *flags: str) -> None:
    where = [f"--kubeconfig={plane.kubeconfig}", f"--namespace={namespace}"]
    done = helm(command, "ebbtide", *where, "--wait", A_MINUTE, *flags)
    assert done.returncode == 0, done.stderr


def may_scale(plane: Plane, namespace: str) -> bool:
    who = f"--as=system:serviceaccount:{namespace}:ebbtide"
    flags = ["--subresource=scale", "--all-namespaces", who]
    try:
        plane.kubectl("auth", "can-i", "patch", "deployments.apps", *flags)
    except KubectlError:
        return False
    return True


def test_helm_installs_upgrades_and_removes_the_operator(plane: Plane, namespace: str) -> None:
    if plane.own is None:
        pytest.skip("installs Ebbtide under its real name: only in a cluster of our own")
    install(plane)
    run_helm(plane, namespace, "install", str(CHART))
    assert not may_scale(plane, namespace)

    leading = {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 60}}
    plane.kubectl(
        *("patch", "lease", "ebbtide", "--type=merge", f"--patch={json.dumps(leading)}"),
        *(f"--namespace={namespace}", "--field-manager=ebbtide"),
    )
    run_helm(plane, namespace, "upgrade", str(CHART), "--reuse-values", "--set=maxMode=Enforce")
    plane.wait(lambda: may_scale(plane, namespace), 30, "the account may scale")
    lease = plane.get("lease", "ebbtide", namespace=namespace)
    assert lease["spec"]["holderIdentity"] == "somebody", "an upgrade took the Lease away"

    run_helm(plane, namespace, "upgrade", str(CHART), "--reuse-values", "--set=maxMode=DryRun")
    plane.wait(lambda: not may_scale(plane, namespace), 30, "the account may not scale any more")

    run_helm(plane, namespace, "uninstall")
    plane.get("crd", "capacitypolicies.ebbtide.dev")  # policies outlive the operator
    with pytest.raises(KubectlError, match="NotFound"):
        plane.get("clusterrole", "ebbtide")
