"""Which quantiles are scored, and by what: their pinball loss."""

import numpy as np

from ebbtide.forecast.contract import LEVELS, Floats

SCORED = (0.5, 0.9, 0.99)
"""Quantiles that are scored."""
PICKED = [LEVELS.index(level) for level in SCORED]
"""Where they stand among those of a forecast."""


def pinball(levels: Floats, under: Floats) -> Floats:
    """The loss of quantiles that what came lay so far above, or below where that is negative."""
    return np.maximum(levels * under, (levels - 1) * under)
