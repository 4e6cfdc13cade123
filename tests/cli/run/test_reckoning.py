"""What the operator hands to the planner: the past of all signals on one grid."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from ebbtide.adapters.own_process import in_own_process
from ebbtide.api.capacity_policy.objective import Reckoned, prior
from ebbtide.cli.run.reckoning import reckon
from ebbtide.errors import InvalidInput
from ebbtide.loop.ports.metrics import Minutes
from ebbtide.loop.tuning.tuning_input import TuningInput
from ebbtide.planning.demand.series import DemandSeries
from tests.loop.world import NOON, World

DAY = 1440
START = 1_699_920_000.0
AIM = 0.05
USUAL = prior(AIM)


def tuning_input(per_replica: float = 10.0, **minutes: Minutes) -> TuningInput:
    signals = {name: {"query": name, "perReplica": 10} for name in minutes}
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
        "demand": {"signals": signals},
        "replicas": {"min": 1, "max": 1000},
        "objective": {"unserved": "5%"},
    }
    return TuningInput(
        workload="live/edge",
        spec=spec,
        objective=AIM,
        minutes=minutes,
        alive={},
        per_replica=dict.fromkeys(minutes, per_replica),
        lead_time=60.0,
        events=(),
        in_force=USUAL,
        suggested=USUAL,
        suggested_by=0,
    )


def test_signals_that_are_known_for_different_times_are_laid_on_one_grid() -> None:
    long = Minutes(START, np.full(3 * DAY, 100.0))
    late = Minutes(START + DAY * 60, np.full(2 * DAY + 5, 50.0))
    found = reckon(tuning_input(viewers=long, jobs=late))
    assert found.minutes == 3 * DAY + 5
    assert found.settings == USUAL
    assert "3.0 days of demand are known" in found.why


def test_a_demand_below_nought_is_one_that_nobody_knows() -> None:
    minutes = np.full(3 * DAY, 100.0)
    minutes[500:510] = -1e6
    assert reckon(tuning_input(viewers=Minutes(START, minutes))).minutes == 3 * DAY - 11


def test_without_a_number_for_a_replica_people_are_told_of_the_signal() -> None:
    asked = tuning_input(float("nan"), viewers=Minutes(START, np.full(DAY, 100.0)))
    with pytest.raises(InvalidInput, match="signal viewers: what one replica carries"):
        reckon(asked)


def test_it_can_be_asked_in_a_process_of_its_own() -> None:
    asked = tuning_input(viewers=Minutes(START, np.full(DAY, 100.0)))
    found = in_own_process(partial(reckon, asked))
    assert isinstance(found, Reckoned)
    assert found[:3] == reckon(asked)[:3]


def test_a_week_in_the_loop_speaks_for_a_fleet_with_nothing_to_spare() -> None:
    world = World()
    world.rules = replace(world.rules, reckon=reckon)
    world.restart()
    week = DemandSeries(start=NOON - 8 * DAY * 60, minutes=np.full(9 * DAY, 99.5))
    world.add(
        replicas=102,
        capacity={"perReplica": 1, "leadTime": "60s"},
        forecast={"model": "Flat", "history": "8d"},
        objective={"unserved": "0.1%"},
        tuning="Apply",
        policies={},
    )
    world.metrics.answer("edge", week)
    world.run(4)
    told = world.status()["tuning"]
    assert told["minutes"] >= 7 * DAY
    assert told["applied"]["settings"] == told["settings"] != prior(1e-3)
    assert told["cost"] == pytest.approx(100 / 102, abs=0.005)
    world.run(30)
    assert world.replicas() == 100
