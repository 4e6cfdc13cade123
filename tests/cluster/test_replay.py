"""What a real operator did on a real cluster, decided again from its own recording."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.ebbtide_objects import install
from tests.cluster.feed import MINUTE, Demand, Feed
from tests.cluster.plane import Plane
from tests.cluster.running_operator import Operator, home_of
from tests.cluster.watch import Watch
from tests.cluster.workloads import PER_REPLICA, care, start_fleets
from tests.integration.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

FLEET = 20
STEPS = 3
TICKS = 15


def ebbing(fell: float) -> Demand:
    """Demand of the whole fleet that fell by half some minutes ago, and trembles a little."""
    return lambda at: PER_REPLICA * FLEET * (0.85 if at < fell else 0.4) + 10 * (at // 2 % 5)


def ticks_of(tape: Path, app: str) -> int:
    """How many ticks of a workload are on a tape so far."""
    lines = tape.read_text().splitlines()
    return sum(line.startswith('{"tick"') and f"/{app}" in line[:99] for line in lines)


def replayed(tape: Path, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "ebbtide.cli", "replay", str(tape), "--json", *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, {one["workload"]: one for one in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def tape(
    plane: Plane, live_prometheus: PrometheusServer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Record two fleets, one in the shadow, through some steps down."""
    install(plane)
    path = tmp_path_factory.mktemp("tape") / "ebbtide.tape"
    demand = ebbing(time.time() - 10 * MINUTE)
    with (
        home_of(plane, "replay") as home,
        Feed(live_prometheus, {"edge": demand, "shadow": demand}),
    ):
        start_fleets(plane, home, ("edge", "shadow"), FLEET)
        plane.apply(care("edge"), namespace=home)
        plane.apply(care("shadow", mode="DryRun"), namespace=home)
        sources = {"default": live_prometheus.url}
        with Watch(plane, home) as watch, Operator(plane, home, sources, record=path) as operator:
            plane.wait(lambda: len(set(watch.of("edge").replicas)) > STEPS, 60, "some steps down")
            plane.wait(lambda: ticks_of(path, "edge") >= TICKS, 60, "and ticks enough")
            operator.stop()
            assert operator.stack_traces == []
    return path


def test_every_decision_of_the_operator_comes_out_the_same(tape: Path) -> None:
    code, found = replayed(tape)
    assert code == 0
    assert len(found) == 2
    for one in found.values():
        assert one["ticks"] >= TICKS - 1
        assert (one["same"], one["differ"]) == (one["ticks"], [])


def test_with_forecasts_made_anew_it_stays_within_the_stated_bound(tape: Path) -> None:
    code, found = replayed(tape, "--forecast", "anew")
    print({key: {k: v for k, v in one.items() if k != "differ"} for key, one in found.items()})
    assert code == 0
    for one in found.values():
        assert one["foreseenAnew"] >= 5
        assert one["mostApart"] <= 1
        assert one["within"]


def test_the_recording_holds_the_steps_that_were_taken(tape: Path) -> None:
    lines = [json.loads(line) for line in tape.read_text().splitlines()]
    ticks = [line for line in lines if line.get("tick", "").endswith("/edge")]
    steps = [one for one in ticks if one["decided"]["replicas"] != one["decided"]["current"]]
    assert len(steps) >= STEPS
    assert {one["decided"]["binding"][2] for one in steps} & {"DescentStep", "ForecastGate"}
