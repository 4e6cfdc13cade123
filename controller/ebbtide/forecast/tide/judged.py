"""Rows by which `Tide` judges what was foreseen for them."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide.arrays import F32, blank, number, running, sharpened, total
from ebbtide.forecast.tide.memories import CHOSEN
from ebbtide.forecast.tide.sample import Sample

WORST_LOSS = number(20)
LEAST_LOSS = number(1e-4)
ALL = slice(None)


class Judged(NamedTuple):
    """A block of rows to judge forecasts by."""

    sample: Sample
    scale: F32
    """Running mean of the change over so many rows."""
    shares: F32
    """How much each row counts in running means, (T, A, memories, N)."""

    def losses(self, tried: F32, rows: slice = ALL) -> F32:
        """Losses of what was foreseen for some rows, (T, A, tried, N)."""
        loss = tried - self.sample.y[rows, :, None]
        np.abs(loss, out=loss)
        loss /= self.scale[rows, :, None]
        np.minimum(loss, WORST_LOSS, out=loss)
        loss += LEAST_LOSS
        return loss

    def chosen(self, losses: F32, tried: F32) -> F32:
        """How much of each that was tried to follow, by its losses so far, (T, A, tried, N)."""
        path = running(losses, self.losses(tried), self.shares[:, :, CHOSEN])
        parts = sharpened(path, axis=2)
        parts /= total(parts, 2, keepdims=True)
        return parts


def paired(one: F32, other: F32) -> F32:
    """Two that are tried, (T, A, 2, N)."""
    tried = blank(*one.shape[:2], 2, one.shape[-1])
    tried[:, :, 0], tried[:, :, 1] = one, other
    return tried
