"""Renders what is installed as those who install it do: with `kubectl kustomize`, and with Helm."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.control_plane import find_assets

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "ebbtide"
OVERLAYS = ROOT / "deploy" / "overlays"
NAMESPACE = "ebbtide"
_HELM_BUILD = Path(__file__).parent / "helm" / "build.sh"


def kustomized(profile: str | Path) -> list[Object]:
    """Return the objects of one of our overlays, by name, or of any, by its folder."""
    return _objects([_kubectl(), "kustomize", str(OVERLAYS / profile)])


def with_component(name: str, folder: Path) -> list[Object]:
    """Return the objects of an overlay of somebody's own, in `folder`, that takes a component."""
    base, component = (os.path.relpath(ROOT / "deploy" / each, folder) for each in ("base", name))
    whole = {"resources": [base], "components": [component]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    return kustomized(folder)


def charted(*flags: str) -> list[Object]:
    """Return the objects that the chart makes with these flags of `helm template`."""
    where = ["ebbtide", str(CHART), f"--namespace={NAMESPACE}"]
    return _objects([_helm(), "template", *where, "--include-crds", *flags])


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm; it may refuse."""
    return subprocess.run([_helm(), *arguments], capture_output=True, text=True, check=False)


def of_kind(kind: str, objects: list[Object]) -> list[Object]:
    """Return the objects of one kind."""
    return [each for each in objects if each["kind"] == kind]


def as_yaml(objects: list[Object]) -> str:
    """Write objects as `kubectl apply` takes them."""
    return yaml.safe_dump_all(objects)


def only(kind: str, objects: list[Object]) -> Object:
    """Return the one object of a kind."""
    (found,) = of_kind(kind, objects)
    return found


def _objects(command: list[str]) -> list[Object]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def _kubectl() -> str:
    assets = find_assets()
    found = str(assets / "kubectl") if assets else shutil.which("kubectl")
    return found or _missing("no kubectl: run `make control-plane` once")


def _helm() -> str:
    command = ["bash", str(_HELM_BUILD), "--print"]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    found = built if os.access(built, os.X_OK) else shutil.which("helm")
    return found or _missing("no helm: run `make helm` once")


def _missing(what: str) -> str:
    if os.environ.get("EBBTIDE_REQUIRE_CLUSTER") == "1":
        pytest.fail(what)
    pytest.skip(what)
