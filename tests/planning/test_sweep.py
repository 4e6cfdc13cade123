"""A sweep decides as the loop does, tick for tick, however time is cut."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.api.compose import compose
from ebbtide.api.load import Manifest, load
from ebbtide.api.parse import parse_policy
from ebbtide.cli.plan.demand import Recorded as SweptDemand
from ebbtide.cli.plan.foresight import foreseen
from ebbtide.cli.plan.simulation import Conditions, Simulation
from ebbtide.cli.tune.sweeping import Timing, ground
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand import DemandSeries
from ebbtide.planning.lanes import Policies
from ebbtide.planning.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweep import Cut, World, replicas_asked
from ebbtide.planning.variants import swept
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Phase

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


def spec(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
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


@cache
def in_one_stretch() -> Lanes:
    return replicas_asked(world(MINUTE), [policies(i) for i in (0, 3)], Cut(1, 479, 0))


@settings(max_examples=6)
@given(stretches=st.integers(1, 9), guess=st.integers(0, 200))
def test_however_time_is_cut_the_same_comes_out(stretches: int, guess: int) -> None:
    cut = Cut(stretches, -(-479 // stretches), guess if stretches > 1 else 0)
    found = replicas_asked(world(MINUTE), [policies(i) for i in (0, 3)], cut)
    np.testing.assert_array_equal(found, in_one_stretch())


def test_each_variant_may_begin_with_a_fleet_of_its_own() -> None:
    both = [policies(0), policies(2)]
    fleets = np.array([60.0, 90.0])
    found = replicas_asked(replace(world(MINUTE), replicas=fleets), both)
    for lane, fleet in enumerate(fleets.tolist()):
        alone = replicas_asked(replace(world(MINUTE), replicas=fleet), [both[lane]])
        np.testing.assert_array_equal(found[:, lane], alone[:, 0])


# --- what people announced, and settings by phase ---------------------------------------------

CALENDAR = """
apiVersion: ebbtide.dev/v1alpha1
kind: EventCalendar
metadata: {{name: days, namespace: live}}
spec:
  events:
    first: {{start: "{first}", end: "{second}", readyBy: "{ready}", expect: [{{demand: 14k}}]}}
    second: {{start: "{third}", end: "{fourth}", expect: [{{like: last-year, times: 1.2}}]}}
"""
PROFILE = """
apiVersion: ebbtide.dev/v1alpha1
kind: EventProfile
metadata: {name: last-year, namespace: live}
spec:
  {start: 2022-11-10 20:00, end: 2022-11-10 21:00, peak: 6k, usual: 3k, shape: [0.3, 1, 0.6, 0.8]}
"""
BY_PHASE: tuple[Mapping[str, Mapping[str, Any]], ...] = (
    {},
    {
        "descent": {
            "maxStep": "5%",
            "soak": "1m",
            "when": {"Ebb": {"maxStep": "20%", "soak": "2m"}, "War": {"soak": "5m"}},
        },
        "presentNeed": {"headroom": "10%", "when": {"War": {"headroom": "30%"}}},
        "rate": {"share": "50%", "when": {"Prewarm": {"share": "10%"}}},
        "calendar": {"headroom": "20%", "margin": "4m"},
    },
)


WORD = """
apiVersion: ebbtide.dev/v1alpha1
kind: CapacityOverride
metadata: {{name: word-{number}, namespace: live}}
spec: {{selector: {{}}, until: "{until}", why: tried, {said}}}
"""
WORDS: tuple[tuple[float, str], ...] = (
    (1.2, "freeze: true"),
    (0.7, "floor: 120"),
    (0.5, "phase: Ebb"),
    (0.3, "phase: War"),
    (2.2, "ceiling: 90"),
)
"""What people say, and the hours from the first minute at which each word ends."""


def said(words: Sequence[tuple[float, str]]) -> str:
    """The overrides, one document each."""
    ends = [datetime.fromtimestamp(START + 3600 * hours, UTC) for hours, _ in words]
    return "---".join(
        WORD.format(number=i, until=f"{end:%Y-%m-%d %H:%M:%S}", said=word)
        for i, (end, (_, word)) in enumerate(zip(ends, words, strict=True))
    )


def manifests(variant: int, words: Sequence[tuple[float, str]] = ()) -> list[Manifest]:
    written = spec(BY_PHASE[variant]) | {"forecast": {"model": "Tide"}}
    policy = Manifest(kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=written)
    at = [datetime.fromtimestamp(START + 3600 * hour, UTC) for hour in (1.5, 2, 1.25, 3, 3.5)]
    first, second, ready, third, fourth = (f"{moment:%Y-%m-%d %H:%M}" for moment in at)
    calendar = CALENDAR.format(first=first, second=second, ready=ready, third=third, fourth=fourth)
    files = {"days.yaml": calendar, "profile.yaml": PROFILE, "said.yaml": said(words)}
    return [policy, *load({name: text for name, text in files.items() if text}, {})]


@pytest.mark.parametrize(
    "words",
    [pytest.param((), id="nobody speaks"), pytest.param(WORDS, id="all speak at once")],
)
def test_variants_see_events_words_and_phases_as_the_loop_does(
    words: Sequence[tuple[float, str]],
) -> None:
    asked, phases = [], set()
    demand = DemandSeries(start=START, minutes=evening().minutes[:300])
    recorded = SweptDemand({("", ""): demand}, START, demand.end)
    for variant in range(len(BY_PHASE)):
        world = Conditions(tick=MINUTE, delay=DELAY)
        simulation = Simulation(manifests(variant, words), lambda *_: demand, world)
        frames = [f for told in simulation.run(START, recorded.end + 1) for f in told]
        asked.append([frame.desired for frame in frames])
        phases |= {frame.phase for frame in frames}
    assert phases == set(Phase)
    assert asked[0] != asked[1]
    beside = manifests(0, words)
    here = ground(beside[0], recorded, Timing(MINUTE, DELAY), beside=beside)
    variants = [swept(parse_policy(manifests(i)[0].spec), {}) for i in range(len(BY_PHASE))]
    for cut in (Cut(1, len(asked[0]), 0), Cut(4, -(-len(asked[0]) // 4), 40)):
        found = replicas_asked(here.world, variants, cut)
        np.testing.assert_array_equal(found.T, asked)


def test_variants_that_are_no_variants_of_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the same policies"):
        replicas_asked(world(MINUTE), [policies(0), policies(0)[1:]])
