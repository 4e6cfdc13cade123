"""Where a recording tells what the fleet of its day could carry, and not the demand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ebbtide.planning.windows import highest_ahead, highest_behind
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes

_DAY = 1440
"""Minutes."""
_LEAST = 15
"""Minutes that a recording lies flat at its top before it is remarked."""
_POINTS = 3
"""Recorded values that it takes."""
_NEAR = 0.002
"""What lies so near to its top, as a share of it, lies flat."""
_BLUNT = 3.0
"""How many times as long a recording has to be at its top as just below it.

A peak that is round, or is told in whole numbers, is 2.4 times as long at its top.
"""


def flat_tops(minutes: Lanes, apart: float) -> Sequence[tuple[int, int]]:
    """Rows (from, up to) where a demand was clipped for so long that it is worth a remark.

    It was recorded once in `apart` seconds: what is drawn from one value to the next says nothing.
    """
    each = max(1, round(apart / MINUTE))
    least = max(_POINTS, -(-(_LEAST - 1) // each) + 1)  # from the first of them to the last
    runs = clipped(minutes[::each], least, max(1, _DAY // 2 // each))
    return [(begin * each, (end - 1) * each + 1) for begin, end in runs]


def clipped(demand: Lanes, least: int, around: int = _DAY // 2) -> Sequence[tuple[int, int]]:
    """Rows (from, up to) where a recording lies flat at a height that it does not exceed around it.

    That is what demand looks like when the fleet of its day could not carry more: the recording
    then tells the capacity, not the demand. A run counts from `least` rows on, if the rows `around`
    it go no higher and are seldom just below it: demand that nothing clips comes to its top slowly.
    """
    known = np.where(np.isnan(demand), -np.inf, demand)
    top = np.maximum(highest_ahead(known, around), highest_behind(known, around))
    flat = (known >= top * (1 - _NEAR)) & (known > 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(np.int8)))
    runs = [(begin, end) for begin, end in edges.reshape(-1, 2).tolist() if end - begin >= least]
    return [run for run in runs if _blunt(known[_near(run, around)], flat[_near(run, around)])]


def _near(run: tuple[int, int], around: int) -> slice:
    begin, end = run
    return slice(max(0, begin - around), end + around)


def _blunt(known: Lanes, flat: NDArray[np.bool_]) -> bool:
    """Whether demand is at its top for far longer than at what comes next below it."""
    below = known[~flat & np.isfinite(known)]
    if not below.size:
        return True
    just_below = np.count_nonzero(below >= below.max() * (1 - _NEAR))
    return bool(np.count_nonzero(flat) >= _BLUNT * just_below)
