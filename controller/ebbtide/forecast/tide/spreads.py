"""How large the recent errors of `Tide` are: spreads, from which its widths are made.

A fast and a slow mean of the errors, one that is relative to demand, one of the time of day, and
two means of these; and the widths that are expected for each level by all that is known. Widths
are for what demand may be above the median: where errors are mostly below it, as after a fall,
those above it bound the spreads.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import (
    F32,
    NIL,
    NOUGHT,
    blank,
    number,
    packed,
    running,
    total,
    unpacked,
)
from ebbtide.forecast.tide.expected import EXPECTED, LEAST, LEVELS
from ebbtide.forecast.tide.experts import ALIKE, GUARDED
from ebbtide.forecast.tide.frame import Band, Frame
from ebbtide.forecast.tide.memories import ERRED, ERROR_MEMORIES
from ebbtide.forecast.tide.prior import FEATURES
from ebbtide.forecast.tide.sample import Sample
from ebbtide.forecast.tide.weights import Mix

ERRORS = len(ERROR_MEMORIES)
RELATIVE_AT, DAY_AT = ERRORS - 1, 2
UPWARD = number(3)
"""A mean error counts no more than so many times that of the errors above the median alone."""
FAST, SLOW, RELATIVE, DAILY = 1, 3, 5, 6
MOVED, APART, STILL, BEYOND, BELOW = slice(7, 9), slice(9, 11), 11, 12, 13
UPWARDS, LATELY, ABOVE, CURVED = 14, slice(15, 18), 18, 19
"""Where what is known of a row stands; the mean change over so many rows is first, the unit."""
PLAIN_ONES = np.array((FAST, SLOW, RELATIVE, DAILY))
PLAIN, SPREADS = PLAIN_ONES.size, 8
MEANT = number(PLAIN - 1)
"""Spreads that hold for any level; and all: two means of these, and the expected ones."""
DIFFERING = slice(GUARDED + 2, ALIKE)
LAST_CURVES = number(ALIKE - GUARDED - 2)
"""The experts that are a curve as it is, but for the first two, and how many they are."""
SLOT_MINUTES = 15
SLOT_SHARE = np.float32(0.5)
"""How much the last day counts in the error of a time of day."""
MOST = number(30)
"""Of anything that is known at most, in mean changes."""


class Spreads:
    """Sizes of errors at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame = frame
        self.slot = max(1, SLOT_MINUTES // frame.grid) if SLOT_MINUTES % frame.grid == 0 else 1
        shape = (len(frame.anchors), series)
        self.packed = packed(np.full((frame.day // self.slot, *shape), -1, np.float32))
        """Errors by time of day; below nothing where none was made."""
        self.current = np.zeros((2, *shape), np.float32)
        """The sum of the errors of the present slot of the day, and their number."""
        self.errors = np.zeros((len(frame.anchors), 2 * ERRORS, series), np.float32)
        """Their running means, and those of the errors above the median alone."""

    def measure(self, sample: Sample, mix: Mix, foreseen: F32, error: F32) -> F32:
        """Learn errors, (T, A, N); what is known at each row, (T, A, FEATURES, N), in changes."""
        above, demand = np.maximum(error, NOUGHT), sample.guard + NIL
        path = self._means(sample, mix.shares, (np.abs(error), above), foreseen + demand)
        known = blank(*error.shape[:2], FEATURES, error.shape[-1])
        known[:, :, 0] = mix.scale
        upward = UPWARD * path[:, :, ERRORS:]
        known[:, :, 1 : 1 + ERRORS] = np.minimum(path[:, :, :ERRORS], upward)
        size = np.maximum(error, np.minimum(-error, upward[:, :, 1]))
        relative = known[:, :, RELATIVE]
        relative *= mix.median + demand
        daily = self._of_the_time_of_day(sample, size)
        known[:, :, DAILY] = np.where(daily < NOUGHT, known[:, :, SLOW], daily)
        known[:, :, MOVED] = sample.moves[:, :, :2]
        known[:, :, APART] = mix.apart
        known[:, :, UPWARDS] = path[:, :, ERRORS + 1]
        known[:, :, LATELY] = sample.moves[:, :, 2:]
        known[:, :, STILL] = sample.looked.still * mix.scale
        known[:, :, BEYOND] = above * sample.known
        known[:, :, BELOW] = (above - error) * sample.known
        known[:, :, ABOVE] = np.maximum(mix.median - sample.present, NOUGHT)
        known[:, :, CURVED] = _differing(sample.now[:, :, DIFFERING])
        known /= mix.scale[:, :, None]
        return np.minimum(known, MOST, out=known)

    def _means(self, sample: Sample, shares: F32, errors: tuple[F32, F32], demand: F32) -> F32:
        """Running means of sizes of errors, and of those above the median, (T, A, means, N)."""
        rows, anchors, series = demand.shape
        both, sizes = blank(rows, anchors, 2, series), blank(rows, anchors, 2, ERRORS, series)
        both[:, :, 0], both[:, :, 1] = errors
        sizes[:, :, :, :RELATIVE_AT] = both[:, :, :, None]
        np.divide(both, demand[:, :, None], out=sizes[:, :, :, RELATIVE_AT])
        sizes = sizes.reshape(rows, anchors, 2 * ERRORS, series)
        return running(self.errors[sample.band.at], sizes, shares[:, :, ERRED])

    def _of_the_time_of_day(self, sample: Sample, size: F32) -> F32:
        """Mean errors at the time of day of each target, on the days before, (T, A, N)."""
        band, numbers = sample.band, sample.numbers
        origins = self.frame.by_clock(sample.origins) % self.frame.day
        places = _slots(band, self.slot).take(origins, axis=0)
        found = unpacked(self.packed.reshape(-1, self.packed.shape[-1]).take(places, axis=0))
        made, current = np.empty((2, *size.shape), np.float32), self.current[:, band.at]
        np.multiply(size, sample.known, out=made[0])
        made[1] = sample.known
        if len(numbers) == 1:
            if int(numbers[0]) % self.slot < band.every[-1]:
                begun = band.numbers[int(numbers[0]) % self.slot < band.steps]
                self._close(numbers, begun, self.current[:, None, begun])
                self.current[:, begun] = 0
            current += made[:, 0]
            return found
        begins = np.flatnonzero(numbers % self.slot < band.every[0])
        current += np.add.reduce(made[:, : begins[0] if begins.size else None], axis=1)
        if begins.size:
            sums = np.add.reduceat(made, begins, axis=1)
            closed = np.concatenate((current[:, None], sums[:, :-1]), axis=1)
            self._close(numbers[begins], band.numbers, closed)
            current[:] = sums[:, -1]
        return found

    def _close(self, numbers: Rows, anchors: Rows, sums: F32) -> None:
        """Slots begin at some rows for some anchors: put those before them to their time of day.

        `sums` are those of their errors, and how many they were, (2, rows, anchors, N).
        """
        slots_before = self.frame.by_clock(numbers - self.slot) // self.slot
        at, (added, count) = slots_before % len(self.packed), sums
        slots = unpacked(self.packed[at[:, None], anchors])
        share = np.where(slots < 0, np.float32(1), SLOT_SHARE) * (count > 0)
        slots += share * (added / np.maximum(count, 1) - slots)
        self.packed[at[:, None], anchors] = packed(slots)


@lru_cache
def _slots(band: Band, slot: int) -> Rows:
    """Where errors at the time of day of the anchors stand, from each row of a day, (rows, A)."""
    rows = np.arange(band.frame.day)[:, None] + band.ahead
    return rows % band.frame.day // slot * len(band.frame.anchors) + band.numbers


def _differing(curves: F32) -> F32:
    """How much some curves differ, (T, A, N): their standard deviation."""
    apart = curves - total(curves, 2, keepdims=True) / LAST_CURVES
    return np.asarray(np.sqrt(total(np.square(apart, out=apart), 2) / LAST_CURVES))


def spreads(known: F32, expected: F32) -> F32:
    """All spreads, (T, LEVELS, A, SPREADS, N), in mean changes."""
    out = blank(len(known), LEVELS, known.shape[1], SPREADS, known.shape[-1])
    base = known.take(PLAIN_ONES, axis=2)
    np.maximum(base, LEAST, out=base)
    mean = total(base[:, :, :-1], 2)
    mean /= MEANT
    middle: F32 = base[:, :, 0] * base[:, :, 1]
    np.sqrt(middle, out=middle)
    middle *= base[:, :, 3]
    np.sqrt(middle, out=middle)
    out[:, :, :, :PLAIN] = base[:, None]
    out[:, :, :, PLAIN], out[:, :, :, PLAIN + 1] = mean[:, None], middle[:, None]
    ways = expected.reshape(*expected.shape[:2], EXPECTED // LEVELS, LEVELS, -1)
    out[:, :, :, PLAIN + 2 :] = ways.transpose(0, 3, 1, 2, 4)
    return out
