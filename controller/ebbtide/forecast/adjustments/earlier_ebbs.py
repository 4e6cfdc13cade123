"""How earlier excesses of some series decayed: what to expect before much is seen of the next."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.adjustments.past import NIL
from ebbtide.forecast.contract import Floats

EXCESS = 1.5
"""Demand above so many times the usual is an excess."""
TURNED = 0.97
"""Below this share of its highest an excess has turned."""
LOOKED_BACK_HOURS = 12.0
"""An earlier one has turned if it is below its highest of so many hours."""
HALF_LIFE_HOURS = 3.0
"""After so long an excess is half of what it was, where no earlier one is known."""
EXPECTED_HOURS = 0.35
"""What is expected counts as much as so many hours at the highest."""
SLOWEST = 0.1
"""The lowest rate, as a share of the one that is expected."""


class Earlier(NamedTuple):
    """What is known of a kind of excess before the next is seen, (M,)."""

    rate: Floats
    """The share that is lost in an hour."""
    seen: Floats
    """How much of it was seen: from nothing at 0 to far more than the next one brings at 1."""


def earlier(demand: Floats, usual: Floats, highest: Floats, hour: float) -> Earlier:
    """What the past of series, (T, M), says of an excess whose highest is this, (M,).

    There are `hour` rows in an hour. The less was seen, the more the usual rate counts.
    """
    excess = demand - usual
    reach = max(1, round(LOOKED_BACK_HOURS * hour))
    padded = np.concatenate((np.full((reach, excess.shape[1]), -np.inf), excess))
    before = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=0)[1:].max(axis=-1)
    falling = (demand > EXCESS * usual) & (excess <= TURNED * before)
    lost = hour * np.where(falling[:-1], excess[:-1] - excess[1:], 0.0).sum(axis=0)
    whole = np.where(falling[:-1], excess[:-1], 0.0).sum(axis=0)
    rate = np.log(2) / HALF_LIFE_HOURS
    expected = EXPECTED_HOURS * hour * np.maximum(highest, 0.0)
    every = whole + expected + NIL
    found = np.maximum((lost + rate * expected) / every, SLOWEST * rate)
    return Earlier(np.asarray(found), np.asarray(whole / every))
