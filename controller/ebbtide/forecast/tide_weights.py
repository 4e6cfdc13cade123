"""How `Tide` mixes its experts: by their recent losses, and never to be worse than persistence.

An expert's weight is (lowest loss / its loss) ^ 20, after exponentially weighted aggregation, for
losses remembered over 4 days, 5 hours and 1 hour. The three mixes, two regressions and their means
are weighted once more in the same way; and the result yields to the last value where it was no
better over the last days. All losses are absolute errors over the running mean of the change over
the same number of rows, so that they compare across series and through spikes; at most 20.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.tide_experts import EXPERTS, foreseen
from ebbtide.forecast.tide_frame import F32, NIL, Frame, exchange, rates, running
from ebbtide.forecast.tide_regression import REGRESSIONS, Regressions
from ebbtide.forecast.tide_track import GUARDED, Seen, Track, Y

MEMORIES = ((5760.0, 150.0), (300.0, 40.0), (60.0, 12.0))
"""Minutes that losses are remembered for, and the fewest rows."""
SCALE_MEMORY = (1440.0, 100.0)
CHOICE_MEMORY = (2880.0, 150.0)
YIELD_MEMORY = (2880.0, 200.0)
WORST_LOSS = np.float32(20)
LEAST_LOSS = np.float32(1e-4)
FINEST = np.float32(5e-4)
"""The least scale, as a multiple of the guard (itself a share of the mean)."""
YIELDS = (1.03, 0.98)
"""Loss against persistence at which the mix has yielded wholly, and not at all."""
CHOICES = len(MEMORIES) + 2 * REGRESSIONS + 1


class Mix(NamedTuple):
    """A block of rows as they were judged, and what is foreseen from each. T rows, A anchors."""

    learnt: F32
    """Rows that were learnt from so far, (T, A, N)."""
    scale: F32
    """Running mean of the change over so many rows, (T, A, N)."""
    median: F32
    """What the mix foresees from each row, (T, A, N)."""
    shares: F32
    """The weight of each expert in it at the last row, (A, EXPERTS, N)."""


class Weights:
    """What is known of the experts' losses, at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame, anchors = frame, len(frame.anchors)
        self.regressions = Regressions(frame, series)
        self.count = np.zeros((anchors, series), np.float32)
        self.scale = np.zeros((anchors, series), np.float32)
        shape = (len(MEMORIES), anchors, EXPERTS + REGRESSIONS, series)
        self.losses = np.zeros(shape, np.float32)
        self.choice = np.zeros((anchors, CHOICES, series), np.float32)
        self.rivals = np.zeros((anchors, 2, series), np.float32)
        """Losses of the mix and of the last value."""
        self.fitted = [np.zeros((k, REGRESSIONS, series), np.float32) for k in frame.anchors]
        self.mixed = [np.zeros((k, series), np.float32) for k in frame.anchors]
        self.chosen = [np.zeros((k, CHOICES, series), np.float32) for k in frame.anchors]

    def judge(self, seen: Seen) -> Mix:
        """Learn from a block of rows, and mix what the experts foresee from each."""
        then, now = self._foreseen(seen)
        count, scale = self._measure(seen)
        judged = _Judged(seen, count, scale)
        regressed = self.regressions.foresee(now)
        tried = np.concatenate((then, _back(self.fitted, seen.at, regressed)), axis=2)
        now = np.concatenate((now, regressed), axis=2)
        weights = self._weigh(tried, judged)
        choices, parts = self._choose(weights, now, judged)
        mixed = (parts * choices).sum(axis=2)
        trust = self._trust(mixed, judged)
        present = seen.y[:, None]
        median = np.maximum(present + trust * (mixed - present), 0)
        return Mix(count, scale, median, self._shares(weights[-1], parts[-1], trust[-1]))

    def learn_regressions(self, track: Track) -> None:
        """At a full hour: fit the regressions to it."""
        self.regressions.learn(track, self.scale)

    def _foreseen(self, seen: Seen) -> tuple[F32, F32]:
        """What the experts foresaw for each row, and what they foresee from it."""
        then = foreseen(seen.back, seen.curves[:, None], self.frame)
        return then, foreseen(seen.rows[:, None], seen.ahead, self.frame)

    def _measure(self, seen: Seen) -> tuple[F32, F32]:
        """How many rows were learnt from, and the running mean of the change."""
        count = self.count + np.cumsum(seen.known, axis=0, dtype=np.float32)
        change = np.abs(seen.y[:, None] - seen.back[:, :, Y])
        share = rates(1 / self.frame.rows(*SCALE_MEMORY), count, seen.known)
        scale = running(self.scale, change, share)
        self.count, self.scale = count[-1], scale[-1]
        return count, np.maximum(scale, FINEST * seen.rows[:, None, GUARDED] + NIL)

    def _weigh(self, tried: F32, judged: "_Judged") -> F32:
        """Weights of the experts for each memory, (T, memories, A, experts, N)."""
        share = np.stack([judged.share(self.frame, memory) for memory in MEMORIES], axis=1)
        path = running(self.losses, judged.loss(tried)[:, None], share[:, :, :, None])
        self.losses = path[-1]
        return _sharpened(path, axis=3)

    def _choose(self, weights: F32, now: F32, judged: "_Judged") -> tuple[F32, F32]:
        """The mixes, regressions and means to choose from, and the weight of each."""
        mixes = (weights * now[:, None]).sum(axis=3).swapaxes(1, 2)
        mean, regressed = mixes.mean(axis=2, keepdims=True), now[:, :, EXPERTS:]
        choices = np.concatenate((mixes, mean, regressed, (regressed + mean) / 2), axis=2)
        loss = judged.loss(_back(self.chosen, judged.seen.at, choices))
        share = judged.share(self.frame, CHOICE_MEMORY)[:, :, None]
        path = running(self.choice, loss, share)
        self.choice = path[-1]
        return choices, _sharpened(path, axis=2)

    def _trust(self, mixed: F32, judged: "_Judged") -> F32:
        """How much of the mix is followed, (T, A, N); the rest is the last value."""
        back = _back(self.mixed, judged.seen.at, mixed)
        pair = np.stack((back, judged.seen.back[:, :, Y]), axis=2)
        share = judged.share(self.frame, YIELD_MEMORY)[:, :, None]
        path = running(self.rivals, judged.loss(pair), share)
        self.rivals = path[-1]
        worse = path[:, :, 0] / np.maximum(path[:, :, 1], LEAST_LOSS)
        trust: F32 = np.clip((YIELDS[0] - worse) / (YIELDS[0] - YIELDS[1]), 0, 1)
        return trust

    def _shares(self, weights: F32, parts: F32, trust: F32) -> F32:
        """The weight of each expert in what is foreseen from the last row, (A, EXPERTS, N)."""
        memories, mean = len(MEMORIES), parts[:, len(MEMORIES)]
        own = parts[:, :memories] + mean[:, None] / memories
        regressed = parts[:, memories + 1 :]
        halves = regressed[:, REGRESSIONS:] / 2
        own = own + halves.sum(axis=1, keepdims=True) / memories
        total = (own.swapaxes(0, 1)[:, :, None] * weights).sum(axis=0)
        of_regressions = total[:, EXPERTS:] + regressed[:, :REGRESSIONS] + halves
        shares = total[:, :EXPERTS] + self.regressions.shares(of_regressions)
        followed: F32 = shares * trust[:, None]
        followed[:, 0] += 1 - trust
        return followed


class _Judged(NamedTuple):
    """A block of rows to judge forecasts by."""

    seen: Seen
    learnt: F32
    scale: F32

    def loss(self, tried: F32) -> F32:
        """Losses of what was foreseen for each row, (T, A, tried, N)."""
        error = np.abs(tried - self.seen.y[:, None, None])
        error /= self.scale[:, :, None]
        losses: F32 = np.minimum(error, WORST_LOSS)
        return losses

    def share(self, frame: Frame, memory: tuple[float, float]) -> F32:
        """How much each row counts in a running mean, (T, A, N)."""
        return rates(1 / frame.rows(*memory), self.learnt, self.seen.known)


def _back(rings: Sequence[F32], at: int, new: F32) -> F32:
    """Put what is foreseen at each anchor, (T, A, ...), into its ring for what was so long ago."""
    return np.stack([exchange(ring, at, new[:, a]) for a, ring in enumerate(rings)], axis=1)


def _sharpened(losses: F32, axis: int) -> F32:
    """Weights (lowest loss / loss) ^ 20 that add up to one."""
    losses = losses + LEAST_LOSS
    weights = losses.min(axis=axis, keepdims=True) / losses
    fourth = np.square(np.square(weights))
    weights = np.square(np.square(fourth)) * fourth  # the 20th power
    shares: F32 = weights / weights.sum(axis=axis, keepdims=True)
    return shares
