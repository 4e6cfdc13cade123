"""All that `Tide` knows of some series, and what it foresees of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Floats
from ebbtide.forecast.tide_experts import FORMS, PLAIN, parts
from ebbtide.forecast.tide_frame import F32, Frame, rates, running
from ebbtide.forecast.tide_quantiles import Widths
from ebbtide.forecast.tide_track import CURVES, GUARD, GUARDED, Seen, Track, Y, warm
from ebbtide.forecast.tide_weights import Mix, Weights

IGNORANCE = np.array((0.3, 1.0), np.float32)[:, None, None]
"""Widths to reckon with where nothing was measured yet, as shares of the demand."""
HIGHEST = np.float32(3)
"""Nothing is foreseen beyond so many times the highest demand that is known."""
SCHOOLING = 60
"""Rows after which what was measured is believed."""
TRUST_MEMORY = (1440.0, 100.0)
"""Minutes that errors are remembered for when they are compared with persistence's."""


class Curve(NamedTuple):
    """What is foreseen of some series at every step."""

    median: F32
    """(steps, N)."""
    widths: F32
    """Above the median, (LEARNT, steps, N)."""


class Learner:
    """Learns row by row, and foresees from the last row."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        self.frame = frame
        self.track = Track(frame, series, at)
        self.weights = Weights(frame, series)
        self.widths = Widths(frame, series)
        self.accuracy = np.zeros((2, len(frame.anchors), series), np.float32)
        """Mean errors so far of what was foreseen, and of the last value."""
        self.ordinary = np.full((1, series), np.nan, np.float32)
        """What an ordinary day asks for, as known at the last midnight, (cells of a day, N)."""
        self._mix: Mix | None = None
        self._width: F32 | None = None

    @property
    def size(self) -> int:
        """How many series it has."""
        return int(self.accuracy.shape[-1])

    def learn(self, history: Floats) -> None:
        """Learn rows, (T, N), NaN for a gap, that follow those it knows."""
        values: F32 = history.astype(np.float32)
        hour = self.frame.hour
        first = min(len(values), hour - self.track.at % hour)
        self._learn(values[:first])
        for begin in range(first, len(values), hour):
            self._learn(values[begin : begin + hour])

    def _learn(self, values: F32) -> None:
        """Learn rows of one hour."""
        if not len(values):
            return
        seen = self.track.see(values)
        mix = self.weights.judge(seen)
        widths, error = self.widths.widen(seen, mix)
        self._compare(seen, mix, error)
        if self.track.at % self.frame.hour == 0:
            self.weights.regressions.learn(self.track, self.weights.scale)
        if self.track.at % self.frame.day == 0:
            self.ordinary = self.track.ordinary()
        last = (mix.learnt[-1:], mix.scale[-1:], mix.median[-1:])
        self._mix, self._width = Mix(*last, mix.shares), widths[-1]

    def _compare(self, seen: Seen, mix: Mix, error: F32) -> None:
        """Keep the errors of what was foreseen, and those of persistence."""
        change = seen.y[:, None] - seen.back[:, :, Y]
        pair = np.abs(np.stack((error, change), axis=1))
        share = rates(1 / self.frame.rows(*TRUST_MEMORY), mix.learnt, seen.known)
        self.accuracy = running(self.accuracy, pair, share[:, None])[-1]

    def foresee(self) -> Curve:
        """Median and widths at every step from the last row on."""
        steps = _between(self.frame)
        coefficients = _along(steps, self._coefficients())
        track, horizon = self.track, self.frame.horizon
        curves = track.ahead[(track.at + np.arange(horizon)) % len(track.ahead)]
        median = coefficients[:, 0] + (coefficients[:, 1:] * curves).sum(axis=1)
        widths = np.stack([_along(steps, width) for width in self._widths()])
        highest = HIGHEST * track.highest
        median = np.clip(median, 0, highest)
        return Curve(median, np.minimum(widths, highest - median))

    def _coefficients(self) -> F32:
        """The mix at each anchor: a constant, and a multiple of each curve, (A, 1 + CURVES, N)."""
        mix, rows = self._mix, self.track.now[None, None]
        if mix is None:
            raise ValueError("nothing was learnt yet")
        constant, multiple = (p[0, 0] for p in parts(rows, warm(rows, self.frame.day)))
        of_curves = mix.shares[:, PLAIN:].reshape(-1, CURVES, FORMS, constant.shape[-1])
        multiples = (of_curves * multiple).sum(axis=2)
        targets = self.track.at - 1 + np.array(self.frame.anchors)
        curves = self.track.ahead[targets % len(self.track.ahead)]
        rest = mix.median[-1] - (multiples * curves).sum(axis=1)
        return np.concatenate((rest[:, None], multiples), axis=1)

    def _widths(self) -> F32:
        """Widths at the anchors, (LEARNT, A, N), wide where little was learnt."""
        if self._width is None or self._mix is None:
            raise ValueError("nothing was learnt yet")
        unsure = np.clip(1 - self._mix.learnt[-1] / SCHOOLING, 0, 1)
        level = np.maximum(self.track.now[GUARDED] / GUARD, self.track.now[Y])
        widths: F32 = np.maximum(self._width, IGNORANCE * unsure * level)
        return widths


@lru_cache
def _between(frame: Frame) -> F32:
    """The share of each anchor in each step, (steps, A): linear in the logarithm of the step."""
    steps = np.log(np.arange(1, frame.horizon + 1))
    place = np.interp(steps, np.log(frame.anchors), np.arange(len(frame.anchors)))
    distance = np.abs(place[:, None] - np.arange(len(frame.anchors)))
    return np.asarray(np.maximum(1 - distance, 0), np.float32)


def _along(steps: F32, anchored: F32) -> F32:
    """What stands at the anchors, (A, ...), at every step."""
    flat = steps @ anchored.reshape(steps.shape[1], -1)
    return flat.reshape(len(steps), *anchored.shape[1:])
