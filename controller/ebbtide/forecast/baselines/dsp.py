"""`DSP`: the strongest items of a spectrum, extended; what Crane's `dsp` predictor does.

The period is a day or a week, whichever the autocorrelation says. The last whole periods are
clipped to their percentiles 0.1 and 99.9, transformed, cut down to their strongest items, and
transformed back: the signal so found is periodic, and goes on. Crane adds a margin; here the
quantiles of the measured errors take its place.
"""

from dataclasses import dataclass

import numpy as np

from ebbtide.forecast.baselines.baseline import Baseline, Past
from ebbtide.forecast.contract import Floats, Rows

WEEK = 7
STRONGEST = 20
"""Items of the spectrum that are kept, beside the mean."""
WINDOW_DAYS = 7
"""Days that are transformed where the period is a day."""
WINDOW_WEEKS = 2
CLIP = (0.001, 0.999)
TRIALS = 8
"""How often the extension is made anew over the last days, to measure its errors."""
TRIALS_A_DAY = 4


def dsp() -> Baseline:
    """FFT extrapolation, as Crane's."""
    return Baseline("DSP", _fit)


@dataclass(frozen=True, slots=True)
class _Extended:
    """Extensions made at the last rows of several pasts; each is used until the next was made."""

    ends: Rows
    """The first row after each past, ascending."""
    signals: list[tuple[Floats, Rows]]
    """For each, the periodic signal (rows, series) and the rows after which it comes again."""

    @property
    def since(self) -> int:
        return int(self.ends[0]) - 1

    def foresee(self, origins: Rows, ahead: Rows) -> Floats:
        which = np.searchsorted(self.ends, origins + 1, side="right") - 1
        found = np.full((origins.size, len(self.signals[0][1])), np.nan)
        for i, (signal, lengths) in enumerate(self.signals):
            mine = which == i
            row = (origins + ahead)[mine] - self.ends[i]
            place = row[:, None] % lengths
            found[mine] = np.take_along_axis(signal, place, axis=0)
        return found


def _fit(past: Past) -> _Extended:
    """Extend the whole past, and the pasts of each quarter of the last days."""
    rows, shift = len(past.known), max(1, past.day // TRIALS_A_DAY)
    ends = np.array([rows - back * shift for back in range(TRIALS, -1, -1)])
    ends = ends[(ends >= past.day) | (ends == rows)]
    known = np.nan_to_num(past.known)
    return _Extended(ends, [_signal(known[:end], past.day) for end in ends])


def _signal(known: Floats, day: int) -> tuple[Floats, Rows]:
    """The periodic signal of the last whole periods, and how long it is, for each series."""
    if len(known) < day:
        return known[-1:], np.ones(known.shape[1], int)
    daily = min(WINDOW_DAYS, len(known) // day) * day
    weekly = min(WINDOW_WEEKS, len(known) // (WEEK * day)) * WEEK * day
    lengths = np.where(_is_weekly(known, day), weekly, daily)
    signal = np.zeros((max(daily, weekly), known.shape[1]))
    for length in np.unique(lengths):
        mine = lengths == length
        signal[:length, mine] = _strongest(known[-length:, mine])
    return signal, lengths


def _is_weekly(known: Floats, day: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a series looks more like itself a week ago than a day ago; needs two weeks."""
    if len(known) < 2 * WEEK * day:
        return np.zeros(known.shape[1], bool)
    recent = known[-2 * WEEK * day :]
    deviation = recent - recent.mean(axis=0)
    week, yesterday = (
        (deviation[lag:] * deviation[:-lag]).mean(axis=0) for lag in (WEEK * day, day)
    )
    return np.asarray(week > yesterday)


def _strongest(known: Floats) -> Floats:
    """The signal of the strongest items of the spectrum, never below nothing."""
    low, high = np.quantile(known, CLIP, axis=0)
    spectrum = np.fft.rfft(np.clip(known, low, high), axis=0)
    strength = np.abs(spectrum)
    strength[0] = np.inf  # the mean
    if len(spectrum) > STRONGEST + 1:
        least = np.partition(strength, -STRONGEST - 1, axis=0)[-STRONGEST - 1]
        spectrum[strength < least] = 0
    signal: Floats = np.maximum(np.fft.irfft(spectrum, len(known), axis=0), 0.0)
    return signal
