"""The forecasts that a replay rests on, made once for as many variants as there are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.sweeping.seen_past import Rows
from ebbtide_policies.lanes import Lanes

_NO_DAYS = np.empty((0, 1440))


class Forecasts(NamedTuple):
    """The forecasts that were made, one after each known minute, in the demand's own units."""

    levels: tuple[float, ...]
    origins: Lanes
    """Epoch seconds of each forecast's last known minute, ascending."""
    values: Lanes
    """`values[forecast, level, step]` at `origin + 60 * (step + 1)`; the first steps are enough."""
    steps: int
    """Minutes that each forecast reached, kept or not."""
    trusted: NDArray[np.bool_]
    days: Lanes = _NO_DAYS
    """Ordinary days by minute of the (UTC) day, one a row, in the demand's own units."""
    day: Rows | None = None
    """The row of `days` that each forecast came with; None: an ordinary day is not known."""


NO_FORECASTS = Forecasts(
    levels=(0.5,),
    origins=np.empty(0),
    values=np.empty((0, 1, 1)),
    steps=0,
    trusted=np.empty(0, dtype=np.bool_),
)
"""Where nothing is foreseen."""
