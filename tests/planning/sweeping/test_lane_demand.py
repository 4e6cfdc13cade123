"""What lanes see of a demand is what their own workload would, each at its own tick."""

import numpy as np

from ebbtide.planning.sweeping.lane_demand import LaneDemand, Place, Tables
from ebbtide.planning.sweeping.seen_demand import Recorded, SeenDemand

NOW = 60.0 * np.arange(2.0, 12.0)
MINUTES = np.array([5.0, 9.0, 30.0, 20.0, 80.0, 10.0, 40.0, 70.0, 60.0, 50.0])


def seen(minutes: np.ndarray, per_replica: float) -> SeenDemand:
    recorded = Recorded(0.0, np.asarray(minutes, dtype=np.float64))
    return SeenDemand(recorded=recorded, now=NOW, delay=30.0, per_replica=per_replica)


EDGE, ORIGIN = seen(MINUTES, 10.0), seen(MINUTES[::-1], 20.0)


def test_each_lane_sees_its_own_workload_at_its_own_tick() -> None:
    ticks, whose = np.array([4, 4, 7]), np.array([0, 1, 1])
    found = LaneDemand("demand", Tables([EDGE, ORIGIN]), Place(ticks, whose))
    each = [(EDGE, 4), (ORIGIN, 4), (ORIGIN, 7)]
    np.testing.assert_array_equal(found.per_replica, [10.0, 20.0, 20.0])
    np.testing.assert_array_equal(found.present(), [one.present()[at] for one, at in each])
    seconds = np.array([60.0, 120.0, 300.0])
    peaks = [one.peak(far)[at] for (one, at), far in zip(each, seconds.tolist(), strict=True)]
    np.testing.assert_array_equal(found.peak(seconds), peaks)


def test_of_one_workload_all_lanes_see_the_same() -> None:
    found = LaneDemand("demand", Tables([EDGE]), Place(np.array([[1], [6]])))
    assert found.per_replica == 10.0
    np.testing.assert_array_equal(found.present(), EDGE.present()[[[1], [6]]])
