"""How large the recent errors of `Tide` are: spreads, from which its widths are made.

A fast and a slow mean of the errors, one that is relative to demand, and one of the time of day;
and two means of these.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide_frame import F32, NIL, Band, Frame, running, total
from ebbtide.forecast.tide_sample import GENERATIONS, Sample
from ebbtide.forecast.tide_weights import Mix

BASE, SPREADS = 4, 6
FAST, SLOW, RELATIVE = (60.0, 12.0), (1440.0, 60.0), (2880.0, 60.0)
"""Minutes that errors are remembered for, and the fewest rows."""
SLOT_MINUTES = 15
SLOT_SHARE = np.float32(0.3)
"""How much the last day counts in the error of a time of day."""
NARROWEST = np.float32(0.05)
"""The least spread, as a share of the mean change over so many rows."""


class Spreads:
    """Spreads at every anchor of a band and for every series."""

    def __init__(self, frame: Frame, band: Band, series: int) -> None:
        self.frame, self.band = frame, band
        self.slot = max(1, SLOT_MINUTES // frame.grid) if SLOT_MINUTES % frame.grid == 0 else 1
        shape = (len(band.anchors), GENERATIONS, series)
        self.daily = np.full((frame.day // self.slot, *shape), -1, np.float32)
        """Errors by time of day; below nothing where none was made."""
        self.current = np.zeros((2, *shape), np.float32)
        """The sum of the errors of the present slot of the day, and their number."""
        self.errors = np.zeros((3, *shape), np.float32)
        """The running means: fast, slow, relative."""

    def measure(self, sample: Sample, mix: Mix, foreseen: F32, size: F32) -> F32:
        """Learn sizes of errors, (T, A, G, N): the base of the spreads, (T, A, BASE, G, N)."""
        sizes = np.empty((len(size), *self.errors.shape), np.float32)
        sizes[:, :2] = size[:, None]
        guard = sample.guard + NIL
        np.divide(size, foreseen + guard, out=sizes[:, 2])
        share = np.maximum(_paces(self.frame, self.band), mix.first[:, None])
        share *= sample.known[:, None]
        path = running(self.errors, sizes, share)
        base = np.empty((*size.shape[:2], BASE, *size.shape[2:]), np.float32)
        base[:, :, :3] = path.swapaxes(1, 2)
        base[:, :, 2] *= mix.median + guard
        base[:, :, 3] = daily = self._of_the_time_of_day(sample, size)
        np.copyto(base[:, :, 3], base[:, :, 1], where=daily < 0)
        least = NARROWEST * mix.scale
        least += NIL
        np.maximum(base, least[:, :, None], out=base)
        return base

    def _of_the_time_of_day(self, sample: Sample, size: F32) -> F32:
        """Mean errors at the time of day of each target, on the days before, (T, A, G, N)."""
        numbers = np.array(sample.rows)
        slots = (numbers[:, None] + self.band.ahead) % self.frame.day // self.slot
        found = self.daily[slots, np.arange(len(self.band.ahead))]
        size = size * sample.known
        begun = np.flatnonzero(numbers % self.slot < self.band.every).tolist()
        for begin, end in zip((0, *begun), (*begun, len(size)), strict=True):
            if begin in begun:
                self._close(int(numbers[begin]))
            self.current[0] += total(size[begin:end], 0)
            self.current[1] += total(sample.known[begin:end], 0)
        return found

    def _close(self, number: int) -> None:
        """A slot begins at a row: put the one before to those of its time of day."""
        slot = self.daily[(number // self.slot - 1) % len(self.daily)]
        total, count = self.current
        share = np.where(slot < 0, np.float32(1), SLOT_SHARE) * (count > 0)
        slot += share * (total / np.maximum(count, 1) - slot)
        self.current[:] = 0


@lru_cache
def _paces(frame: Frame, band: Band) -> F32:
    """How much a row counts in each running mean in the long run, (means, A, 1, 1)."""
    memories = np.array([frame.rows(*memory) for memory in (FAST, SLOW, RELATIVE)])
    paces = band.every / (memories[:, None, None, None] + band.ahead[:, None, None])
    return np.minimum(paces, 1).astype(np.float32)


def spreads(base: F32) -> F32:
    """All spreads: the base and two means of it, (T, A, SPREADS, G, N)."""
    out = np.empty((*base.shape[:2], SPREADS, *base.shape[3:]), np.float32)
    out[:, :, :BASE] = base
    mean, middle = out[:, :, BASE], out[:, :, BASE + 1]
    np.add.reduce(base[:, :, :3], axis=2, out=mean)
    mean /= 3
    np.multiply(base[:, :, 0], base[:, :, 1], out=middle)
    np.sqrt(middle, out=middle)
    middle *= base[:, :, 3]
    np.sqrt(middle, out=middle)
    return out
