"""What machines do at one minute of every day, taken off demand before all else looks at it.

A job that starts on the minute, or a message that goes out on it, lifts demand for a minute or
three, each day at the same one. No smooth curve holds that, and it spoils what averages and ratios
say of the minutes after it. So the rest is forecast without it, and what it lifts is put on again.

A pulse is the mean over days, of which the older fade, of how far a minute lies above the mean of
those around it. A single day moves it by little; what lies within the noise of such a mean is none,
and what lies beyond is drawn in by it (the nonnegative garrote: Breiman, Technometrics 37, 1995).
Pulses are followed as far as demand without them changed less from row to row on the last days.
"""

import numpy as np

from ebbtide.forecast.contract import Rows
from ebbtide.forecast.tide.arrays import (
    F32,
    NIL,
    NOUGHT,
    ONE,
    number,
    packed,
    total,
    unpacked,
    window_means,
)
from ebbtide.forecast.tide.frame import HOUR_MINUTES, Frame

BESIDE_MINUTES, BESIDE_ROWS = 9, 1
"""A minute is compared with so many on each side, and no fewer rows than that."""
SHARE, TWO = number(0.25), number(2)
"""What a day counts for in the means over days, once there are enough."""
SURPRISE, GROWTH = number(2), number(3)
"""A day says no more than so many usual deviations, and so many times the pulse, beyond it: what
came once says little, and what comes again is believed."""
CERTAIN = number(5)
"""Deviations of a mean over days beyond which it is a pulse, and no noise."""
OF_MEAN = number(1.25)
"""The standard deviation over the mean absolute one, of a normal distribution."""
GAINED = number(0.02)
"""Share of the changes that pulses have to spare to be followed wholly."""


class Pulses:
    """The pulses of some series, those of the rows ahead, and how far they are followed."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame, self.day, self.sight = frame, frame.day, frame.sight
        beside = max(BESIDE_ROWS, BESIDE_MINUTES // frame.grid)
        self.beside = beside if frame.grid < HOUR_MINUTES else 0
        self.packed = np.zeros((frame.day, series), np.float16)
        """How far each row of a day lies above those around it, in the mean."""
        self.coming = np.zeros((self.sight, series), np.float32)
        """The pulses of the rows to come; that of row `r` of `n` stands at `r % n`."""
        self.trust = np.zeros(series, np.float32)
        """How far they are followed."""
        self.raw = np.full((2 * self.beside + 1, series), np.nan, np.float32)
        """The last rows without pulses, with which the next are compared."""
        self.before = np.full((2, series), np.nan, np.float32)
        """The last row and its pulse."""
        self.days = np.zeros(series, np.float32)
        """Days that are known."""
        self.usual = np.zeros(series, np.float32)
        """How far rows lie off their pulses: a standard deviation."""
        self.noise = np.full(series, np.inf, np.float32)
        """The square of what may be no pulse."""
        self.gains = np.zeros((2, series), np.float32)
        """What the changes from row to row were less without pulses, and all of them, a day."""
        self.gained = np.zeros_like(self.gains)
        """The same on the present day."""
        self.off = np.zeros((2, series), np.float32)
        """How far rows of the present day lay off their pulses, and their number."""

    def take_off(self, values: F32, numbers: Rows) -> F32:
        """Learn rows of one day, (T, N), NaN for a gap; answer what they are without pulses."""
        pulses = self._arrived(numbers)
        self._compare(values, pulses)
        self._learn(values - pulses, numbers)
        pulses *= self.trust
        rest = values - pulses
        if (int(numbers[-1]) + 1) % self.day == 0:
            self._close_day()
        np.maximum(rest, NOUGHT, out=rest)
        return rest

    def ahead(self, at: int, rows: int) -> F32:
        """What pulses are expected to lift in rows from one on, (rows, N)."""
        expected: F32 = self.coming.take((at + np.arange(rows)) % self.sight, axis=0)
        expected *= self.trust
        return expected

    def ordinary(self) -> F32:
        """What pulses lift on an ordinary day, row by row, (rows of the clock's day, N)."""
        return np.multiply(self.trust, self._beyond(unpacked(self.packed)))

    def _arrived(self, numbers: Rows) -> F32:
        """The pulses of rows that are seen; those that come into sight take their places."""
        if len(numbers) == 1:
            place = int(numbers[0]) % self.sight
            here = self.coming[place : place + 1].copy()
            self.coming[place] = self._pulses(numbers + self.sight)[0]
            return here
        order = (numbers[0] + np.arange(self.sight)) % self.sight
        whole = np.concatenate((self.coming[order], self._pulses(numbers + self.sight)))
        self.coming[(order + len(numbers)) % self.sight] = whole[len(numbers) :]
        return whole[: len(numbers)]

    def _pulses(self, numbers: Rows) -> F32:
        """What is beyond noise at some rows, (rows, N)."""
        return self._beyond(unpacked(self.packed[self.frame.by_clock(numbers) % self.day]))

    def _beyond(self, mean: F32) -> F32:
        """What of means over days is beyond noise."""
        square = np.square(mean)
        beyond = np.maximum(square - self.noise, NOUGHT)
        beyond /= np.maximum(square, NIL, out=square)
        beyond *= mean
        return beyond

    def _compare(self, values: F32, pulses: F32) -> None:
        """How much less the rows change without pulses, where these do."""
        rows = np.concatenate((self.before[None], np.stack((values, pulses), axis=1)))
        self.before = rows[-1]
        change = rows[1:] - rows[:-1]
        seen, lifted = change[:, 0], change[:, 1]
        unsaid = np.isnan(seen) | np.isnan(lifted) | (lifted == NOUGHT)
        seen[unsaid] = lifted[unsaid] = 0
        rest = np.abs(seen - lifted)
        np.abs(seen, out=seen)
        self.gained[0] += total(seen - rest, 0)
        self.gained[1] += total(seen, 0)

    def _learn(self, rest: F32, numbers: Rows) -> None:
        """Learn how far rows, whose last neighbours are known now, lie above those.

        They are compared without pulses: else each would be a fall of the minutes beside it.
        """
        window, ends = len(self.raw), np.arange(len(rest))
        rows = np.concatenate((self.raw, rest))
        self.raw = rows[-window:]
        around, count = window_means(rows, ends, window)
        new = rows[ends + (window - self.beside)] - around
        new *= count / np.maximum(count - ONE, ONE)  # for a row is one of those around it
        known = (~np.isnan(new) & (count > self.beside)).astype(np.float32)
        places = self.frame.by_clock(numbers - self.beside) % self.day
        before = unpacked(self.packed[places])
        new += self._beyond(before)
        new -= before
        np.copyto(new, NOUGHT, where=known == NOUGHT)
        self.off[0] += total(np.abs(new), 0)
        self.off[1] += total(known, 0)
        most = SURPRISE * self.usual + GROWTH * np.abs(before)
        np.minimum(new, most, out=new)
        np.maximum(new, -most, out=new)
        new *= np.maximum(SHARE, ONE / np.maximum(self.days, ONE))
        new += before
        self.packed[places] = packed(new)

    def _close_day(self) -> None:
        """Take in what the day that ended said of all rows."""
        off, count = self.off
        self.days += count > NOUGHT
        share = np.maximum(SHARE, ONE / np.maximum(self.days, ONE)) * (count > NOUGHT)
        self.usual += share * (OF_MEAN * off / np.maximum(count, ONE) - self.usual)
        self.gains += share * (self.gained - self.gains)
        saved = self.gains[0] / (GAINED * self.gains[1] + NIL)
        self.trust = np.minimum(np.maximum(saved, NOUGHT), ONE)
        learnt = self.days - ONE  # the first day tells of nothing but noise
        of_mean = np.maximum(ONE / np.maximum(learnt, ONE), SHARE / (TWO - SHARE))
        noise = np.square(CERTAIN * self.usual) * of_mean
        self.noise = np.where(learnt > NOUGHT, noise, np.float32(np.inf))
        self.off, self.gained = np.zeros_like(self.off), np.zeros_like(self.gained)
