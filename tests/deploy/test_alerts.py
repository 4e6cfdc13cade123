"""The alerts that are shipped: promtool reads and plays them, and what they ask for is exported."""

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from ebbtide.adapters.exposition import Exposition
from tests.deploy.rendering import CHART, NAMESPACE, ROOT, charted, of_kind, only, with_component

RULES = ROOT / "deploy" / "alerts" / "rules.yaml"
PLAYED = Path(__file__).with_name("alerts.test.yaml")
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = [rule for group in GROUPS for rule in group["rules"]]
EACH = pytest.mark.parametrize("alert", ALERTS, ids=[rule["alert"] for rule in ALERTS])


def promtool(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool on the PATH (Debian package 'prometheus')")
    command = ["promtool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.prometheus
def test_prometheus_understands_every_rule(tmp_path: Path) -> None:
    done = promtool("check", "rules", RULES, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prometheus
def test_each_fires_when_it_should_and_none_while_all_is_well(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path / "rules.yaml")
    shutil.copy(PLAYED, tmp_path / PLAYED.name)
    done = promtool("test", "rules", PLAYED.name, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_is_played() -> None:
    played = set(re.findall(r"\balertname=\"(\w+)\"", PLAYED.read_text()))
    assert played == {rule["alert"] for rule in ALERTS}


@pytest.fixture(scope="module")
def exported() -> Iterator[set[str]]:
    """The names of all metrics that the operator serves."""
    with (
        closing(Exposition("127.0.0.1:0", 60.0, lambda: 0.0)) as served,
        urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics", timeout=30) as told,
    ):
        yield set(re.findall(r"^# TYPE (\w+) ", told.read().decode(), re.MULTILINE))


@EACH
def test_it_asks_only_for_what_is_exported(alert: dict[str, Any], exported: set[str]) -> None:
    asked = set(re.findall(r"\bebbtide_\w+", alert["expr"]))
    assert asked
    assert asked <= exported
    said = (ROOT / "docs" / "reference.md").read_text()
    for label, value in re.findall(r'(condition|reason)="(\w+)"', alert["expr"]):
        assert f"`{value}`" in said, f"{label} {value} is not in the reference"


@EACH
def test_it_says_what_is_wrong_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert["annotations"].keys() == {"summary", "description"}
    assert alert["annotations"]["summary"].endswith(".")
    by_policy = "condition=" in alert["expr"] or "conflict" in alert["expr"]
    assert not by_policy or "{{ $labels.policy }}" in alert["annotations"]["summary"]


# --- the same for the Prometheus operator -------------------------------------------------------


def test_the_rule_of_kustomize_is_generated_from_them() -> None:
    rule = yaml.safe_load((ROOT / "deploy/alerts/prometheusrule.yaml").read_text())
    assert rule["kind"] == "PrometheusRule"
    assert rule["spec"] == {"groups": GROUPS}, "run `make generate`"
    assert (CHART / "alerts/rules.yaml").read_text() == RULES.read_text(), "run `make generate`"


def test_an_overlay_takes_them_as_a_component(tmp_path: Path) -> None:
    rule = only("PrometheusRule", with_component("alerts", tmp_path))
    assert rule["metadata"]["namespace"] == NAMESPACE


def test_the_chart_brings_them_where_they_are_wanted() -> None:
    assert of_kind("PrometheusRule", charted()) == []
    rule = only(
        "PrometheusRule", charted("--set=alerts.enabled=true", "--set=alerts.labels.release=kps")
    )
    assert rule["spec"] == {"groups": GROUPS}
    assert rule["metadata"]["labels"]["release"] == "kps"
