"""Which of the days before are like the present one, and what they say of the rows ahead.

Each day foresees the change over an hour as its own, or as its own times the ratio of demand now
and then. Both ways of every day are weighted by their losses of the last hours, and what they say
together is one more expert of `Tide`. It is reckoned once a cell of the days that are remembered
coarsely, and for all anchors alike.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import F32, NIL, number, running, sharpened, total
from ebbtide.forecast.tide.cells import Cells, between, interpolated
from ebbtide.forecast.tide.days import LONG
from ebbtide.forecast.tide.experts import STEEPEST
from ebbtide.forecast.tide.frame import HOUR_MINUTES, Band, Frame

DAYS = LONG - 1
"""A part of the oldest day is written over already."""
TODAY_AND_DAYS = np.arange(DAYS + 1)
"""How many days back each is, the present one first."""
WAYS = 2
"""The change of a day as it was, and by the ratio."""
MEMORY = 300.0
"""Minutes that losses are remembered for."""
LEAST = number(0.01)
"""What every loss is at least, as a share of the guard."""


class Said(NamedTuple):
    """What the days say that are alike, from each of some cells on."""

    changes: F32
    """From each cell to those after it, (cells, reach, N)."""
    first: int
    """Number of the first of these cells."""
    cells: Cells

    def ahead(self, numbers: Rows, band: Band) -> F32:
        """The change from some rows to the anchors ahead of them, (T, A, N).

        Between the middles of cells it is interpolated.
        """
        cell, (_, reach, series) = self.cells.cell, self.changes.shape
        if len(numbers) == 1:
            row = int(numbers[0])
            begin = self.cells.last(row)
            before, part = _place(band, row - begin * cell, cell)
            at = before + (begin - self.first) * reach
        else:
            last = self.cells.last(numbers)
            before, part = _places(band, numbers - last * cell, cell)
            at = before + (last - self.first)[:, None] * reach
        changes = self.changes.reshape(-1, series)
        found = interpolated(changes.take(at, axis=0), changes.take(at + 1, axis=0), part)
        return np.asarray(found[:, 1:] - found[:, :1])


@cache
def _place(band: Band, into: int, cell: int) -> tuple[Rows, F32]:
    return _places(band, np.array((into,)), cell)


def _places(band: Band, into: Rows, cell: int) -> tuple[Rows, F32]:
    """The cell before some rows and before the anchors ahead of them, (T, 1 + A), and the part.

    The rows are so many rows after the first of the last cell that is known.
    """
    before, part = between(into[:, None] + np.concatenate(((0,), band.ahead)), cell)
    return before, part[..., None]


class Alike:
    """What is known of how well each day foresees the present one, for every series."""

    def __init__(self, frame: Frame, cells: Cells, series: int) -> None:
        minutes = cells.cell * frame.grid
        self.reach = (frame.reach + cells.half) // cells.cell + 4
        self.apart = max(1, HOUR_MINUTES // minutes)
        """Cells of an hour."""
        self.share = np.float32(min(1.0, minutes / MEMORY))
        self.count = np.zeros(series, np.float32)
        """Cells that were learnt from."""
        self.losses = np.zeros((WAYS, DAYS, series), np.float32)
        self.changes = np.zeros((1, self.reach, series), np.float32)
        """From the last cell that is known to those after it."""

    def said(self, cells: Cells, number: int) -> Said:
        """What is said at the last row."""
        return Said(self.changes, cells.last(number), cells)

    def learn(self, cells: Cells, numbers: Rows, guard: F32) -> Said:
        """Learn from the cells that become known in a block of rows; what is said at each row."""
        first, last = cells.last(int(numbers[0]) - 1), cells.last(int(numbers[-1]))
        if last == first:
            return Said(self.changes, first, cells)
        count, hour = last - first, self.apart
        past = cells.past(np.arange(first + 1 - hour, last + self.reach), TODAY_AND_DAYS)
        before, here = past[:, :count], past[:, hour : hour + count]
        multiples = self._weigh(here, before, guard)
        multiples[1] *= _ratios(here, guard)
        places = hour + np.arange(count)[:, None] + np.arange(self.reach)
        away = _known(past[1:, places] - here[1:, :, None])
        away *= (multiples[0] + multiples[1])[:, :, None]
        changes = np.concatenate((self.changes, total(away, 0)))
        self.changes = changes[-1:]
        return Said(changes, first, cells)

    def _weigh(self, here: F32, before: F32, guard: F32) -> F32:
        """Learn from cells, (1 + DAYS, T, N); the weight of each way of a day, (WAYS, DAYS, T, N).

        `before` are those an hour before them; the present day comes first.
        """
        change, known = here[0] - before[0], ~np.isnan(here[0] - before[0])
        foreseen = np.stack(2 * (_known(here[1:] - before[1:]),))
        foreseen[1] *= _ratios(before, guard)
        loss = np.abs(np.where(known, change - foreseen, 0))
        counts = self.count + np.add.accumulate(known, axis=0, dtype=np.float32)
        self.count = counts[-1]
        share = np.maximum(1 / np.maximum(counts, 1), self.share) * known
        path = running(self.losses, loss.transpose(2, 0, 1, 3), share[:, None, None])
        path = (path + (LEAST * guard + NIL)).reshape(len(path), WAYS * DAYS, -1)
        weights = sharpened(path, axis=1)
        weights /= total(weights, 1, keepdims=True)
        return weights.reshape(len(path), WAYS, DAYS, -1).transpose(1, 2, 0, 3)


def _ratios(cells: F32, guard: F32) -> F32:
    """Demand of the present day over that of each day before, (DAYS, T, N)."""
    ratios = (cells[0] + guard) / np.maximum(cells[1:] + guard, NIL)
    return np.where(np.isnan(ratios), 1, np.minimum(ratios, STEEPEST))


def _known(changes: F32) -> F32:
    """No change where none is known."""
    return np.where(np.isnan(changes), np.float32(0), changes)
