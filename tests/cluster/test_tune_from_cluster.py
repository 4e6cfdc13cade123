"""`ebbtide tune --from-cluster`: what it prints is a patch that a real API server takes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ebbtide.api.capacity_policy.objective import Settings, bursting, knobs, remembering
from ebbtide.api.capacity_policy.presets import merged
from tests.cluster.ebbtide_objects import install, policy
from tests.cluster.plane import Plane

OBJECTIVE = 0.001
WRITTEN = {"presentNeed": {"headroom": "50%"}, "descent": {"maxStep": "7%"}}
"""What the policy says itself: of the one something else is suggested, of the other nothing."""


def suggesting(settings: Settings) -> dict[str, Any]:
    """The status of a policy whose past speaks for some settings."""
    message = "of 60 settings tried on 28.0 days it came cheapest: 100% of it, and # no more"
    tuning = {
        "objective": OBJECTIVE,
        "settings": settings,
        "since": "2026-11-09T00:00:00.000Z",
        "reckonedAt": "2026-11-10T00:00:00.000Z",
        "message": message,
        "minutes": 40320,
        "unserved": 0.0,
        "cost": 0.8,
    }
    return {"status": {"tuning": tuning}}


def suggested(plane: Plane, namespace: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Ask for the change of a policy that its operator suggests."""
    command = [
        *(sys.executable, "-m", "ebbtide.cli", "tune", "--from-cluster", f"{namespace}/edge"),
        f"--kubeconfig={plane.kubeconfig}",
        *more,
    ]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(knobs(0.03, 2.0), id="demand that is followed closely"),
        pytest.param(bursting(0.1, "2h"), id="demand that leaps"),
        pytest.param(remembering(1.2, "1d", 0.5), id="what is not to be foreseen"),
    ],
)
def test_a_policy_that_is_patched_with_it_has_the_settings_and_all_that_it_had(
    plane: Plane, namespace: str, tmp_path: Path, settings: Settings
) -> None:
    install(plane)
    before = policy("edge")
    before["spec"] |= {"objective": {"unserved": "0.1%"}, "policies": WRITTEN}
    plane.apply(before, namespace=namespace)
    where = ("capacitypolicy", "edge", f"--namespace={namespace}", "--type=merge")
    status = json.dumps(suggesting(settings))
    plane.kubectl("patch", *where, "--subresource=status", f"--patch={status}")
    was = plane.get("capacitypolicy", "edge", namespace=namespace)["spec"]
    change = tmp_path / "change.yaml"
    told = suggested(plane, namespace, f"--diff={change}")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")

    plane.kubectl("patch", *where, f"--patch-file={change}")

    found = plane.get("capacitypolicy", "edge", namespace=namespace)["spec"]
    assert found == was | {"policies": merged(WRITTEN, settings)}
    told = suggested(plane, namespace)
    assert "the policy writes all of these settings itself" in told.stderr
