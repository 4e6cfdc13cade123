"""From a median and two widths to all quantiles of a forecast."""

import numpy as np
import pytest

from ebbtide.forecast.contract import LEVELS, Floats
from ebbtide.forecast.tide.fan import Anchored, Steps, fan

ONE = np.ones((1, 1), np.float32)
STEP = Steps(shares=ONE, cells=np.array([0]), anchors=np.array([0]), paired=ONE)
"""One step, which lies at the only anchor."""


def quantiles(median: float, near: float, far: float, highest: float, pulse: float = 0.0) -> Floats:
    """What is foreseen at one step of one series."""
    widths = np.array([near, far], np.float32).reshape(2, 1, 1)
    anchored = Anchored(ONE * median, np.zeros((1, 1, 1), np.float32), widths)
    out = np.empty((len(LEVELS), 1, 1))
    curves, most = np.zeros((1, 1, 1), np.float32), np.array([highest], np.float32)
    fan(STEP, anchored, curves, ONE * pulse, most, out)
    return out[:, 0, 0]


@pytest.mark.parametrize(
    ("median", "near", "far", "highest"),
    [
        pytest.param(100.0, 20.0, 50.0, 1e6, id="far below what may come"),
        pytest.param(100.0, 20.0, 50.0, 140.0, id="with a tail that is cut off"),
        pytest.param(100.0, 50.0, 20.0, 1e6, id="with a tail that ends sooner than it begins"),
        pytest.param(300.0, 20.0, 50.0, 140.0, id="of which even the median is too high"),
        pytest.param(-5.0, 1.0, 2.0, 140.0, id="of less than nothing"),
    ],
)
def test_quantiles_ascend_from_nought_to_the_highest_that_may_come(
    median: float, near: float, far: float, highest: float
) -> None:
    found = quantiles(median, near, far, highest)
    assert found[0] == pytest.approx(np.clip(median, 0, highest))
    assert (np.diff(found) >= 0).all()
    assert found[-1] <= highest


def test_a_tenth_lies_beyond_the_near_width_and_a_hundredth_beyond_the_far_one() -> None:
    found = dict(zip(LEVELS, quantiles(100.0, 20.0, 50.0, 1e6).tolist(), strict=True))
    assert found[0.9] == pytest.approx(120.0)
    assert found[0.99] == pytest.approx(150.0)


def test_without_widths_all_is_the_median() -> None:
    assert quantiles(100.0, 0.0, 0.0, 1e6) == pytest.approx(100.0)


def test_a_pulse_lifts_all_quantiles_alike() -> None:
    plain, lifted = (quantiles(100.0, 20.0, 50.0, 1e6, pulse) for pulse in (0.0, 40.0))
    assert lifted == pytest.approx(plain + 40)
