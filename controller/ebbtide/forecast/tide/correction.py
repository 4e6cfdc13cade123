"""What `Tide` adds to its mix: what that is known to miss.

The weights of a mix change slowly and add up to one, so that it may miss the same again and again.
A ridge regression learns what it misses from all that hints at it (`tide.clues`). That is added as
far as it would have been better of late.
"""

from functools import lru_cache

import numpy as np

from ebbtide.forecast.tide.ahead import Ahead
from ebbtide.forecast.tide.arrays import F32, blank, kept, running
from ebbtide.forecast.tide.beside import RECENT, Anchors, Beside, Mixed
from ebbtide.forecast.tide.clues import COUNT, MEANS, REGRESSED, SPANS, clues, sizes
from ebbtide.forecast.tide.equations import spells
from ebbtide.forecast.tide.frame import Band, Flights, Frame
from ebbtide.forecast.tide.judged import LEAST_LOSS, Judged, paired
from ebbtide.forecast.tide.ridge import FARTHEST, Kind, Ridge

KIND = Kind(features=COUNT, memories=((3200.0, 150.0),), pull=1.5, far_minutes=3.0, longer=True)


class Correction:
    """What is known of the errors of a mix, at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        anchors = len(frame.anchors)
        self.ridge = Ridge(KIND, frame, series)
        self.anchors = Anchors(frame, series)
        self.missed = np.zeros((anchors, MEANS, series), np.float32)
        """Running means of small and of large errors of the mix, in mean changes."""
        self.losses = np.full((anchors, 2, series), LEAST_LOSS)
        """Of the mix, and of what it becomes."""
        self.parts = np.zeros((anchors, COUNT, series), np.float32)
        """How much of each clue is added, by the last row."""
        self.known = Flights(frame, COUNT, series)
        self.fitted = Flights(frame, series)

    def mixed(self, judged: Judged, back: F32, median: F32) -> Mixed:
        """Learn what a mix missed, which foresaw `back` for a block of rows, (T, A, N).

        From each of them it foresees the `median`.
        """
        sample = judged.sample
        share = _paces(sample.band) * sample.known[:, :, None]
        error = (sample.y - back) / judged.scale
        missed = running(self.missed[sample.band.at], sizes(error), share)
        return Mixed(judged, back, median, error, missed)

    def add(self, mixed: Mixed, others: Beside) -> F32:
        """Learn from a block of rows: what is added to what is foreseen from each, (T, A, N)."""
        sample, scale = mixed.judged.sample, mixed.judged.scale
        now = clues(sample.now, sample.looked.still, mixed.median, scale, mixed.missed, others)
        made, fitted = self._foresee(mixed, now)
        made *= scale
        fitted *= scale
        fitted += mixed.back
        at = sample.band.at
        followed = mixed.judged.chosen(self.losses[at], paired(mixed.back, fitted))[:, :, 1]
        made *= followed
        self.parts[at] = followed[-1, :, None] * self.ridge.coefficients[at, 0]
        return made

    def ahead(self, ahead: Ahead, median: F32, scale: F32) -> F32:
        """What is added to the mix of all anchors, (A, N), from the last row on."""
        others = Beside(self.anchors.ahead(median)[None], self.missed[None, :1, :RECENT])
        now = clues(ahead.now, ahead.still, median[None], scale[None], self.missed[None], others)
        added: F32 = np.einsum("afn,afn->an", self.parts, now[0])
        added *= scale
        return added

    @property
    def regressed(self) -> F32:
        """How much of each regression's way from the mix is added, (A, REGRESSIONS, N)."""
        return self.parts[:, REGRESSED]

    def _foresee(self, mixed: Mixed, now: F32) -> tuple[F32, F32]:
        """What is missed from each row by its clues, and was thought to be for each."""
        sample = mixed.judged.sample
        band, coefficients = sample.band, self.ridge.coefficients
        then = blank(*now.shape[:2], COUNT + 1, now.shape[-1])
        then[:, :, :COUNT] = self.known.exchange(band, sample.places, now)
        then[:, :, COUNT] = kept(mixed.error, FARTHEST)
        made, fitted = (blank(len(now), now.shape[1], now.shape[-1]) for _ in range(2))
        for begin, end, anchors in spells(band, sample.numbers, 0.0):
            for each in anchors:
                self.ridge.fit(band, each)
            here = slice(begin, end)
            made[here] = np.einsum("tafn,afn->tan", now[here], coefficients[band.at, 0])
            fitted[here] = self.fitted.exchange(band, sample.places[here], made[here])
            errors = then[here, :, COUNT] - fitted[here]
            self.ridge.learn(sample, here, then[here], errors[:, :, None])
        return made, fitted


@lru_cache
def _paces(band: Band) -> F32:
    """How much a row counts in each mean, (A, MEANS, 1)."""
    rows = np.array(SPANS) / band.frame.grid / band.steps[:, None]
    return np.asarray(np.minimum(2 / (rows + 1), 1), np.float32)[:, :, None]
