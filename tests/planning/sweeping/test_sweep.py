"""A sweep decides as the loop does, tick for tick, however time is cut."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.manifests import Manifest, load
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.simulation.demand import Recorded as SweptDemand
from ebbtide.cli.simulation.foresight import Ticks, foreseen
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.tune.sweep_setup import Timing, sweep_setup
from ebbtide.cli.tune.trial_setup import TrialSetup
from ebbtide.cli.tune.trials import ByLoop, BySweep
from ebbtide.errors import InvalidInput
from ebbtide.planning.demand.recording import Recording
from ebbtide.planning.demand.series import DemandSeries, by_minute
from ebbtide.planning.scoring.experience import LoadCurve
from ebbtide.planning.simulated_fleet.plant_settings import PlantSettings
from ebbtide.planning.simulated_fleet.pods import Victims, at_random, highest_first
from ebbtide.planning.sweeping.lane_events import alike
from ebbtide.planning.sweeping.lanes import Policies
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.sweep import (
    Cut,
    Swept,
    World,
    replicas_asked,
    replicas_asked_of_each,
)
from ebbtide.planning.sweeping.variants import SWEPT, swept
from ebbtide_policies.experience_gate import ExperienceGate
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Event, Override, Phase

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
def drawn() -> DemandSeries:
    """The same, as if it had been recorded once in five minutes."""
    evenly = evening().minutes[::5]
    recording = Recording(START, 5 * MINUTE, evenly)
    return by_minute(recording)


@cache
def by_the_loop(variant: int, tick: float, demand: Callable[[], DemandSeries] = evening) -> Lanes:
    manifest = Manifest(
        kind="CapacityPolicy",
        namespace="live",
        name="edge",
        labels={},
        spec=spec(VARIANTS[variant]),
    )
    simulation = Simulation([manifest], lambda *_: demand(), Conditions(tick=tick, delay=DELAY))
    end = min(START + MINUTE * (HOURS * 60 - 1), demand().end)
    return np.array([f.desired for frames in simulation.run(START, end) for f in frames], float)


@cache
def world(tick: float, demand: Callable[[], DemandSeries] = evening) -> World:
    series = demand()
    recorded = Recorded(START, series.minutes)
    now = np.arange(START, min(START + MINUTE * (HOURS * 60 - 1), series.end), tick)
    made = foreseen(recorded, parse_policy(spec({})).forecast, Ticks(now, DELAY))
    seen = SeenDemand(
        recorded=recorded,
        now=now,
        delay=DELAY,
        per_replica=PER_REPLICA,
        looks=series.between(now - DELAY),
        forecasts=made,
    )
    return World(
        workload="live/edge",
        now=now,
        demands={"demand": seen},
        lead_time=LEAD,
        boot=int(np.ceil(LEAD / tick)),
        replicas=float(np.ceil(series.minutes[0] / PER_REPLICA * 1.1)),
    )


def policies(variant: int) -> Policies:
    return compose(parse_policy(spec(VARIANTS[variant])), {})


@pytest.mark.parametrize("tick", [60.0, 30.0])
def test_it_decides_as_the_loop_does_tick_for_tick(tick: float) -> None:
    chosen = range(len(VARIANTS)) if tick == MINUTE else (0,)
    asked = replicas_asked(world(tick), [policies(i) for i in chosen])
    for lane, variant in enumerate(chosen):
        np.testing.assert_array_equal(asked[:, lane], by_the_loop(variant, tick))


@pytest.mark.parametrize("variant", [0, 3])
def test_so_it_does_where_a_look_shows_what_is_between_the_minutes(variant: int) -> None:
    asked = replicas_asked(world(15.0, drawn), [policies(variant)])
    np.testing.assert_array_equal(asked[:, 0], by_the_loop(variant, 15.0, drawn))
    unseen = replace(world(15.0, drawn).demands["demand"], looks=None)
    blind = replace(world(15.0, drawn), demands={"demand": unseen})
    assert (replicas_asked(blind, [policies(variant)]) != asked).any()


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


# --- several workloads side by side -----------------------------------------------------------


@cache
def night() -> DemandSeries:
    """Another workload's demand at the same time: lower, later, and with gaps of its own."""
    minutes = np.roll(evening().minutes, 97) * 0.6
    minutes[30:34] = np.nan
    return DemandSeries(start=START, minutes=minutes)


def test_each_of_several_workloads_decides_as_the_loop_does() -> None:
    edge, origin = world(MINUTE), replace(world(MINUTE), workload="live/origin")
    recorded = Recorded(START, night().minutes)
    made = foreseen(recorded, parse_policy(spec({})).forecast, Ticks(edge.now, DELAY))
    seen = SeenDemand(
        recorded=recorded, now=edge.now, delay=DELAY, per_replica=150.0, forecasts=made
    )
    first = float(np.ceil(night().at(START) / 150 * 1.1))
    origin = replace(origin, demands={"demand": seen}, replicas=first)
    found = replicas_asked_of_each(
        [Swept(edge, [policies(0), policies(1)]), Swept(origin, [policies(0), policies(2)])]
    )
    for lane, variant in enumerate((0, 1)):
        np.testing.assert_array_equal(found[0][:, lane], by_the_loop(variant, MINUTE))
    written = spec(VARIANTS[0]) | {"capacity": {"perReplica": 150, "leadTime": "90s"}}
    one = Manifest(kind="CapacityPolicy", namespace="live", name="origin", labels={}, spec=written)
    simulation = Simulation([one], lambda *_: night(), Conditions(tick=MINUTE, delay=DELAY))
    loop = [f.desired for frames in simulation.run(START, START + 9000) for f in frames]
    np.testing.assert_array_equal(found[1][: len(loop), 0], loop)


@st.composite
def workloads(draw: st.DrawFn) -> Swept:
    """One of a few kinds of workload, without a forecast, over any demand."""
    level = st.sampled_from([0.0, 40.0, 900.0, 1000.0, 5000.0, np.nan])
    minutes = np.repeat(draw(st.lists(level, min_size=6, max_size=6)), 15) + np.arange(90.0) % 7
    lead = draw(st.sampled_from([60.0, 180.0]))
    now = np.asarray(START + MINUTE * np.arange(90), dtype=np.float64)
    per_replica = draw(st.sampled_from([50.0, 100.0]))
    word = Override("freeze", "tried", START + 1800.0, freeze=True, floor=30.0)
    shape = draw(st.sampled_from([(), (0.4, 1.0, 0.5)]))
    sale = Event("sale", START + 2400.0, START + 4200.0, START + 2100.0, shape=shape)
    sale = sale._replace(replicas=draw(st.sampled_from([20.0, 80.0])))
    fair = Event("fair", START + 3000.0, START + 3600.0, START + 3000.0, times=1.5)
    here = World(
        workload=draw(st.sampled_from(["live/edge", "live/origin"])),
        now=now,
        demands={
            "demand": SeenDemand(
                recorded=Recorded(START, minutes), now=now, delay=DELAY, per_replica=per_replica
            )
        },
        lead_time=lead,
        boot=round(lead / MINUTE),
        replicas=draw(st.sampled_from([2.0, 30.0])),
        overrides=draw(st.sampled_from([(), (word,)])),
        events=draw(st.sampled_from([(), (sale,), (sale, fair)])),
    )
    chosen = draw(st.lists(st.integers(0, len(VARIANTS) - 1), min_size=1, max_size=3))
    return Swept(here, [policies(one) for one in chosen])


@settings(max_examples=8)
@given(st.lists(workloads(), min_size=2, max_size=4))
def test_side_by_side_each_workload_decides_as_it_does_alone(swept: list[Swept]) -> None:
    together = replicas_asked_of_each(swept)
    for one, found in zip(swept, together, strict=True):
        alone = replicas_asked(one.world, one.variants, Cut(1, one.world.now.size, 0))
        np.testing.assert_array_equal(found, alone)


def test_so_it_does_where_hours_are_not_enough_to_forget_its_first_fleet() -> None:
    """Each stretch is guessed wrong then, and only some lanes are run once more."""
    slow = compose(parse_policy(spec({"descent": {"maxStep": "5%", "soak": "20m"}})), {})
    now = np.asarray(START + MINUTE * np.arange(600), dtype=np.float64)
    swept = []
    for level, replicas in ((900.0, 20.0), (2000.0, 100.0)):
        recorded = Recorded(START, np.full(600, level) + np.arange(600.0) % 7)
        seen = SeenDemand(recorded=recorded, now=now, delay=DELAY, per_replica=PER_REPLICA)
        here = World(
            workload="live/edge",
            now=now,
            demands={"demand": seen},
            lead_time=LEAD,
            boot=2,
            replicas=replicas,
        )
        swept.append(Swept(here, [policies(0), slow]))
    for one, found in zip(swept, replicas_asked_of_each(swept), strict=True):
        alone = replicas_asked(one.world, one.variants, Cut(1, 600, 0))
        np.testing.assert_array_equal(found, alone)


def test_workloads_whose_policies_are_no_variants_are_swept_one_by_one() -> None:
    here = world(MINUTE)
    fewer = [policies(0)[1:]]
    found = replicas_asked_of_each([Swept(here, [policies(0)]), Swept(here, fewer)])
    np.testing.assert_array_equal(found[0][:, 0], by_the_loop(0, MINUTE))
    np.testing.assert_array_equal(found[1], replicas_asked(here, fewer))
    with pytest.raises(InvalidInput, match="the same policies"):
        replicas_asked_of_each([Swept(here, [policies(0), *fewer])])


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
        "calendar": {"headroom": "20%", "margin": "4m", "when": {"War": {"headroom": "40%"}}},
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
    if variant:
        written["replicas"] = {"min": 2, "max": 500, "when": {"War": {"min": 180}}}
    policy = Manifest(kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=written)
    at = [datetime.fromtimestamp(START + 3600 * hour, UTC) for hour in (1.5, 2, 1.25, 3, 3.5)]
    first, second, ready, third, fourth = (f"{moment:%Y-%m-%d %H:%M}" for moment in at)
    calendar = CALENDAR.format(first=first, second=second, ready=ready, third=third, fourth=fourth)
    files = {"days.yaml": calendar, "profile.yaml": PROFILE, "said.yaml": said(words)}
    return [policy, *load({name: text for name, text in files.items() if text})]


def test_a_phase_that_holds_from_the_first_tick_on_is_that_of_the_first_step() -> None:
    minutes = np.repeat([9000.0, 500.0], 45)
    demand = DemandSeries(start=START, minutes=minutes)
    written = spec({"descent": {"maxStep": "20%", "when": {"Peace": {"maxStep": "1%"}}}})
    written |= {"forecast": {"model": "Persistence"}}
    edge = Manifest(kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=written)
    word = load({"words.yaml": said([(1.5, "phase: Prewarm")])})
    simulation = Simulation([edge, *word], lambda *_: demand, Conditions(tick=MINUTE, delay=DELAY))
    loop = [f.desired for frames in simulation.run(START, demand.end) for f in frames]
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    setup = sweep_setup(edge, recorded, Timing(MINUTE, DELAY), beside=word)
    asked = replicas_asked(setup.world, [swept(parse_policy(written), {})])
    np.testing.assert_array_equal(asked[: len(loop), 0], loop)


@pytest.mark.parametrize(
    "words",
    [pytest.param((), id="nobody speaks"), pytest.param(WORDS, id="all speak at once")],
)
def test_variants_see_events_words_and_phases_as_the_loop_does(
    words: Sequence[tuple[float, str]],
) -> None:
    asked, phases = [], set()
    demand = DemandSeries(start=START, minutes=evening().minutes[:300])
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    for variant in range(len(BY_PHASE)):
        world = Conditions(tick=MINUTE, delay=DELAY)
        simulation = Simulation(manifests(variant, words), lambda *_: demand, world)
        frames = [f for told in simulation.run(START, recorded.end + 1) for f in told]
        asked.append([frame.desired for frame in frames])
        phases |= {frame.phase for frame in frames}
    assert phases == set(Phase)
    assert asked[0] != asked[1]
    beside = manifests(0, words)
    here = sweep_setup(beside[0], recorded, Timing(MINUTE, DELAY), beside=beside)
    variants = [swept(parse_policy(manifests(i)[0].spec), {}) for i in range(len(BY_PHASE))]
    for cut in (Cut(1, len(asked[0]), 0), Cut(4, -(-len(asked[0]) // 4), 40)):
        found = replicas_asked(here.world, variants, cut)
        np.testing.assert_array_equal(found.T, asked)


def test_a_surge_after_an_event_is_a_war_of_its_own_as_in_the_loop() -> None:
    """It goes on while demand stays high; what is left of an event's demand is none."""
    step, hours = 300.0, np.arange(55 * 60) / 60
    minutes = 3000 + 1500 * np.sin(hours / 24 * 2 * np.pi)
    minutes *= np.interp(hours, (49, 49.01, 50.5, 50.51), (1, 4, 4, 1))  # the event, and after it
    minutes *= np.interp(hours, (52, 52.01, 53, 54), (1, 5, 5, 1))
    demand = DemandSeries(start=START, minutes=minutes)
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    at = [datetime.fromtimestamp(START + 3600 * hour, UTC) for hour in (49, 50, 48.8)]
    first, over, ready = (f"{moment:%Y-%m-%d %H:%M}" for moment in at)
    calendar = CALENDAR.format(first=first, second=over, ready=ready, third=first, fourth=over)
    beside = load({"days.yaml": calendar, "profile.yaml": PROFILE})
    written = [spec(one) | {"forecast": {"model": "Persistence"}} for one in BY_PHASE]
    asked = []
    policy = [
        Manifest(kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=one)
        for one in written
    ]
    for one in policy:
        world = Conditions(tick=step, delay=DELAY)
        simulation = Simulation([one, *beside], lambda *_: demand, world)
        frames = [f for told in simulation.run(START, recorded.end + step) for f in told]
        phases = [frame.phase for frame in frames if frame.now > at[1].timestamp()]
        assert (phases[0], phases.count(Phase.WAR) > 12) == (Phase.EBB, True)
        asked.append([frame.desired for frame in frames])
    here = sweep_setup(policy[0], recorded, Timing(step, DELAY), beside=beside)
    found = replicas_asked(here.world, [swept(parse_policy(one), {}) for one in written])
    np.testing.assert_array_equal(found.T, asked)


def test_workloads_of_one_calendar_are_swept_together_as_the_loop_decides_on_each() -> None:
    """Each expects something else of the same event."""
    first, ready, over = (
        f"{datetime.fromtimestamp(START + 60 * minute, UTC):%Y-%m-%d %H:%M}"
        for minute in (60, 45, 90)
    )
    calendar = CALENDAR.format(first=first, second=over, ready=ready, third=first, fourth=over)
    demand = DemandSeries(start=START, minutes=evening().minutes[:110])
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    beside = load({"days.yaml": calendar, "profile.yaml": PROFILE})
    sides, loops = [], []
    for name, carried in (("edge", 100), ("origin", 160)):
        written = spec(BY_PHASE[1]) | {
            "capacity": {"perReplica": carried, "leadTime": "90s"},
            "forecast": {"model": "Persistence"},
        }
        policy = Manifest(
            kind="CapacityPolicy", namespace="live", name=name, labels={}, spec=written
        )
        simulation = Simulation([policy, *beside], lambda *_: demand, Conditions(tick=MINUTE))
        frames = [f for told in simulation.run(START, recorded.end + 1) for f in told]
        loops.append([frame.desired for frame in frames])
        here = sweep_setup(policy, recorded, Timing(MINUTE, DELAY), beside=beside)
        sides.append(Swept(here.world, [swept(parse_policy(written), {})]))
    assert max(loops[0]) > max(loops[1]) > 100
    assert alike(sides[0].world.events) == alike(sides[1].world.events), "so they share their lanes"
    for found, expected in zip(replicas_asked_of_each(sides), loops, strict=True):
        np.testing.assert_array_equal(found[:, 0], expected)


# --- sessions that end in their own time ------------------------------------------------------


@settings(max_examples=3)
@given(
    seed=st.integers(0, 99),
    session=st.sampled_from([300.0, 3600.0]),
    victims=st.sampled_from([None, highest_first, at_random]),
    termination=st.sampled_from([0.0, 90.0]),
)
def test_sessions_live_and_are_cut_off_tick_for_tick_as_in_the_loop(
    seed: int, session: float, victims: Victims | None, termination: float
) -> None:
    demand = DemandSeries(start=START, minutes=evening().minutes[290:350])
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    plant = PlantSettings(session=session, victims=victims, termination=termination)
    conditions = Conditions(tick=MINUTE, delay=DELAY, plant=plant, seed=seed)
    written = [spec(VARIANTS[i]) for i in (0, 1)]
    policy = Manifest(
        kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=spec({})
    )
    trial, truth = TrialSetup(policy, (), recorded, conditions).trial(written, lambda *_: None)
    swept_fleets = trial.fleets(written)
    looped = ByLoop(policy, (), recorded, conditions).fleets(written)
    assert isinstance(trial, BySweep)
    assert swept_fleets.disrupted.sum() > 0
    for found, expected in zip(swept_fleets, looped, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert truth.demand.size == len(looped.asked)


# --- signals of experience --------------------------------------------------------------------

GATED: Mapping[str, Any] = {
    "experienceGate": {"signals": {"stall": {"query": "stall", "atMost": 0.01}}},
    "descent": {"soak": "2m"},
}


def gated(experience: Mapping[str, LoadCurve]) -> tuple[ByLoop | BySweep, ByLoop]:
    """How a policy with a gate is tried, beside the loop."""
    demand = DemandSeries(start=START, minutes=evening().minutes[290:350])
    recorded = SweptDemand({("", "", ""): demand}, START, demand.end)
    conditions = Conditions(tick=MINUTE, delay=DELAY, experience=experience)
    policy = Manifest(
        kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=spec(GATED)
    )
    trial, _ = TrialSetup(policy, (), recorded, conditions).trial([spec(GATED)], lambda *_: None)
    return trial, ByLoop(policy, (), recorded, conditions)


def test_a_gate_that_nothing_is_modelled_of_is_swept_as_the_loop_decides() -> None:
    trial, loop = gated({})
    assert isinstance(trial, BySweep)
    swept_fleets, looped = trial.fleets([spec(GATED)]), loop.fleets([spec(GATED)])
    np.testing.assert_array_equal(swept_fleets.asked, looped.asked)
    assert swept_fleets.asked.min() < swept_fleets.asked.max()


def test_a_gate_that_follows_the_load_decides_in_the_loop_and_never_in_lanes() -> None:
    trial, _ = gated({"stall": LoadCurve((0.5, 1.0, 1.2), (0.002, 0.006, 0.03))})
    assert isinstance(trial, ByLoop)
    assert ExperienceGate.name not in SWEPT


def test_variants_that_are_no_variants_of_each_other_are_refused() -> None:
    with pytest.raises(InvalidInput, match="the same policies"):
        replicas_asked(world(MINUTE), [policies(0), policies(0)[1:]])
