"""All that `Tide` knows of some series, and what it foresees of them.

What is learnt fades, but never ends; and yet a successor has to foresee the same from four weeks
of history. So it is learnt by two generations side by side. At every turn, some days apart, the
elder is given up, the younger takes its place, and a new one begins to learn. What the elder knows
is all learnt since the turn before the last: the same for everybody who begins there.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Floats
from ebbtide.forecast.tide_columns import replace_elder
from ebbtide.forecast.tide_days import CURVES
from ebbtide.forecast.tide_experts import EXPERTS, GUARDED, along, foreseen
from ebbtide.forecast.tide_frame import F32, Band, Frame, Rows, total
from ebbtide.forecast.tide_regression import FEATURES, beyond_the_last
from ebbtide.forecast.tide_sample import ELDER, GENERATIONS, YOUNGER, sample
from ebbtide.forecast.tide_track import GUARD, Seen, Track, of_band
from ebbtide.forecast.tide_weights import Weights
from ebbtide.forecast.tide_widths import LEARNT, Widths

TURN_DAYS = 7
"""Days from turn to turn."""
IGNORANCE = np.array((0.3, 1.0), np.float32)[:, None, None]
"""Widths to reckon with where nothing was measured yet, as shares of the demand."""
HIGHEST = np.float32(3)
"""Nothing is foreseen beyond so many times the highest demand that is known."""
SCHOOLING = 60
"""Rows after which what was measured is believed."""
BLOCK = 480
"""Values that are learnt at once: rows of few series, or one row of many."""


class Curve(NamedTuple):
    """What is foreseen of some series at every step."""

    median: F32
    """(steps, N)."""
    widths: F32
    """Above the median, (LEARNT, steps, N)."""
    highest: F32
    """Nothing is foreseen beyond it, (N,)."""


class Ahead:
    """What is learnt at the anchors of a band."""

    def __init__(self, frame: Frame, band: Band, series: int) -> None:
        self.frame, self.band = frame, band
        self.weights = Weights(frame, band, series)
        self.widths = Widths(frame, band, series)

    def learn(self, seen: Seen, births: Rows) -> None:
        """Learn from those of a block's rows that are the band's."""
        if of_band(self.band, seen).size:
            drawn = sample(seen, self.band, self.frame, births)
            self.widths.learn(drawn, self.weights.judge(drawn))


class Learner:
    """Learns row by row, and foresees from the last row."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        self.frame, self.size = frame, series
        self.track = Track(frame, series, at)
        self.aheads = [Ahead(frame, band, series) for band in frame.bands]
        self.births = [at] * GENERATIONS
        """The first row that each generation learnt from."""
        self.ordinary = np.full((1, series), np.nan, np.float32)
        """What an ordinary day asks for, as known at the last midnight, (cells of a day, N)."""

    def watch(self, history: Floats) -> None:
        """See rows of one day without learning from them, (T, N)."""
        for begin in range(0, len(history), BLOCK):
            self.track.keep(self.track.see(history[begin : begin + BLOCK].astype(np.float32)))
        self.births = [self.track.at] * GENERATIONS

    def learn(self, history: Floats) -> None:
        """Learn rows, (T, N), NaN for a gap, that follow those it knows."""
        day, done = self.frame.day, 0
        while done < len(history):
            if self.track.at % (TURN_DAYS * day) == 0:
                self._turn()
            most = max(1, min(BLOCK // self.size, day - self.track.at % day))
            self._learn(history[done : done + most].astype(np.float32))
            done += most

    def _learn(self, values: F32) -> None:
        """Learn a block of rows of one day."""
        seen = self.track.see(values)
        for ahead in self.aheads:
            ahead.learn(seen, np.array(self.births))
        self.track.keep(seen)
        if self.track.at % self.frame.day == 0:
            self.ordinary = self.track.days.ordinary()

    def _turn(self) -> None:
        """The younger generation takes the elder's place."""
        self.births = [self.births[YOUNGER], self.track.at]
        for i, band in enumerate(self.frame.bands):
            replace_elder(self.aheads[i], Ahead(self.frame, band, 1))

    def worse(self) -> F32:
        """Mean errors of late of what was foreseen, over those of persistence, (anchors, N)."""
        pairs = [(one.widths.spreads.errors[2], one.weights.scale) for one in self.aheads]
        own, plain = (np.concatenate(each)[:, ELDER] for each in zip(*pairs, strict=True))
        return np.where(plain > 0, own / np.where(plain > 0, plain, 1), 1)

    def foresee(self) -> Curve:
        """Median and widths at every step from the last row on."""
        every = _along(_between(self.frame), self._anchored())
        curves = self.track.days.next(self.track.at, self.frame.horizon)
        curves *= every[:, 1 : 1 + CURVES]
        median = total(curves, 1)
        median += every[:, 0]
        highest = HIGHEST * self.track.highest
        np.maximum(median, 0, out=median)
        np.minimum(median, highest, out=median)
        widths = every[:, 1 + CURVES :].swapaxes(0, 1)
        return Curve(median, np.minimum(widths, highest - median), highest)

    def _anchored(self) -> F32:
        """A constant, a multiple of each curve, and the widths, (A, 1 + CURVES + LEARNT, N)."""
        row, day = self.track.now, self.frame.day
        curves = self.track.days.at(self.track.at - 1 + np.array(self.frame.anchors))
        now = foreseen(row[None, None], curves[None], self.frame.anchors, day)[0]
        shares = np.concatenate([ahead.weights.shares for ahead in self.aheads])
        fits = [ahead.weights.regressions.coefficients[:, :, :, ELDER] for ahead in self.aheads]
        coefficients = np.concatenate(fits)
        own, regressed = shares[:, :EXPERTS], shares[:, EXPERTS:]
        median = total(own * now, 1)
        median += total(regressed * beyond_the_last(coefficients, now), 1)
        own[:, FEATURES] += total(regressed[:, :, None] * coefficients, 1)
        out = np.empty((len(now), 1 + CURVES + len(LEARNT), self.size), np.float32)
        out[:, 1 : 1 + CURVES] = multiples = along(row, own, day)
        np.maximum(median, 0, out=median)
        np.subtract(median, total(multiples * curves, 1), out=out[:, 0])
        out[:, 1 + CURVES :] = self._widths().swapaxes(0, 1)
        return out

    def _widths(self) -> F32:
        """Widths at the anchors, (LEARNT, A, N), wide where little was learnt."""
        widths = np.concatenate([ahead.widths.last[:, :, ELDER] for ahead in self.aheads], axis=1)
        counts = [ahead.weights.count[:, ELDER] * ahead.band.every for ahead in self.aheads]
        unsure = 1 - np.concatenate(counts) / np.float32(SCHOOLING)
        np.maximum(unsure, 0, out=unsure)
        unsure *= np.maximum(self.track.now[GUARDED] / GUARD, self.track.now[0])
        np.maximum(widths, IGNORANCE * unsure, out=widths)
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
