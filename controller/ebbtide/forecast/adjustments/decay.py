"""How an excess decays, fitted while it happens.

It is taken to fall towards a floor at a constant rate,

    dE/dt = -rate (E - floor) = -rate E + drift,

which is fitted by least squares to all that came since its highest. The increments of E add up to
what lies between the first and the last, so that the noise of single rows cancels out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.earlier_ebbs import EXPECTED_HOURS, SLOWEST
from ebbtide.forecast.adjustments.past import NIL
from ebbtide.forecast.contract import Floats


class Fit(NamedTuple):
    """What an excess lost from moment to moment, and what it goes down to; of any shape."""

    rate: Floats
    """Share of what lies above the floor that is lost in a step."""
    floor: Floats

    def after(self, excess: Floats, steps: Floats | float) -> Floats:
        """The excess so many steps later."""
        left: Floats = np.exp(-self.rate * steps)
        return self.floor + (excess - self.floor) * left


def fit(excess: Floats, since: NDArray[np.bool_], expected: Floats, hour: float) -> Fit:
    """The fit at every moment to what came since the highest, (T, M).

    Nothing decays to less than the usual: where that would fit best, the floor is nothing, and the
    rate the one that fits best then.

    `since` says which moments those are, `expected` is the rate of each series that is thought of
    before, `hour` the steps of one.
    """
    highest = highest_since(excess, since)
    steps = since[1:] & since[:-1]
    mid = np.where(steps, (excess[1:] + excess[:-1]) / 2, 0.0)
    none = np.zeros((1, excess.shape[1]))
    count, first, second = (
        np.concatenate((none, np.cumsum(each, axis=0))) for each in (steps, mid, mid**2)
    )
    change = np.where(since, excess - highest, 0.0)
    moment = np.where(since, (excess**2 - highest**2) / 2, 0.0)
    weight = EXPECTED_HOURS * hour * highest**2
    second, count = second + weight + NIL, count + EXPECTED_HOURS * hour
    pull = weight * expected - moment
    spread = np.maximum(second * count - first**2, NIL)
    drift = (second * change + first * pull) / spread
    freely = (pull * count + first * change) / spread
    rate = np.maximum(np.where(drift < 0, pull / second, freely), SLOWEST * expected)
    return Fit(rate, np.clip(drift / rate, 0.0, np.maximum(excess, 0.0)))


def highest_since(excess: Floats, since: NDArray[np.bool_]) -> Floats:
    """The first excess of those since the highest, at every moment, (T, M)."""
    first = np.argmax(since, axis=0)
    return np.broadcast_to(np.take_along_axis(excess, first[None], axis=0), excess.shape)
