"""For how long `Tide` remembers losses and errors, and how much each row counts in their means.

A memory is so many minutes, and the fewest rows. What is foreseen less than ten minutes ahead is
judged by what was of late: but for widths, which ask for as many errors as ever, its losses are
forgotten sooner.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide.arrays import F32, ONE
from ebbtide.forecast.tide.frame import Band, longer

MIX_MEMORIES = ((4320.0, 150.0), (300.0, 40.0), (30.0, 12.0))
"""Of what the experts lost, one for each mix."""
CHOICE_MEMORY, YIELD_MEMORY, SCALE_MEMORY = (4320.0, 150.0), (2880.0, 200.0), (1440.0, 100.0)
"""Of what the options lost, of what the mix lost and the last value, and of the change."""
SPREADS_MEMORY = (2880.0, 200.0)
"""Of what each spread lost."""
ERROR_MEMORIES = ((60.0, 12.0), (360.0, 12.0), (1440.0, 12.0), (4320.0, 12.0), (2880.0, 60.0))
"""Of errors; the last of relative ones. Errors overlap, so that rows more are remembered, as many
as there are ahead."""
LOSSES = (*MIX_MEMORIES, CHOICE_MEMORY, YIELD_MEMORY, SCALE_MEMORY, SPREADS_MEMORY)
MIXES = len(MIX_MEMORIES)
MIXED, CHOSEN, YIELDED = slice(MIXES), slice(MIXES, MIXES + 1), slice(MIXES + 1, MIXES + 2)
SCALED, SPREAD = MIXES + 2, slice(MIXES + 3, MIXES + 4)
MEDIANS = slice(SPREAD.start)
ERRED = slice(len(LOSSES), len(LOSSES) + 2 * len(ERROR_MEMORIES))
"""Where they stand; those of errors twice."""


def shares_of_rows(band: Band, known: F32, count: F32) -> F32:
    """How much each row counts in each mean, (T, A, memories, N).

    It is `known` or not, and counts as the others so far, (T, A, N), until there are enough.
    """
    shares = np.maximum((ONE / np.maximum(count, ONE))[:, :, None], _paces(band))
    shares *= known[:, :, None]
    return shares


@lru_cache
def _paces(band: Band) -> F32:
    """How much a row counts in the long run, (A, memories, 1)."""
    memories = LOSSES + ERROR_MEMORIES + ERROR_MEMORIES
    rows = np.repeat([[band.frame.rows(*memory) for memory in memories]], band.ahead.size, axis=0)
    rows[:, MEDIANS] *= np.minimum(longer(band), 1.0)[:, None]
    rows[:, ERRED] += band.ahead[:, None]
    return np.asarray(np.minimum(band.steps[:, None] / rows, 1), np.float32)[:, :, None]
