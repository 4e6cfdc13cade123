"""Events of several workloads that are swept side by side: each expects what it was told."""

import numpy as np
import pytest

from ebbtide.planning.sweeping.lane_events import alike, joined
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event

WHOSE = np.array([0, 0, 1])
"""Two lanes of the first workload, one of the second."""
SALE = Event("sale", 7200.0, 9000.0, 6600.0)


def test_each_lane_expects_what_its_workload_does() -> None:
    few, many = (SALE._replace(times=2.0, replicas=9.0), SALE._replace(times=3.0, replicas=8.0))
    [found] = joined([[few], [many]], WHOSE)
    np.testing.assert_array_equal(found.times, [2.0, 2.0, 3.0])
    np.testing.assert_array_equal(found.replicas, [9.0, 9.0, 8.0])


def test_what_one_workload_does_not_know_the_other_still_does() -> None:
    each = [[SALE._replace(times=UNKNOWN)], [SALE._replace(times=2.0)]]
    [found] = joined(each, WHOSE)
    np.testing.assert_array_equal(found.times, [UNKNOWN, UNKNOWN, 2.0])


def test_what_all_expect_alike_is_one_number() -> None:
    [found] = joined([[SALE._replace(times=3.0)], [SALE._replace(times=3.0)]], WHOSE)
    assert found.times == 3.0
    assert np.isnan(found.replicas)
    assert np.ndim(found.replicas) == 0


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(SALE._replace(times=9.0, replicas=40.0), True, id="how much is expected"),
        pytest.param(SALE._replace(end=9900.0), False, id="when it ends"),
        pytest.param(SALE._replace(ready_by=6000.0), False, id="when it wants to be ready"),
        pytest.param(SALE._replace(shape=(0.5, 1.0)), False, id="its course"),
    ],
)
def test_workloads_share_lanes_where_events_differ_in_no_more_than_their_size(
    other: Event, same: bool
) -> None:
    assert (alike([SALE]) == alike([other])) == same
