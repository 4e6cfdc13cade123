"""Where a recording tells what the fleet of its day could carry, and not the demand."""

from collections.abc import Sequence

import numpy as np

from ebbtide.planning.windows import highest_ahead, highest_behind
from ebbtide_policies.lanes import Lanes

_ROWS_A_DAY = 1440


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
