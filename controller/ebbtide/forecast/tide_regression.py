"""Two regressions of the experts' differences, as two more experts of `Tide`.

Each foresees the last value plus a sum of coefficients times what some experts foresee beyond it,
fitted by ridge regression once an hour, with memories of a week and of a day. Errors beyond a
scale count less (Huber's weights), and what is foreseen stays within the range of the experts.
"""

import numpy as np

from ebbtide.forecast.tide_experts import EXPERTS, foreseen
from ebbtide.forecast.tide_frame import F32, NIL, Frame
from ebbtide.forecast.tide_track import CURVE, CURVES, GUARDED, KNOWN, Track, Y, warm

MEMORIES = ((10080.0, 150.0), (1440.0, 150.0))
"""Minutes that are remembered, and the fewest rows."""
REGRESSIONS = len(MEMORIES)
FEATURES = np.array((1, 2, 3, 4, 9, 11, 12, 14, 16, 19, 21, 24))
"""Experts whose differences are regressed on."""
PULL = 0.003
"""Ridge towards no coefficients, as a share of the mean square of the features."""
PULL_STEP = 3.0
"""Ridge a row ahead: errors so many rows ahead overlap, so that they teach less."""
HUBER = np.float32(1.0)
FARTHEST = np.float32(20)
FINEST = np.float32(5e-4)


class Regressions:
    """Normal equations and coefficients at every anchor and for every series."""

    def __init__(self, frame: Frame, series: int) -> None:
        self.frame = frame
        shape, size = (REGRESSIONS, len(frame.anchors)), len(FEATURES)
        self.squares = np.zeros((*shape, size, size, series), np.float32)
        self.products = np.zeros((*shape, size, series), np.float32)
        self.coefficients = np.zeros((*shape, size, series), np.float32)

    def foresee(self, now: F32) -> F32:
        """What they foresee where the experts foresee `now`, (T, A, REGRESSIONS, N)."""
        last = now[:, :, 0]
        beyond = now[:, :, FEATURES] - last[:, :, None]
        made = [last + (beyond * own).sum(axis=2) for own in self.coefficients]
        bounds = now.min(axis=2), now.max(axis=2)
        return np.stack([np.clip(one, *bounds) for one in made], axis=2)

    def shares(self, weights: F32) -> F32:
        """The weights of experts that those of the regressions, (A, REGRESSIONS, N), stand for."""
        shares = np.zeros((weights.shape[0], EXPERTS, weights.shape[-1]), np.float32)
        of_each = (self.coefficients * weights.swapaxes(0, 1)[:, :, None]).sum(axis=0)
        shares[:, FEATURES] = of_each
        shares[:, 0] = weights.sum(axis=1) - of_each.sum(axis=1)
        return shares

    def learn(self, track: Track, scale: F32) -> None:
        """Fit to the last hour of a track."""
        features, target, known = self._sample(track, scale)
        for i in range(REGRESSIONS):
            error = np.abs(target - (features * self.coefficients[i]).sum(axis=2))
            self._fit(i, features, target, known * HUBER / np.maximum(error, HUBER))
            self._solve(i)

    def _sample(self, track: Track, scale: F32) -> tuple[F32, F32, F32]:
        """Features (T, A, F, N) and targets (T, A, N) in units of the scale; what is known."""
        rows = track.at - self.frame.hour + np.arange(self.frame.hour)
        ring = track.rows
        origins = np.stack([ring[(rows - k) % len(ring)] for k in self.frame.anchors], axis=1)
        targets = ring[rows % len(ring)]
        seasoned = warm(origins, self.frame.day)
        curves = targets[:, None, CURVE : CURVE + CURVES]
        made = foreseen(origins, curves, self.frame)
        unit = np.maximum(scale, FINEST * track.now[GUARDED] + NIL)
        features = (made[:, :, FEATURES] - made[:, :, :1]) / unit[:, None]
        target = (targets[:, None, Y] - origins[:, :, Y]) / unit
        known = targets[:, None, KNOWN] * origins[:, :, KNOWN] * seasoned
        return np.clip(features, -FARTHEST, FARTHEST), np.clip(target, -FARTHEST, FARTHEST), known

    def _fit(self, i: int, features: F32, target: F32, weight: F32) -> None:
        """Add an hour to the normal equations, once they have faded."""
        fade = np.float32(np.exp(-self.frame.hour / self.frame.rows(*MEMORIES[i])))
        by_series = np.ascontiguousarray(features.transpose(1, 3, 2, 0))
        weighed = by_series * weight.transpose(1, 2, 0)[:, :, None]
        squares = weighed @ by_series.swapaxes(-1, -2)
        products = weighed @ target.transpose(1, 2, 0)[..., None]
        self.squares[i] = fade * self.squares[i] + squares.transpose(0, 2, 3, 1)
        self.products[i] = fade * self.products[i] + products[..., 0].swapaxes(1, 2)

    def _solve(self, i: int) -> None:
        """Find the coefficients of the normal equations, pulled towards none."""
        squares = self.squares[i].transpose(0, 3, 1, 2)
        size = squares.shape[-1]
        mean = np.trace(squares, axis1=-2, axis2=-1)[..., None, None] / size
        pull = PULL * mean + PULL_STEP * self.frame.steps()[:, :, None, None]
        ridge = squares + pull * np.eye(size, dtype=np.float32)
        found = np.linalg.solve(ridge, self.products[i].swapaxes(1, 2)[..., None])
        self.coefficients[i] = found[..., 0].swapaxes(1, 2)
