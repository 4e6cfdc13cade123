"""All that `Tide` knows of some series, and what it foresees of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import Floats
from ebbtide.forecast.tide.arrays import F32, total
from ebbtide.forecast.tide.days import CURVES
from ebbtide.forecast.tide.expected import LEARNT
from ebbtide.forecast.tide.experts import EXPERTS, GUARDED, along, foreseen, highest
from ebbtide.forecast.tide.frame import Flights, Frame
from ebbtide.forecast.tide.regression import FEATURES, beyond_the_last
from ebbtide.forecast.tide.sample import sample
from ebbtide.forecast.tide.spreads import DAY_AT
from ebbtide.forecast.tide.track import GUARD, Track
from ebbtide.forecast.tide.weights import BEYOND, Weights
from ebbtide.forecast.tide.widths import Widths

IGNORANCE = np.array((0.3, 1.0), np.float32)[:, None, None]
"""Widths to reckon with where nothing was measured yet, as shares of the demand."""
HIGHEST = np.float32(3)
"""Nothing is foreseen beyond so many times the highest demand that is known."""
TURN_DAYS = 7
"""Days from turn to turn of the generations that learn widths."""
SCHOOLING = 60
"""Rows after which what was measured is believed."""
BLOCK = 2048
"""Values that are learnt at once: rows of few series, or one row of many."""


class Curve(NamedTuple):
    """What is foreseen of some series at every step."""

    median: F32
    """(steps, N)."""
    widths: F32
    """Above the median, (LEARNT, steps, N)."""
    highest: F32
    """Nothing is foreseen beyond it, (N,)."""


class Learner:
    """Learns row by row, and foresees from the last row."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        self.frame, self.size = frame, series
        self.track = Track(frame, series, at)
        self.flights = Flights(frame, EXPERTS, series)
        """What each expert foresaw."""
        self.weights = Weights(frame, series)
        self.widths = Widths(frame, series)
        self.ordinary = np.full((1, series), np.nan, np.float32)
        """What an ordinary day asks for, as known at the last midnight, (cells of a day, N)."""

    def learn(self, history: Floats) -> None:
        """Learn rows, (T, N), NaN for a gap, that follow those it knows."""
        day, done = self.frame.day, 0
        while done < len(history):
            if self.track.at % (TURN_DAYS * day) == 0:
                self.widths.turn()
            most = max(1, min(BLOCK // self.size, day - self.track.at % day, self.track.days.block))
            self._learn(history[done : done + most].astype(np.float32))
            done += most

    def _learn(self, values: F32) -> None:
        """Learn a block of rows of one day: the anchors that are due, or band by band."""
        seen = self.track.see(values)
        end = self.track.at
        bands = (self.frame.due(seen.at),) if len(values) == 1 else self.frame.bands
        for band in bands:
            numbers = band.learnt(seen.at, end)
            if numbers.size:
                drawn = sample(seen, band, numbers, self.flights)
                self.widths.learn(drawn, self.weights.judge(drawn))
        if end % self.frame.day == 0:
            self.ordinary = self.track.days.ordinary()

    def worse(self) -> F32:
        """Mean errors of late of what was foreseen, over those of persistence, (anchors, N)."""
        own, plain = self.widths.spreads.errors[:, DAY_AT], self.weights.scale
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
        now = foreseen(row[None, None], curves[None], self.frame.anchors, day)[0, :, :EXPERTS]
        coefficients, shares = self.weights.regressions.coefficients, self.weights.shares
        own, regressed = shares[:, :EXPERTS].copy(), shares[:, EXPERTS:]
        median = total(own * now, 1)
        median += total(regressed * beyond_the_last(coefficients, now), 1)
        own[:, FEATURES] += total(regressed[:, :, None] * coefficients, 1)
        out = np.empty((len(now), 1 + CURVES + len(LEARNT), self.size), np.float32)
        out[:, 1 : 1 + CURVES] = multiples = along(row, own, day)
        np.minimum(median, highest(now) + BEYOND * self.weights.scale, out=median)
        np.maximum(median, 0, out=median)
        np.subtract(median, total(multiples * curves, 1), out=out[:, 0])
        out[:, 1 + CURVES :] = self._widths().swapaxes(0, 1)
        return out

    def _widths(self) -> F32:
        """Widths at the anchors, (LEARNT, A, N), wide where little was learnt."""
        counts = self.weights.count * self.frame.whole.often
        unsure = np.maximum(1 - counts / SCHOOLING, 0).astype(np.float32)
        unsure *= np.maximum(self.track.now[GUARDED] / GUARD, self.track.now[0])
        return np.asarray(np.maximum(self.widths.last, IGNORANCE * unsure))


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
