"""Multipliers that keep themselves right, so that a quantile is exceeded as often as it says.

The logarithm of a multiplier goes up by `rate * level` with every error beyond it, and down by
`rate * (1 - level)` with every other (the gradient of the pinball loss; adaptive conformal
inference, Gibbs and Candes 2021); a little of what was learnt leaks away. The rate falls with the
rows ahead, since errors that many rows ahead overlap. What was exceeded is counted, and the
multipliers move by that count at every 32nd row.

What multipliers have learnt fades in months; and yet a successor has to foresee the same from four
weeks of history. So they learn in two generations side by side. At every turn, some days apart, the
elder is given up, the younger takes its place, and a new one begins. What the elder knows is learnt
since the turn before the last: the same for everybody who begins before that.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise, repeat

import numpy as np

from ebbtide.forecast.tide.arrays import F32, blank
from ebbtide.forecast.tide.expected import LEVELS
from ebbtide.forecast.tide.frame import Band, Frame
from ebbtide.forecast.tide.sample import Sample

AIMED = np.array((0.902, 0.9962), np.float32)[:, None, None, None]
"""What is aimed at for the quantiles: a ramp that is missed costs more than a replica."""
RATE, RATE_POWER = 0.005, 0.75
LEAK = (20160.0, 200.0)
"""Minutes, and the fewest rows, after which a multiplier is its first again."""
MOVED = 32
"""Rows from move to move, at one of which every anchor learns."""
GENERATIONS, ELDER, YOUNGER = 2, 0, 1


class Moving:
    """Multipliers of some widths, at every level and anchor and for every series."""

    def __init__(
        self, frame: Frame, series: int, first: F32, within: tuple[float, float] | None = None
    ) -> None:
        """`first` are those to begin with, (LEVELS, 1, S, 1); they may be kept within bounds."""
        self.frame, self.within = frame, within
        self.first = first + np.zeros(series, np.float32)
        shape = (GENERATIONS, LEVELS, len(frame.anchors), first.shape[2], series)
        self.now = np.zeros(shape, np.float32) + first
        self.beyond = np.zeros(shape, np.float32)
        """Errors that were beyond, since the last move."""
        self.seen = np.zeros((len(frame.anchors), 1, series), np.float32)
        """All errors since then."""

    def turn(self) -> None:
        """The younger generation takes the elder's place."""
        self._move_on(self.frame.whole)
        self.now[ELDER] = self.now[YOUNGER]
        self.now[YOUNGER] = self.first

    def judge(self, sample: Sample, error: F32, tested: F32) -> F32:
        """Learn from errors, (T, A, N), of which those that are unknown lie far below.

        `tested` are the widths at the origins, (T, LEVELS, A, S, N); in their place comes what the
        elder multiplies them to. Its multipliers are answered.
        """
        band, error = sample.band, error[:, None, :, None]
        if len(error) > 1:
            kept = self._judge_many(sample, error, tested)
            tested *= kept
            return kept
        if int(sample.numbers[0]) % MOVED == 0:
            self._move_on(band)
        now = self.now[:, :, band.at]
        tried = now * tested[0]
        beyond, seen = self.beyond[:, :, band.at], self.seen[band.at]
        beyond += error[0] > tried
        seen += sample.known[0, :, None]
        tested[0] = tried[ELDER]
        return now[None, ELDER].copy()

    def _judge_many(self, sample: Sample, error: F32, tested: F32) -> F32:
        """Learn from many rows; the elder's multipliers at each, (T, LEVELS, A, S, N)."""
        band, numbers = sample.band, sample.numbers
        here = np.s_[:, :, band.at]
        now, beyond, kept = self.now[here].copy(), self.beyond[here].copy(), blank(*tested.shape)
        begins = [0, *(1 + np.flatnonzero(numbers[1:] % MOVED == 0)).tolist()]
        seen = np.add.reduceat(sample.known, begins, axis=0)[:, :, None]
        at_once = numbers[0] % MOVED == 0
        if not at_once:  # the first rows go on with what was counted before
            seen[0] += self.seen[band.at]
        moves = self._moves(band, np.concatenate((self.seen[None, band.at], seen[:-1])))
        before = np.zeros_like(beyond) if at_once else beyond.copy()
        spans = pairwise((*begins, len(numbers)))
        for i, ((begin, end), move) in enumerate(zip(spans, moves, strict=True)):
            if i or at_once:
                self._move(now, beyond, *move)
            over = error[begin:end] > now[:, None] * tested[begin:end]
            np.add.reduce(over, axis=1, dtype=np.float32, out=beyond)
            if not i:
                beyond += before
            kept[begin:end] = now[ELDER]
        self.now[here], self.beyond[here], self.seen[band.at] = now, beyond, seen[-1]
        return kept

    def _move_on(self, band: Band) -> None:
        """Move the multipliers of some anchors by what was counted."""
        here = np.s_[:, :, band.at]
        for move in self._moves(band, self.seen[None, band.at]):
            self._move(self.now[here], self.beyond[here], *move)
        self.beyond[here] = self.seen[band.at] = 0

    def _moves(self, band: Band, seen: F32) -> Iterable[tuple[F32, F32, F32]]:
        """How multipliers move where so many errors were seen, (moves, A, 1, N).

        What they grow by with each error beyond them, in any case, and what leaks into them, each
        (LEVELS, A, ...).
        """
        more, less, leak = _pushes(band)
        seen = seen[:, None]
        return zip(repeat(more), 1 + less * seen, leak * seen * self.first)

    def _move(self, now: F32, beyond: F32, more: F32, growth: F32, leaked: F32) -> None:
        """Move some multipliers by what was counted, which has served then."""
        beyond *= more
        beyond += growth
        now *= beyond
        now += leaked
        if self.within:
            np.minimum(np.maximum(now, self.within[0], out=now), self.within[1], out=now)


@lru_cache
def _pushes(band: Band) -> F32:
    """What a multiplier grows by if an error is beyond it, what in any case, and what leaks away.

    (3, LEVELS, A, 1, 1).
    """
    often = band.often[:, :, None].astype(float)
    rate = often * RATE / band.ahead[:, None, None].astype(float) ** RATE_POWER
    up, down = np.expm1(rate * AIMED), np.expm1(-rate * (1 - AIMED))
    leak = np.broadcast_to(often / band.frame.rows(*LEAK), up.shape)
    return np.stack((up - down, down - leak, leak)).astype(np.float32)
