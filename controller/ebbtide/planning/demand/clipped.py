"""Where a recording tells what the fleet of its day could carry, and not the demand."""

from collections.abc import Sequence

import numpy as np

from ebbtide.planning.windows import highest_ahead, highest_behind
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes

_ROWS_A_DAY = 1440
_LEAST = 15
"""Minutes that a recording lies flat at its top before it is remarked."""
_POINTS = 3
"""Recorded values that it takes: a line that is drawn over the top from one to the next is flat."""


def flat_tops(minutes: Lanes, apart: float) -> Sequence[tuple[int, int]]:
    """Rows (from, up to) where a demand was clipped for so long that it is worth a remark.

    It was recorded once in `apart` seconds.
    """
    return clipped(minutes, least=max(_LEAST, (_POINTS - 1) * round(apart / MINUTE) + 1))


def clipped(demand: Lanes, *, least: int, tolerance: float = 0.002) -> Sequence[tuple[int, int]]:
    """Rows (from, up to) where a recording lies flat at a height that it does not exceed around it.

    That is what demand looks like when the fleet of its day could not carry more: the recording
    then tells the capacity, not the demand. A run counts from `least` rows on, if all of it is
    within `tolerance` of its highest value, and the day around it goes no higher.
    """
    known = np.where(np.isnan(demand), -np.inf, demand)
    half = _ROWS_A_DAY // 2
    top = np.maximum(highest_ahead(known, half), highest_behind(known, half))
    flat = (known >= top * (1 - tolerance)) & (known > 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(np.int8)))
    runs = edges.reshape(-1, 2).tolist()
    return [(begin, end) for begin, end in runs if end - begin >= least]
