"""Where scalers differ most."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.scoring.contrast import Stretch, stretches


def test_the_widest_difference_comes_first_and_is_as_long_as_it_stays_above_half() -> None:
    one = np.full(100, 10.0)
    other = one.copy()
    other[20:30] += [1, 2, 5, 9, 10, 9, 6, 4, 2, 1]
    other[60:63] += 4
    found = stretches(np.stack((one, other), axis=1), around=50, count=5)
    assert found[0] == Stretch(23, 27, 24)
    assert (found[1].begin, found[1].end) in {(60, 63), (22, 23)}


def test_one_replica_from_the_first_tick_on_is_a_difference() -> None:
    asked = np.full((10, 2), 5.0)
    asked[:3, 1] += 1
    assert stretches(asked, around=5, count=3) == [Stretch(0, 3, 0)]
    asked[:3, 1] += [1, 2, 1]
    assert stretches(asked, around=5, count=3) == [Stretch(0, 3, 1)]


def test_scalers_that_decide_alike_have_no_stretch() -> None:
    assert stretches(np.ones((10, 3)), around=5, count=3) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40),
    st.integers(1, 10),
    st.integers(1, 6),
)
def test_stretches_never_overlap(rows: list[tuple[int, int]], around: int, count: int) -> None:
    found = stretches(np.array(rows, dtype=np.float64), around=around, count=count)
    ticks = [tick for one in found for tick in range(one.begin, one.end)]
    assert len(ticks) == len(set(ticks))
    assert len(found) <= count
    assert all(one.begin <= one.most < one.end for one in found)
