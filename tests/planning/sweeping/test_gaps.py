"""A sweep of a past with gaps decides as the loop does tick for tick, and both are scored alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ebbtide.api.reading.manifests import Manifest
from ebbtide.cli.simulation.demand import EVERY_QUERY, Recorded
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.cli.tune.trial_setup import TrialSetup
from ebbtide.cli.tune.trials import ByLoop, BySweep
from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.tuning.judgement import Truth, measured_fleets
from ebbtide_policies.lanes import Lanes

START, MINUTE, DELAY = 1_700_000_040.0, 60.0, 30.0
BEFORE, ROWS = 40, 160
"""Minutes of history, and of all there is."""
EDGE: Mapping[str, Any] = {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
    "capacity": {"perReplica": 100, "leadTime": "90s"},
    "replicas": {"min": 2, "max": 500},
}
SETTINGS: Sequence[Mapping[str, Any]] = (
    {},
    {"descent": {"maxStep": "20%", "soak": "2m"}, "presentNeed": {"headroom": "20%"}},
)
ALIVE = {"query": "avg(up)", "atLeast": "80%"}
DEMANDS: Mapping[str, Mapping[str, Any]] = {
    "what is absent is unknown": {"query": "sum(viewers)"},
    "and so is what few targets tell of": {"query": "sum(viewers)", "alive": ALIVE},
    "what is absent is zero": {"query": "sum(viewers)", "alive": ALIVE, "whenAbsent": "Zero"},
}
Rows = Sequence[tuple[int, int]]
"""Rows, and for how many minutes each."""


class Past(NamedTuple):
    """What was recorded, and how the policy reads it."""

    gaps: Rows = ()
    """Where no demand was recorded."""
    silent: Rows | None = None
    """Where too few scrape targets answered; None: nobody recorded which did."""
    demand: str = "what is absent is unknown"
    model: str = "Persistence"
    tick: float = 60.0

    @property
    def series(self) -> DemandSeries:
        """An evening that rises, bursts and falls, with all of this."""
        at = np.arange(float(ROWS))
        minutes = 4000 + 3000 * np.sin(at / 50) + 40 * np.cos(at * 2.3)
        minutes[70:73] *= 2.5
        minutes[120:] *= 0.3
        alive = None if self.silent is None else holed(np.ones(ROWS), self.silent, 0.5)
        return DemandSeries(start=START, minutes=holed(minutes, self.gaps), alive=alive)

    @property
    def conditions(self) -> Conditions:
        """The world that it is replayed in."""
        return Conditions(tick=self.tick, delay=DELAY)

    @property
    def recorded(self) -> Recorded:
        """The same with its first minutes for history."""
        series = self.series
        return Recorded({EVERY_QUERY: series}, START + MINUTE * BEFORE, series.end)

    @property
    def policies(self) -> Sequence[Manifest]:
        """The variants that are tried on it."""
        forecast = {"model": self.model, "history": "2h"}
        specs = [
            {**EDGE, "demand": DEMANDS[self.demand], "forecast": forecast, "policies": one}
            for one in SETTINGS
        ]
        return [
            Manifest(kind="CapacityPolicy", namespace="live", name="edge", labels={}, spec=spec)
            for spec in specs
        ]

    def swept(self) -> tuple[BySweep, Truth]:
        """The sweep of its variants, and what they are measured by."""
        setup = TrialSetup(self.policies[0], (), self.recorded, self.conditions)
        trial, truth = setup.trial([one.spec for one in self.policies], lambda *_: None)
        assert isinstance(trial, BySweep)
        return trial, truth


def holed(minutes: Lanes, holes: Rows, hole: float = np.nan) -> Lanes:
    found = minutes.copy()
    for first, length in holes:
        found[first : first + length] = hole
    return found


HOLES = st.lists(st.tuples(st.integers(1, ROWS), st.integers(1, 70)), max_size=3)
PASTS = st.builds(
    Past,
    gaps=HOLES,
    silent=st.one_of(st.none(), HOLES),
    demand=st.sampled_from(sorted(DEMANDS)),
    model=st.sampled_from(["Persistence", "Seasonal"]),
    tick=st.sampled_from([60.0, 30.0]),
)


@settings(max_examples=10)
@given(past=PASTS)
@example(past=Past(gaps=[(75, 75)]))
@example(past=Past(gaps=[(75, 75)], silent=[], demand="what is absent is zero"))
@example(past=Past(gaps=[(75, 40)], silent=[(74, 38)], demand="what is absent is zero"))
@example(past=Past(silent=[(124, 20)], demand="and so is what few targets tell of"))
def test_a_past_with_gaps_is_swept_as_the_loop_decides(past: Past) -> None:
    trial, truth = past.swept()
    specs = [policy.spec for policy in past.policies]
    looped = ByLoop(past.policies[0], (), past.recorded, past.conditions).fleets(specs)
    found = trial.fleets(specs)
    np.testing.assert_array_equal(found.asked, looped.asked)
    np.testing.assert_array_equal(found.ready, looped.ready)
    simulation = Simulation(past.policies[:1], past.recorded.answer, past.conditions)
    frames = [f for told in simulation.run(past.recorded.start, past.series.end + 1) for f in told]
    course = simulation.course("live/edge", frames)
    np.testing.assert_array_equal(course.demand, truth.demand)
    scored = simulation.workbenches["live/edge"].scored(course)
    told = measured_fleets(found, truth)
    assert scored.replica_hours == pytest.approx(told.replica_hours[0])
    assert scored.unserved == pytest.approx(told.unserved[0])


def test_demand_goes_straight_through_a_gap() -> None:
    past = Past(gaps=[(75, 50)])
    demand, recorded = past.swept()[1].demand, past.series.minutes[BEFORE:] / 100
    known = ~np.isnan(recorded)
    np.testing.assert_array_equal(demand[: known.size][known], recorded[known])
    rises = np.diff(demand[34:86])
    assert rises == pytest.approx(np.full(51, rises[0]))


def test_a_soak_of_hours_looks_as_far_ahead_as_forecasts_are_kept() -> None:
    patient = {**Past().policies[0].spec, "policies": {"descent": {"soak": "90m"}}}
    setup = TrialSetup(
        replace(Past().policies[0], spec=patient), (), Past().recorded, Past().conditions
    )
    trial, _ = setup.trial([patient], lambda *_: None)
    looped = ByLoop(setup.manifest, (), Past().recorded, Past().conditions).fleets([patient])
    np.testing.assert_array_equal(trial.fleets([patient]).asked, looped.asked)
