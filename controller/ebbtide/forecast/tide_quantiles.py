"""How wide `Tide` is: spreads of its recent errors, with multipliers that keep themselves right.

Several spreads (fast, slow, relative to demand, of the time of day, and two means) are each
multiplied so that a quantile is exceeded as often as it says: the logarithm of a multiplier goes up
by `rate * level` with every error beyond it, and down by `rate * (1 - level)` with every other (the
gradient of the pinball loss; adaptive conformal inference, Gibbs and Candes 2021). The rate falls
with the rows ahead, since errors that many rows ahead overlap. The spreads are mixed by their
pinball losses, and the mix is kept right in the same way.

Two upper quantiles are learnt; the others follow from them, as the tail is taken for exponential:
every halving of the share beyond adds as much.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide_frame import F32, NIL, Frame, Rows, exchange, rates, running
from ebbtide.forecast.tide_track import GUARDED, Seen
from ebbtide.forecast.tide_weights import Mix

LEARNT = (0.9, 0.99)
"""The quantiles that are learnt."""
AIMED = np.array((0.904, 0.993), np.float32)[:, None, None, None]
"""What is aimed at for them: a ramp that is missed costs more than a replica."""
SPREADS = 6
FAST, SLOW, RELATIVE = (60.0, 12.0), (1440.0, 60.0), (2880.0, 60.0)
"""Minutes that errors are remembered for, and the fewest rows."""
SLOT_MINUTES = 15
SLOT_SHARE = 0.3
"""How much the last day counts in the error of a time of day."""
RATE, RATE_POWER = 0.02, 0.75
FIRST = np.log(np.array((1.7, 3.4), np.float32))[:, None, None, None]
"""Multipliers to begin with: those of errors that fall off exponentially, and a bit."""
FARTHEST = (-1.0, 1.5)
"""How far, in logarithms, the mix may be moved."""
CHOICE_MEMORY = (2880.0, 200.0)
NARROWEST = np.float32(0.05)
"""The least spread, as a share of the mean change over so many rows."""
WORST_LOSS = np.float32(50)
LEAST_LOSS = np.float32(1e-4)


class Widths:
    """Spreads and multipliers at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame, anchors = frame, len(frame.anchors)
        whole = SLOT_MINUTES % frame.grid == 0
        self.slot = max(1, SLOT_MINUTES // frame.grid) if whole else 1
        slots = frame.day // self.slot
        self.daily = np.full((slots, anchors, series), -1, np.float32)
        self.errors = np.zeros((3, anchors, series), np.float32)
        self.multipliers = np.zeros((len(LEARNT), anchors, SPREADS, series), np.float32) + FIRST
        self.losses = np.zeros_like(self.multipliers)
        self.moved = np.zeros((len(LEARNT), anchors, series), np.float32)
        self.medians = [np.zeros((k, series), np.float32) for k in frame.anchors]
        self.spreads = [np.zeros((k, SPREADS, series), np.float32) for k in frame.anchors]
        self.widths = [np.zeros((k, len(LEARNT), series), np.float32) for k in frame.anchors]

    def widen(self, seen: Seen, mix: Mix) -> tuple[F32, F32]:
        """Learn from a block of rows: the widths above each median, (T, LEARNT, A, N).

        The second answer is the error that each row was foreseen with, (T, A, N).
        """
        foreseen = _back(self.medians, seen.at, mix.median)
        past = _Past(seen, mix, foreseen, seen.y[:, None] - foreseen)
        spreads = self._spreads(past)
        before = _back(self.spreads, seen.at, spreads)
        multipliers = self._multiply(past, before)
        weights = self._weigh(past, np.exp(multipliers[:-1]) * before[:, None])
        widths = (weights * np.exp(multipliers[1:]) * spreads[:, None]).sum(axis=3)
        return self._keep_right(past, widths), past.error

    def _spreads(self, past: "_Past") -> F32:
        """The spreads from each row on, (T, A, SPREADS, N)."""
        guard = past.seen.rows[:, None, GUARDED] + NIL
        size = np.abs(past.error)
        sizes = np.stack((size, size, size / (past.foreseen + guard)), axis=1)
        steps = self.frame.steps()
        memories = [self.frame.rows(*memory) for memory in (FAST, SLOW, RELATIVE)]
        floors = np.asarray(1 / (np.array(memories)[:, None, None] + steps), np.float32)
        share = rates(floors, past.mix.learnt[:, None], past.seen.known[:, None])
        path = running(self.errors, sizes, share)
        self.errors = path[-1]
        fast, slow, relative = path.swapaxes(0, 1)
        relative = relative * (past.mix.median + guard)
        daily = self._of_the_time_of_day(past, size, slow)
        mean, middle = (fast + slow + relative) / 3, np.cbrt(fast * slow * daily)
        all_of_them = np.stack((fast, slow, relative, mean, middle, daily), axis=2)
        spreads: F32 = np.maximum(all_of_them, NARROWEST * past.mix.scale[:, :, None] + NIL)
        return spreads

    def _of_the_time_of_day(self, past: "_Past", size: F32, slow: F32) -> F32:
        """Mean errors at the time of day of each target, on the days before, (T, A, N)."""
        out = np.empty_like(slow)
        numbers = past.seen.at + np.arange(len(out))
        ahead = np.array(self.frame.anchors)
        every = np.arange(ahead.size)
        for row, number in enumerate(numbers.tolist()):
            self._remember(number, size[row], past.seen.known[row])
            found = self.daily[self._slot(number + ahead), every]
            out[row] = np.where(found < 0, slow[row], found)
        return out

    def _slot(self, numbers: Rows) -> Rows:
        return numbers % self.frame.day // self.slot

    def _remember(self, number: int, size: F32, known: F32) -> None:
        """Put errors to those of their time of day; the first is taken as it is."""
        slot = self.daily[number % self.frame.day // self.slot]
        share = np.where(slot < 0, np.float32(1), np.float32(SLOT_SHARE / self.slot)) * known
        slot += share * (size - slot)

    def _multiply(self, past: "_Past", before: F32) -> F32:
        """Logarithms of the multipliers before the block and after each row."""
        score = _score(past.error[:, :, None], before)
        path = np.empty((len(score) + 1, *self.multipliers.shape), np.float32)
        path[0] = self.multipliers
        up = self._rate()[:, None] * past.seen.known[:, :, None]
        for row in range(len(score)):
            beyond = score[row] > path[row]
            path[row + 1] = path[row] + up[row] * (beyond - (1 - AIMED))
        self.multipliers = path[-1]
        return path

    def _rate(self) -> F32:
        """How far a multiplier moves, by anchor, (A, 1)."""
        rate: F32 = np.float32(RATE) / self.frame.steps() ** np.float32(RATE_POWER)
        return rate

    def _weigh(self, past: "_Past", widths: F32) -> F32:
        """Weights of the spreads by the pinball losses of their widths, (T, LEARNT, A, S, N)."""
        beyond = (past.error[:, None, :, None] - widths) / past.mix.scale[:, None, :, None]
        loss = np.where(beyond > 0, AIMED * beyond, (AIMED - 1) * beyond)
        floor = 1 / self.frame.rows(*CHOICE_MEMORY)
        share = rates(floor, past.mix.learnt, past.seen.known)[:, None, :, None]
        path = running(self.losses, np.minimum(loss, WORST_LOSS), share)
        self.losses = path[-1]
        path = path + LEAST_LOSS
        weights = path.min(axis=3, keepdims=True) / path
        weights = np.square(np.square(np.square(weights)))
        shares: F32 = weights / weights.sum(axis=3, keepdims=True)
        return shares

    def _keep_right(self, past: "_Past", widths: F32) -> F32:
        """The widths, moved so that they too are exceeded as often as they say."""
        before = _back(self.widths, past.seen.at, widths.swapaxes(1, 2)).swapaxes(1, 2)
        score = _score(past.error[:, None], before)
        path = np.empty_like(widths)
        up = self._rate() * past.seen.known
        for row in range(len(path)):
            step = up[row] * ((score[row] > self.moved) - (1 - AIMED[..., 0]))
            self.moved = path[row] = np.clip(self.moved + step, *FARTHEST)
        widths = widths * np.exp(path)
        widths[:, 1] = np.maximum(widths[:, 1], widths[:, 0])
        return widths


class _Past(NamedTuple):
    """A block of rows and the errors that they were foreseen with."""

    seen: Seen
    mix: Mix
    foreseen: F32
    error: F32


def _score(error: F32, width: F32) -> F32:
    """Logarithm of an error over a width; very low for one that is not above the median."""
    score: F32 = np.log(np.maximum(error, NIL)) - np.log(np.maximum(width, NIL))
    return score


def _back(rings: Sequence[F32], at: int, new: F32) -> F32:
    """Put what is foreseen at each anchor, (T, A, ...), into its ring for what was so long ago."""
    return np.stack([exchange(ring, at, new[:, a]) for a, ring in enumerate(rings)], axis=1)
