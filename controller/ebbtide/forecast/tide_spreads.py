"""How large the recent errors of `Tide` are: spreads, from which its widths are made.

A fast and a slow mean of the errors, one that is relative to demand, and one of the time of day;
and two means of these.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide_frame import F32, NIL, Band, Frame, running, total
from ebbtide.forecast.tide_prior import FEATURES, expected
from ebbtide.forecast.tide_sample import GENERATIONS, Sample
from ebbtide.forecast.tide_weights import Mix

MEMORIES = ((60.0, 12.0), (360.0, 12.0), (1440.0, 12.0), (5760.0, 12.0), (2880.0, 60.0))
"""Minutes that errors are remembered for, and the fewest rows; the last of relative errors."""
RELATIVE_AT = len(MEMORIES) - 1
ERRORS, FAST, SLOW, RELATIVE, DAILY = slice(1, 6), 1, 3, 5, 6
MOVED, APART = slice(7, 9), slice(9, 11)
"""Where the features of the expected widths stand; the first is the mean change."""
PLAINLY = np.array((FAST, SLOW, RELATIVE, DAILY))
PLAIN, BASE, SPREADS = 4, 6, 7
"""Spreads that hold for any level, with the widths that are expected for each, and all of them."""
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
        self.errors = np.zeros((len(MEMORIES), *shape), np.float32)
        """Their running means."""

    def measure(self, sample: Sample, mix: Mix, foreseen: F32, size: F32) -> F32:
        """Learn sizes of errors, (T, A, G, N): the base of the spreads, (T, A, BASE, G, N)."""
        sizes = np.empty((len(size), *self.errors.shape), np.float32)
        sizes[:, :RELATIVE_AT] = size[:, None]
        guard = sample.guard + NIL
        np.divide(size, foreseen + guard, out=sizes[:, RELATIVE_AT])
        share = np.maximum(_paces(self.frame, self.band), mix.first[:, None])
        share *= sample.known[:, None]
        path = running(self.errors, sizes, share).swapaxes(1, 2)
        known = np.empty((*size.shape[:2], FEATURES, *size.shape[2:]), np.float32)
        known[:, :, 0] = mix.scale
        known[:, :, ERRORS] = path
        known[:, :, RELATIVE] *= mix.median + guard
        known[:, :, DAILY] = daily = self._of_the_time_of_day(sample, size)
        np.copyto(known[:, :, DAILY], known[:, :, SLOW], where=daily < 0)
        known[:, :, MOVED] = sample.moves
        known[:, :, APART] = mix.apart
        base = np.empty((*size.shape[:2], BASE, *size.shape[2:]), np.float32)
        base[:, :, :PLAIN] = known[:, :, PLAINLY]
        least = NARROWEST * mix.scale
        least += NIL
        np.maximum(base[:, :, :PLAIN], least[:, :, None], out=base[:, :, :PLAIN])
        base[:, :, PLAIN:] = expected(known, self.band, self.frame.grid)
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
    memories = np.array([frame.rows(*memory) for memory in MEMORIES])
    paces = band.every / (memories[:, None, None, None] + band.ahead[:, None, None])
    return np.minimum(paces, 1).astype(np.float32)


def spreads(base: F32) -> F32:
    """All spreads: the base and two means of it, (T, LEARNT, A, SPREADS, G, N)."""
    levels = BASE - PLAIN
    out = np.empty((len(base), levels, base.shape[1], SPREADS, *base.shape[3:]), np.float32)
    out[:, :, :, :PLAIN] = base[:, None, :, :PLAIN]
    mean, middle = (np.empty_like(base[:, :, 0]) for _ in range(2))
    np.add.reduce(base[:, :, :3], axis=2, out=mean)
    mean /= 3
    np.multiply(base[:, :, 0], base[:, :, 1], out=middle)
    np.sqrt(middle, out=middle)
    middle *= base[:, :, 3]
    np.sqrt(middle, out=middle)
    out[:, :, :, PLAIN] = mean[:, None]
    out[:, :, :, PLAIN + 1] = middle[:, None]
    out[:, :, :, PLAIN + 2] = base[:, :, PLAIN:].swapaxes(1, 2)
    return out
