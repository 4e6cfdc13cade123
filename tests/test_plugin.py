"""A policy of a third party, installed as a package of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ebbtide
import ebbtide_policies

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "ebbtide-weekend"
SOURCES = (Path(ebbtide.__file__).parents[1], Path(ebbtide_policies.__file__).parents[1], ROOT)

PROGRAM = """
from importlib.metadata import entry_points

(found,) = entry_points(group="ebbtide.policies", name="weekend")
Weekend = found.load()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that the example was installed into by pip, without a network."""
    folder, source = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("source")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, *offline, str(source)], check=True)
    return folder


def run(program: str, installed: Path) -> str:
    """What a Python prints that has the example on its path."""
    path = os.pathsep.join(str(each) for each in (installed, *SOURCES))
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_the_example_is_under_forty_lines() -> None:
    (module,) = EXAMPLE.glob("*.py")
    assert len(module.read_text().splitlines()) < 40


def test_the_entry_point_is_found_and_passes_the_conformance_suite(installed: Path) -> None:
    program = """
from tests.conformance import check_policy

check_policy(Weekend, Weekend.Settings(floor=40))
print(found.dist.name, Weekend.name)
"""
    assert run(program, installed).split() == ["ebbtide-weekend", "weekend"]


def test_its_bound_shows_in_a_decision(installed: Path) -> None:
    program = """
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.models import plugins
from ebbtide_policies.decide import decide
from tests.policies.builders import NOW, seen, steady

spec = parse_policy({
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
    "demand": {"query": "sum(live_viewers)"},
    "capacity": {"perReplica": 1},
    "replicas": {"min": 1, "max": 100},
    "plugins": {"weekend": {"floor": 40, "timeZone": "Asia/Shanghai"}},
})
policies = compose(spec, plugins())
for days in (2, 3):
    now = NOW + days * 86400
    look = seen(now=now, current=20, demand=(steady(10.0, now=now),))
    decision = decide(policies, look, {}).decision
    print(decision.replicas, decision.binding.reason, decision.binding.message, sep="|")
"""
    friday, saturday = run(program, installed).splitlines()
    assert "WeekendFloor" not in friday
    assert saturday == "40|WeekendFloor|it is Saturday: at least 40"
