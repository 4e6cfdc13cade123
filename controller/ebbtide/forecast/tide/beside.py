"""What anchors know of each other: what the mixes of those beside each foresee.

Anchors learn at rows of their own, the nearer ones at more of them. From a row, another anchor
foresees what it did from the last row of its own that is no later.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.frame import Frame
from ebbtide.forecast.tide.judged import Judged

TWO = 2
"""The nearer and the farther one. The first and the last stand beside themselves."""
RECENT = 2
"""Running means of what was missed that are over some minutes; they come first."""


class Mixed(NamedTuple):
    """What a mix foresaw and foresees in a block of rows. T rows, A anchors."""

    judged: Judged
    back: F32
    """For the rows, (T, A, N)."""
    median: F32
    """From each row, (T, A, N)."""
    error: F32
    """What it missed at the rows, in mean changes, (T, A, N)."""
    missed: F32
    """Running means of that, (T, A, MEANS, N)."""


class Beside(NamedTuple):
    """What is known at some rows of other anchors."""

    medians: F32
    """What the mixes of the two beside each foresee, (T, A, TWO, N)."""
    missed: F32
    """What the first anchor missed of late, as it learns soonest, (T, 1, RECENT, N)."""


class Anchors:
    """What all anchors foresaw last, for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame = frame
        self.medians = np.zeros((len(frame.anchors), series), np.float32)
        self.missed = np.zeros((RECENT, series), np.float32)
        """What the first one missed of late."""

    def beside(self, mixed: Sequence[Mixed]) -> list[Beside]:
        """What each band of a block knows of other anchors. The nearest band comes first."""
        if not mixed:
            return []
        if len(mixed) == 1 and len(mixed[0].median) == 1:
            return [self._beside_one(mixed[0])]
        paths = {
            anchor: _Path(each.judged.sample.origins, _begun(self.medians[anchor], median))
            for each in mixed
            for anchor, median in zip(_numbers(each), each.median.swapaxes(0, 1), strict=True)
        }
        first = mixed[0]  # it learns whenever another does
        recent = _begun(self.missed, first.missed[:, 0, :RECENT])
        missed = _Path(first.judged.sample.origins, recent)
        found = [
            Beside(self._medians(each, paths), missed.at(each.judged.sample.origins)[:, None])
            for each in mixed
        ]
        for each in mixed:
            self.medians[each.judged.sample.band.at] = each.median[-1]
        self.missed = recent[-1].copy()
        return found

    def ahead(self, medians: F32) -> F32:
        """What stands beside each of all anchors, (A, TWO, N), of what they foresee, (A, N)."""
        found: F32 = medians.take(_beside(self.frame), axis=0)
        return found

    def _beside_one(self, mixed: Mixed) -> Beside:
        """The same of one row, whose anchors are the first ones."""
        due = mixed.median.shape[1]
        self.medians[:due], self.missed[:] = mixed.median[0], mixed.missed[0, 0, :RECENT]
        return Beside(self.ahead(self.medians)[None, :due], mixed.missed[:, :1, :RECENT])

    def _medians(self, mixed: Mixed, paths: Mapping[int, "_Path"]) -> F32:
        origins, anchors = mixed.judged.sample.origins, _numbers(mixed)
        found = blank(len(origins), len(anchors), TWO, mixed.median.shape[-1])
        for i, anchor in enumerate(anchors):
            for j, other in enumerate(_beside(self.frame)[anchor].tolist()):
                path = paths.get(other)
                found[:, i, j] = path.at(origins) if path else self.medians[other]
        return found


class _Path(NamedTuple):
    """What was known at some rows, and before them."""

    numbers: Rows
    values: F32
    """(1 + rows, ..., N)."""

    def at(self, numbers: Rows) -> F32:
        """What was known last at others."""
        found: F32 = self.values[np.searchsorted(self.numbers, numbers, side="right")]
        return found


def _begun(before: F32, values: F32) -> F32:
    return np.concatenate((before[None], values))


def _numbers(mixed: Mixed) -> list[int]:
    numbers: list[int] = mixed.judged.sample.band.numbers.tolist()
    return numbers


@lru_cache
def _beside(frame: Frame) -> Rows:
    """Which stand beside each anchor, (A, TWO)."""
    anchors = np.arange(len(frame.anchors))
    return np.stack((anchors - 1, anchors + 1), axis=1).clip(0, anchors[-1])
