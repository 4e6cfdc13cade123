"""A sweep decides as the loop does, tick for tick, however time is cut."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.api.compose import compose
from ebbtide.api.load import Manifest
from ebbtide.api.parse import parse_policy
from ebbtide.cli.foresight import foreseen
from ebbtide.cli.simulation import Conditions, Simulation
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand import DemandSeries
from ebbtide.planning.lanes import Policies
from ebbtide.planning.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweep import Cut, World, replicas_asked
from ebbtide_policies.lanes import Lanes

START, MINUTE, LEAD, DELAY = 1_700_000_040.0, 60.0, 90.0, 30.0
PER_REPLICA = 100.0
HOURS = 8
Settings = Mapping[str, Mapping[str, str | float]]
VARIANTS: tuple[Settings, ...] = (
    {},
    {"descent": {"maxStep": "20%", "soak": "2m"}},
    {"presentNeed": {"headroom": "20%", "tolerance": "0%"}, "rate": {"share": "10%"}},
    {
        "presentNeed": {"width": 1.5, "widthWindow": "15m"},
        "seasonNeed": {"trust": "90%"},
        "stabilization": {"window": "10m"},
        "descent": {"window": "15m", "early": "50%"},
    },
)


def spec(policies: Settings) -> dict[str, object]:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
        "demand": {"query": "sum(viewers)"},
        "capacity": {"perReplica": 100, "leadTime": "90s"},
        "replicas": {"min": 2, "max": 500},
        "forecast": {"model": "Seasonal"},
        "policies": policies,
    }


@cache
def evening() -> DemandSeries:
    """An evening that rises, bursts, has a gap, and falls."""
    rng = np.random.default_rng(5)
    at = np.arange(HOURS * 60.0)
    minutes = (
        4000 + 3000 * np.sin(at / 110) + 150 * np.cumsum(rng.standard_normal(at.size)) ** 2 / 60
    )
    minutes[200:203] *= 2.5
    minutes[320:] *= 0.2
    minutes[250:256] = np.nan
    return DemandSeries(start=START, minutes=np.maximum(minutes, 0))


@cache
def by_the_loop(variant: int, tick: float) -> Lanes:
    manifest = Manifest(
        kind="CapacityPolicy",
        namespace="live",
        name="edge",
        labels={},
        spec=spec(VARIANTS[variant]),
    )
    simulation = Simulation([manifest], lambda *_: evening(), Conditions(tick=tick, delay=DELAY))
    end = START + MINUTE * (HOURS * 60 - 1)
    return np.array([f.desired for frames in simulation.run(START, end) for f in frames], float)


@cache
def world(tick: float) -> World:
    recorded = Recorded(START, evening().minutes)
    made = foreseen(recorded, parse_policy(spec({})).forecast, START)
    now = np.arange(START, START + MINUTE * (HOURS * 60 - 1), tick)
    seen = SeenDemand(
        recorded=recorded, now=now, delay=DELAY, per_replica=PER_REPLICA, forecasts=made
    )
    return World(
        workload="live/edge",
        now=now,
        demands={"demand": seen},
        lead_time=LEAD,
        boot=int(np.ceil(LEAD / tick)),
        replicas=float(np.ceil(evening().minutes[0] / PER_REPLICA * 1.1)),
    )


def policies(variant: int) -> Policies:
    return compose(parse_policy(spec(VARIANTS[variant])), {})


@pytest.mark.parametrize("tick", [60.0, 30.0])
def test_it_decides_as_the_loop_does_tick_for_tick(tick: float) -> None:
    chosen = range(len(VARIANTS)) if tick == MINUTE else (0,)
    asked = replicas_asked(world(tick), [policies(i) for i in chosen])
    for lane, variant in enumerate(chosen):
        np.testing.assert_array_equal(asked[:, lane], by_the_loop(variant, tick))


@settings(max_examples=6)
@given(stretches=st.integers(1, 9), guess=st.integers(0, 200))
def test_however_time_is_cut_the_same_comes_out(stretches: int, guess: int) -> None:
    whole = replicas_asked(world(MINUTE), [policies(i) for i in (0, 3)], Cut(1, 479, 0))
    cut = Cut(stretches, -(-479 // stretches), guess if stretches > 1 else 0)
    found = replicas_asked(world(MINUTE), [policies(i) for i in (0, 3)], cut)
    np.testing.assert_array_equal(found, whole)


def test_variants_that_are_no_variants_of_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the same policies"):
        replicas_asked(world(MINUTE), [policies(0), policies(0)[1:]])
