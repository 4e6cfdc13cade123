"""What lanes see of a demand is what their own workload would, each at its own tick."""

import numpy as np

from ebbtide.planning.sweeping.lane_demand import LaneDemand, Place, Tables
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand
from ebbtide.planning.sweeping.seen_forecasts import Forecasts
from ebbtide_policies.lanes import Lanes

NOW = 60.0 * np.arange(2.0, 12.0)
MINUTES = np.array([5.0, 9.0, 30.0, 20.0, 80.0, 10.0, 40.0, 70.0, 60.0, 50.0])


def seen(minutes: Lanes, per_replica: float, ordinary: Lanes) -> SeenDemand:
    """A demand, each of whose forecasts came with the same ordinary day."""
    origins = np.arange(0.0, 60.0 * minutes.size, 60.0, dtype=np.float64)
    forecasts = Forecasts(
        levels=(0.5,),
        since=origins + 30.0,
        origins=origins,
        values=np.zeros((minutes.size * 12, 1)),
        first=np.arange(minutes.size + 1, dtype=np.int64) * 12,
        steps=12,
        trusted=np.ones(minutes.size, dtype=np.bool_),
        days=ordinary[np.newaxis],
        day=np.zeros(minutes.size, dtype=np.int64),
    )
    return SeenDemand(
        recorded=Recorded(0.0, minutes),
        now=NOW,
        delay=30.0,
        per_replica=per_replica,
        forecasts=forecasts,
    )


EDGE = seen(MINUTES, 10.0, np.arange(1440.0))
ORIGIN = seen(MINUTES[::-1], 20.0, np.arange(1440.0)[::-1])


def test_each_lane_sees_its_own_workload_at_its_own_tick() -> None:
    ticks, whose = np.array([4, 4, 7]), np.array([0, 1, 1])
    found = LaneDemand("demand", Tables([EDGE, ORIGIN]), Place(ticks, whose))
    each = [(EDGE, 4), (ORIGIN, 4), (ORIGIN, 7)]
    np.testing.assert_array_equal(found.per_replica, [10.0, 20.0, 20.0])
    np.testing.assert_array_equal(found.present(), [one.present()[at] for one, at in each])
    seconds = np.array([60.0, 120.0, 300.0])
    peaks = [one.peak(far)[at] for (one, at), far in zip(each, seconds.tolist(), strict=True)]
    np.testing.assert_array_equal(found.peak(seconds), peaks)
    hour = 3600.0, 7200.0
    usual = [one.usual(np.array([at]), *hour).item() for one, at in each]
    np.testing.assert_array_equal(found.usual(*hour), usual)
    assert len({*usual}) == 2


def test_of_one_workload_all_lanes_see_the_same() -> None:
    found = LaneDemand("demand", Tables([EDGE]), Place(np.array([[1], [6]])))
    assert found.per_replica == 10.0
    np.testing.assert_array_equal(found.present(), EDGE.present()[[[1], [6]]])
