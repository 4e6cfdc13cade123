"""A simulated fleet is ready for an announced event, however seldom it is decided on."""

import numpy as np
import pytest

from ebbtide.api.reading.manifests import load
from ebbtide.cli.simulation.simulation import Conditions, Simulation
from ebbtide.planning.demand.series import DemandSeries
from tests.cli.samples import CALENDAR, EDGE, NOON

START = NOON.timestamp()
READY_BY = START + 3600
NEEDED = 88
"""Replicas for 8,000 viewers at 100 each, and a tenth of headroom."""


@pytest.mark.parametrize("tick", [15.0, 40.0, 60.0])
@pytest.mark.parametrize("period", ["15s", "50s"])
def test_it_is_ready_in_time(tick: float, period: str) -> None:
    """Few are added at a time, so most of the way up is waiting for the next decision."""
    slowly = f"  policies: {{rate: {{share: 10%, replicas: 4, period: {period}}}}}\n"
    flat = DemandSeries(start=START, minutes=np.full(120, 1000.0))
    files = {"edge.yaml": f"{EDGE}  forecast: {{model: Persistence}}\n{slowly}", "days": CALENDAR}
    simulation = Simulation(load(files), lambda *_: flat, Conditions(tick=tick))
    frames = [frame for each in simulation.run(START, READY_BY + tick) for frame in each]
    in_time = [frame.ready for frame in frames if frame.now <= READY_BY]
    assert in_time[-1] == NEEDED
