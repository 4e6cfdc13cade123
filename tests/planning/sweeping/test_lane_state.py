"""When a stretch of time begins as the one before it ended, so that it need not be run again."""

import numpy as np
import pytest

from ebbtide.planning.sweeping.lane_state import State
from ebbtide_policies.lanes import UNKNOWN


def state(replicas: float, at: float) -> State:
    """One lane, with one number in the memory of a policy."""
    return State(asked=(np.array([replicas]),), memories={"descent": {"at": np.array([at])}})


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(state(9.0, UNKNOWN), True, id="what neither of them knows"),
        pytest.param(state(9.0, 60.0), False, id="what one of them knows"),
        pytest.param(state(8.0, UNKNOWN), False, id="another fleet"),
    ],
)
def test_two_states_are_the_same_if_every_number_is(other: State, same: bool) -> None:
    one = state(9.0, UNKNOWN)
    assert one.same(other).tolist() == other.same(one).tolist() == [same]
