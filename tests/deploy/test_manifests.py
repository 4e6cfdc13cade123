"""What is installed: the same by kustomize and by Helm, with the rights used and no more."""

import copy
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from ebbtide.adapters.sources import load_sources
from ebbtide.api.schemas.crd import crds
from tests.deploy.rendering import (
    CHART,
    NAMESPACE,
    ROOT,
    Object,
    charted,
    helm,
    kustomized,
    of_kind,
    only,
)
from tests.deploy.rights import APPS, Right, granted, used

MODES = {"dry-run": "DryRun", "enforce": "Enforce"}
PROFILES = pytest.mark.parametrize("profile", MODES)
ROLLOUT = ("argoproj.io/v1alpha1", "Rollout", "rollouts")
HELMS_OWN = ("helm.sh/chart", "instance", "managed-by", "version")


def rbac(objects: list[Object]) -> list[Object]:
    return [*of_kind("ClusterRole", objects), *of_kind("Role", objects)]


def pod(objects: list[Object]) -> Object:
    found: Object = only("Deployment", objects)["spec"]["template"]["spec"]
    return found


def comparable(objects: list[Object]) -> dict[tuple[str, str], Object]:
    """Take away in what the two tools differ by nature.

    Helm adds labels of its own, starts the pod anew by a checksum where kustomize names the
    ConfigMap by its content, and leaves the namespace to `--create-namespace`.
    """
    found = {}
    for each in copy.deepcopy(objects):
        for name in HELMS_OWN:
            labels = each["metadata"].get("labels", {})
            labels.pop(name, None)
            labels.pop(f"app.kubernetes.io/{name}", None)
        if each["kind"] == "CustomResourceDefinition":
            each["metadata"].pop("labels", None)
        if each["kind"] == "Deployment":
            each["spec"]["template"]["metadata"].pop("annotations", None)
            sources = each["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
            sources[0]["configMap"]["name"] = "ebbtide-sources"
        if each["kind"] == "ConfigMap":
            each["metadata"]["name"] = "ebbtide-sources"
            each["data"] = {name: yaml.safe_load(text) for name, text in each["data"].items()}
        if each["kind"] != "Namespace":
            found[each["kind"], each["metadata"]["name"]] = each
    return found


# --- the same by both tools ---------------------------------------------------------------------


@PROFILES
def test_the_chart_makes_what_kustomize_makes(profile: str) -> None:
    ours = comparable(kustomized(profile))
    assert comparable(charted(f"--set=maxMode={MODES[profile]}")) == ours
    assert len(ours) == (13 if profile == "dry-run" else 14)


def test_the_chart_is_read_only_until_told_otherwise() -> None:
    assert comparable(charted()) == comparable(kustomized("dry-run"))


def test_scale_up_only_needs_the_rights_of_enforce() -> None:
    up, enforce = charted("--set=maxMode=ScaleUpOnly"), charted("--set=maxMode=Enforce")
    assert rbac(up) == rbac(enforce)
    assert "--max-mode=ScaleUpOnly" in pod(up)["containers"][0]["args"]


def test_crds_of_the_chart_are_those_of_kustomize() -> None:
    ours, charts = (
        {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}
        for folder in (ROOT / "deploy" / "crds", CHART / "crds")
    )
    del ours["kustomization.yaml"]
    assert charts == ours, "run `make generate`"


@PROFILES
def test_all_crds_are_installed(profile: str) -> None:
    names = {
        each["metadata"]["name"]
        for each in of_kind("CustomResourceDefinition", kustomized(profile))
    }
    assert names == {yaml.safe_load(text)["metadata"]["name"] for text in crds().values()}


def test_helm_finds_nothing_to_complain_about() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("maxMode=Full", "/maxMode", id="a-mode-that-is-none"),
        pytest.param("image.tag=latest", "/image/tag", id="a-tag-that-moves"),
        pytest.param("maxmode=DryRun", "maxmode", id="a-value-that-is-none"),
        pytest.param("sources.default.url=prometheus:9090", "/sources/default/url", id="no-scheme"),
    ],
)
def test_wrong_values_are_refused_with_their_path(value: str, why: str) -> None:
    done = helm("template", "ebbtide", str(CHART), f"--set={value}")
    assert done.returncode != 0
    assert why in done.stderr


# --- rights -------------------------------------------------------------------------------------


def test_enforce_may_do_exactly_what_the_operator_does(tmp_path: Path) -> None:
    assert granted(rbac(kustomized("enforce"))) == used(APPS, tmp_path)


def test_dry_run_may_do_all_of_it_but_scale_and_mark_pods(tmp_path: Path) -> None:
    reading = {right for right in used(APPS, tmp_path) if not scales(right)}
    assert granted(rbac(kustomized("dry-run"))) == reading


def scales(right: Right) -> bool:
    """Whether it is a right on fleets, on autoscalers, or on policies themselves, not to look."""
    group, _, verb = right
    return group != "coordination.k8s.io" and verb in {"get", "patch"}


def test_kinds_of_others_need_what_the_docs_say(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "install.md").read_text("utf-8")
    (block,) = [
        each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "rollouts" in each
    ]
    more = used([*APPS, ROLLOUT], tmp_path) - used(APPS, tmp_path)
    assert granted(yaml.safe_load_all(block)) == more


@PROFILES
def test_no_right_is_a_wildcard(profile: str) -> None:
    assert "*" not in {word for right in granted(rbac(kustomized(profile))) for word in right}


def test_leases_are_granted_by_name_and_the_one_is_there() -> None:
    objects = kustomized("enforce")
    (rule,) = only("Role", objects)["rules"]
    assert rule["resourceNames"] == [only("Lease", objects)["metadata"]["name"]]


# --- the pod ------------------------------------------------------------------------------------


@PROFILES
def test_the_operator_reaches_as_far_as_its_profile(profile: str) -> None:
    (container,) = pod(kustomized(profile))["containers"]
    assert f"--max-mode={MODES[profile]}" in container["args"]


def test_the_image_has_the_version_of_the_project() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    version = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)
    assert version
    (container,) = pod(kustomized("dry-run"))["containers"]
    assert container["image"] == f"ebbtide:{version[1]}"


def test_one_pod_at_a_time_has_time_to_finish_its_tick() -> None:
    deployment = only("Deployment", kustomized("dry-run"))["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    assert pod(kustomized("dry-run"))["terminationGracePeriodSeconds"] >= 60


def test_the_sources_are_found_where_the_operator_looks(tmp_path: Path) -> None:
    objects = kustomized("dry-run")
    (container,) = pod(objects)["containers"]
    (mount,) = container["volumeMounts"]
    ((name, text),) = only("ConfigMap", objects)["data"].items()
    assert f"--config={mount['mountPath']}/{name}" in container["args"]
    (tmp_path / name).write_text(text)
    assert set(load_sources(tmp_path / name)) == {"default"}


def test_the_image_builds_a_wheel_from_what_it_copies(tmp_path: Path) -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", _dockerfile(), re.MULTILINE)
    for name in " ".join(copied).split():
        _copy(ROOT / name, tmp_path / name)
    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir=dist"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *flags, "."], cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    files = set(zipfile.ZipFile(wheel).namelist())
    assert "ebbtide/cli/run/command.py" in files
    assert "ebbtide_policies/presets/streaming-edge.yaml" in files


def test_the_image_runs_as_the_user_of_the_pod_and_from_no_moving_tag() -> None:
    user = pod(kustomized("dry-run"))["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}" in _dockerfile()
    assert "latest" not in _dockerfile()


@PROFILES
def test_everything_lives_in_one_namespace(profile: str) -> None:
    found = {each["metadata"].get("namespace") for each in kustomized(profile)}
    assert found == {None, NAMESPACE}


def _dockerfile() -> str:
    return (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)
