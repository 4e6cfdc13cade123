"""All that `Tide` knows of some series, and what it foresees of them."""

import numpy as np

from ebbtide.forecast.contract import Floats
from ebbtide.forecast.tide.ahead import Ahead, keep_believable, look_ahead
from ebbtide.forecast.tide.arrays import F32, NOUGHT, ONE, number
from ebbtide.forecast.tide.columns import handed_on
from ebbtide.forecast.tide.experts import EXPERTS, GUARDED, along
from ebbtide.forecast.tide.fan import Anchored, fan, steps_from
from ebbtide.forecast.tide.frame import Flights, Frame
from ebbtide.forecast.tide.options import pooled
from ebbtide.forecast.tide.sample import Sample, sample
from ebbtide.forecast.tide.seen import Seen
from ebbtide.forecast.tide.spreads import DAY_AT
from ebbtide.forecast.tide.track import GUARD, Track
from ebbtide.forecast.tide.weights import Weights, at_least
from ebbtide.forecast.tide.widths import Widths

IGNORANCE = np.array((0.3, 1.0), np.float32)[:, None, None]
"""Widths to reckon with where nothing was measured yet, as shares of the demand."""
HIGHEST = number(3)
"""Nothing is foreseen beyond so many times the highest demand that is known."""
TURN_DAYS = 5
"""Days from turn to turn of the generations that learn widths."""
SCHOOLING = number(60)
"""Rows after which what was measured is believed."""
NOWHERE = (None, None)
BLOCK = 16384
"""Values that are learnt at once: a day of few series, or some rows of many."""


class Learner:
    """Learns row by row, and foresees from the last row."""

    def __init__(self, frame: Frame, series: int, at: int) -> None:
        self.frame, self.size = frame, series
        self.track = Track(frame, series, at)
        self.flights = Flights(frame, EXPERTS, series)
        """What each expert foresaw."""
        self.weights = Weights(frame, series)
        self.widths = Widths(frame, series)
        self.ordinary = np.full((self.track.days.fine.day, series), np.nan, np.float32)
        """What an ordinary day asks for, as known at the last midnight, (cells of a day, N)."""
        self._looked: tuple[F32 | None, Ahead | None] = NOWHERE
        """The row from which was foreseen last, and what; no longer than until it is asked for."""

    def learn(self, history: Floats) -> None:
        """Learn rows, (T, N), NaN for a gap, that follow those it knows.

        If it is sparse, they go on to the end of a day.
        """
        day, done = self.frame.day, 0
        while done < len(history):
            if self.track.at % (TURN_DAYS * day) == 0:
                self.widths.turn()
            most = self._at_once(self.track.at)
            self._learn(history[done : done + most].astype(np.float32))
            done += most

    def _at_once(self, at: int) -> int:
        """How many rows of a day may be learnt at once from a row on."""
        bands, day = self.frame.bands, self.frame.day
        most = min(BLOCK * bands[0].every[0] // self.size, self.track.days.block)
        if self.frame.sparse:  # what takes off late has to do so in the same block
            most -= (at + most) % bands[-1].every[-1]
        return max(1, min(most, day - at % day))

    def _learn(self, values: F32) -> None:
        """Learn a block of rows of one day: the anchors that are due, or band by band."""
        seen = self.track.see(values)
        end = self.track.at
        if len(values) == 1 and not self.frame.sparse:
            drawn = [self._sample_of_one(seen)]
        else:
            spans = [(band, band.learnt(seen.at, end)) for band in self.frame.bands]
            drawn = [sample(seen, *span, self.flights) for span in spans if span[1].size]
        for each, mix in zip(drawn, self.weights.judge(drawn), strict=True):
            self.widths.learn(each, mix)
        if end % self.frame.day == 0:
            self.ordinary = self.track.days.ordinary()

    def _sample_of_one(self, seen: Seen) -> Sample:
        """What the anchors that are due learn from a single row.

        What is foreseen from it is reckoned at all anchors, and kept for who asks in that minute.
        """
        whole, numbers = self.frame.whole, np.array((seen.at,))
        said = seen.said.ahead(numbers, whole)
        ahead = look_ahead(seen.rows, seen.ahead(numbers, whole), said, whole)
        self._looked = self.track.now, ahead
        band = self.frame.due(seen.at)
        return sample(seen, band, numbers, self.flights, ahead)

    def closer(self) -> "Learner":
        """One that knows the same, and learns from every row from now on."""
        made = Learner(self.frame._replace(sparse=False), self.size, self.track.at)
        handed_on(self, made)
        made.track.lived[:] = 0  # nothing is in flight
        return made

    def worse(self) -> F32:
        """Mean errors of late of what was foreseen, over those of persistence, (anchors, N)."""
        own, plain = self.widths.spreads.errors[:, DAY_AT], self.weights.scale
        return np.divide(own, plain, out=np.ones_like(own), where=plain > NOUGHT)

    def foresee(self, out: Floats) -> None:
        """Put the quantiles at every step from the last row on, (levels, steps, N), into place."""
        days, at = self.track.days, self.track.at
        steps = steps_from(self.frame, at % days.fine.cell, days.fine.cell)
        curves = days.next(at, steps.cells)
        pulses = self.track.pulses.ahead(at, self.frame.horizon)
        fan(steps, self._anchored(), curves, pulses, HIGHEST * self.track.highest, out)

    def _anchored(self) -> Anchored:
        """What is foreseen at the anchors from the last row on."""
        ahead, weights = self._ahead_of_now(), self.weights
        median: F32 = np.einsum("aen,aen->an", weights.shares, ahead.now[0])
        scale = at_least(weights.scale, self.track.now[GUARDED])
        median += weights.correction.ahead(ahead, median, scale)
        own = weights.own()
        weighed = pooled(own, self.frame)
        together, alone = ahead.beyond(weighed, own)
        median += together - alone
        keep_believable(median, (ahead.lowest[0], ahead.highest[0]), scale)
        multiples = along(self.track.now, weighed, self.frame.day)
        constant = median - np.einsum("acn,acn->an", multiples, ahead.curves[0])
        return Anchored(constant, multiples, self._widths())

    def _ahead_of_now(self) -> Ahead:
        """What is foreseen from the last row at all anchors, (1, A, ...)."""
        (row, ahead), self._looked = self._looked, NOWHERE
        if row is self.track.now and ahead:
            return ahead
        curves = self.track.days.at(self.track.at - 1 + self.frame.whole.ahead)[None]
        ahead = look_ahead(self.track.now[None], curves, self.track.said(), self.frame.whole)
        self.weights.look(ahead, self.track.now[None, None, GUARDED])
        return ahead

    def _widths(self) -> F32:
        """Widths at the anchors, (LEARNT, A, N), wide where little was learnt."""
        counts = self.weights.count * self.frame.whole.often
        if not np.count_nonzero(counts < SCHOOLING):
            return self.widths.last
        unsure = np.maximum(ONE - counts / SCHOOLING, NOUGHT)
        unsure *= np.maximum(self.track.now[GUARDED] / GUARD, self.track.now[0])
        return np.asarray(np.maximum(self.widths.last, IGNORANCE * unsure))
