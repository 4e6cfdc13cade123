"""A real API server takes the CustomResourceDefinitions, and refuses what `check` refuses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.api.capacity_policy.presets import presets
from ebbtide.api.reading.manifests import check
from ebbtide.api.schemas.crd import crds
from ebbtide.api.yaml_text import read
from tests.api.written import OVERRIDE, POLICY, RIGHT
from tests.api.wrong import WRONG, Wrong
from tests.cluster.plane import KubectlError, Plane

EXAMPLES = sorted((Path(__file__).parents[2] / "deploy" / "examples").glob("*.yaml"))
NAMES = [yaml.safe_load(text)["metadata"]["name"] for text in crds().values()]

WORDS = """\
    clock: 19:00
    date: 2026-11-10
    moment: 2026-11-10 20:00:00
    no: no
    truths: [yes, On, y, nO, "true"]
    numbers: [1_000, 0x1F, 0b101, 017, 018, .5, 5.0, 1e3, 1.2.3, +5]
    1: one
    base: &base {a: 1, b: 2}
    derived: {<<: *base, b: 3}
    text: |
      two
      lines
"""
STATUS = {
    "phase": "Ebb",
    "phaseSince": "2026-11-12T00:00:00.000Z",
    "heartbeat": "2026-11-12T01:00:00.000Z",
    "mode": "DryRun",
    "observedGeneration": 1,
    "demand": 52000.5,
    "replicas": {"current": 80, "ready": 79, "desired": 76, "want": 66},
    "binding": {
        "policy": "descent",
        "reason": "DescentStep",
        "message": "one step is 4 replicas",
        "kind": "PaceDown",
        "replicas": 76,
    },
    "bounds": [
        {"policy": "descent", "reason": "DescentStep", "message": "", "kind": "PaceDown"},
    ],
    "memory": {"descent": {"origin": 80, "at": 1794435000.25}, "third-party": {"any": 1}},
    "lastStep": {"at": "2026-11-12T00:59:00.000Z", "from": 84, "to": 80},
    "intent": {
        "at": "2026-11-12T01:00:00.000Z",
        "from": 80,
        "to": 76,
        "phase": "Ebb",
        "reason": "DescentStep",
        "message": "one step is 4 replicas",
        "memory": {"descent": {"origin": 80}, "third-party": {"any": 1}},
    },
    "shadow": {
        "replicas": 76,
        "boots": [{"at": "2026-11-12T01:01:00.000Z", "replicas": 2}],
        "memory": {"descent": {"origin": 80}},
        "lastStep": {"at": "2026-11-12T00:59:00.000Z", "from": 84, "to": 80},
    },
    "overrides": ["live/freeze-1"],
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Deciding",
            "message": "",
            "lastTransitionTime": "2026-11-12T00:00:00.000Z",
            "observedGeneration": 1,
        }
    ],
    "decisions": [
        {
            "at": "2026-11-12T00:59:00.000Z",
            "from": 84,
            "to": 80,
            "phase": "Ebb",
            "reason": "DescentStep",
            "message": "one step is 4 replicas",
        }
    ],
}
"""A status with every field that there is."""


@pytest.fixture(scope="module")
def server(plane: Plane) -> Plane:
    """The cluster, with our CustomResourceDefinitions in it."""
    plane.define(*crds().values())
    return plane


def apply(server: Plane, text: str, namespace: str) -> None:
    server.kubectl("apply", f"--namespace={namespace}", "-f-", stdin=text)


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_established_and_structural(server: Plane, name: str) -> None:
    conditions = server.get("crd", name)["status"]["conditions"]
    held = {condition["type"]: condition["status"] for condition in conditions}
    assert held == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_taken(server: Plane, namespace: str, text: str) -> None:
    apply(server, text, namespace)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_taken(server: Plane, namespace: str, example: Path) -> None:
    text = example.read_text("utf-8").replace("namespace: live", f"namespace: {namespace}")
    apply(server, text, namespace)


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_taken_as_it_stands_in_a_policy(
    server: Plane, namespace: str, name: str
) -> None:
    body = read(POLICY).documents[0].body
    spec = body["spec"] | {"preset": name, "policies": presets()[name]["policies"]}
    apply(server, yaml.safe_dump(body | {"spec": spec}), namespace)


def test_a_wrong_resource_is_refused_by_the_server_and_by_check_alike(
    server: Plane, namespace: str
) -> None:
    taken = [wrong.name for wrong in WRONG if not _refused(server, namespace, wrong)]
    assert taken == []


def _refused(server: Plane, namespace: str, wrong: Wrong) -> bool:
    """Whether both refuse it with the path of the same field."""
    offline = [problem.field for problem in check({"file": wrong.text})]
    try:
        server.kubectl(
            "apply", "--dry-run=server", f"--namespace={namespace}", "-f-", stdin=wrong.text
        )
    except KubectlError as error:
        said = re.sub(r"\[([^0-9\]][^\]]*)\]", r".\1", str(error))  # CEL writes keys in brackets
        named = re.search(re.escape(wrong.field) + r"(?![\w.\[])", said)
        return named is not None and offline == [wrong.field]
    return False


def test_yaml_is_read_as_kubectl_and_the_server_read_it(server: Plane, namespace: str) -> None:
    text = f"{POLICY}  plugins:\n   words:\n{WORDS}"
    apply(server, text, namespace)
    stored = server.get("cp", "edge", namespace=namespace)["spec"]["plugins"]
    ours = read(text).documents[0].body["spec"]["plugins"]
    assert json.dumps(stored, sort_keys=True) == json.dumps(ours, sort_keys=True)


def test_no_default_of_the_server_hides_what_a_preset_says(server: Plane, namespace: str) -> None:
    apply(server, POLICY.replace("{maxStep: 5%, soak: 1m}", "{}"), namespace)
    spec = server.get("cp", "edge", namespace=namespace)["spec"]
    assert spec["mode"] == "DryRun"
    assert spec["policies"]["descent"] == {}
    assert spec["capacity"] == {"perReplica": 800}


def write_status(server: Plane, namespace: str, status: dict[str, Any]) -> dict[str, Any]:
    """Write a status as a merge patch, and return it as the server kept it."""
    apply(server, POLICY, namespace)
    patch = json.dumps({"status": status})
    where = ("cp", "edge", f"--namespace={namespace}", "--subresource=status", "--type=merge")
    server.kubectl("patch", *where, f"--patch={patch}")
    kept: dict[str, Any] = server.get("cp", "edge", namespace=namespace)["status"]
    return kept


def test_a_status_is_kept_whole(server: Plane, namespace: str) -> None:
    assert write_status(server, namespace, STATUS) == STATUS


def test_one_line_tells_what_a_policy_is_doing_and_why(server: Plane, namespace: str) -> None:
    write_status(server, namespace, STATUS)
    head, row = server.kubectl("get", "ebb", f"--namespace={namespace}").splitlines()
    assert head.split() == [
        *("NAME", "TARGET", "MODE", "PHASE", "CURRENT", "READY", "DESIRED", "REASON", "AGE")
    ]
    assert row.split()[:-1] == ["edge", "edge", "DryRun", "Ebb", "80", "79", "76", "DescentStep"]


def test_the_wide_view_adds_demand_and_message(server: Plane, namespace: str) -> None:
    write_status(server, namespace, STATUS)
    said = server.kubectl("get", "capacitypolicies", "-owide", f"--namespace={namespace}")
    assert "DEMAND" in said
    assert "52000.5" in said
    assert "one step is 4 replicas" in said


def test_one_line_tells_what_a_person_said_until_when_and_why(
    server: Plane, namespace: str
) -> None:
    apply(server, OVERRIDE, namespace)
    said = server.kubectl("get", "cov", f"--namespace={namespace}")
    assert re.search(r"freeze +true +2026-11-12 06:00 +UTC +CDN migration", said)


def test_kubectl_explains_a_field(server: Plane) -> None:
    def said() -> str:
        try:
            told = server.kubectl("explain", "capacitypolicy.spec.policies.descent.maxStep")
        except KubectlError as error:  # the server publishes what it knows a while after a change
            return str(error)
        return " ".join(told.split())

    server.wait(lambda: "Default: 5%." in said(), 20, "the field is explained")


def test_every_kind_of_ours_is_listed_by_one_word(server: Plane, namespace: str) -> None:
    apply(server, f"{POLICY}---\n{OVERRIDE}", namespace)
    said = server.kubectl("get", "ebbtide", "-oname", f"--namespace={namespace}")
    assert said.split() == [
        "capacityoverride.ebbtide.dev/freeze",
        "capacitypolicy.ebbtide.dev/edge",
    ]
