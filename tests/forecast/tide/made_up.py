"""Made-up demand of several series, and what `Tide` foresees as it walks over it."""

from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import DAY, LEVELS, MINUTE, Floats, History
from ebbtide.forecast.tide.forecaster import Tide

GRID = 10
ROWS = DAY // GRID
"""Rows of a day, unless a walk is over another grid."""
SERIES = 8
MIDNIGHT = 20_000 * DAY * MINUTE


def drawn(seed: int = 1) -> np.random.Generator:
    """Where chance comes from: the same in every run."""
    return np.random.default_rng(seed)


def noise(rows: int, size: float, seed: int = 1) -> Floats:
    """What no one foresees, (rows, SERIES)."""
    return drawn(seed).normal(0, size, (rows, SERIES))


def returning(rows: int, size: float, seed: int = 1) -> Floats:
    """A noise of which nineteen twentieths are still there in the next row, (rows, SERIES)."""
    values = noise(rows, size, seed)
    for row in range(1, rows):
        values[row] += 0.95 * values[row - 1]
    return values


def season(days: int, rows: int = ROWS) -> Floats:
    """The same shape every day, of which the night is a tenth of the noon, (rows, 1)."""
    at = 2 * np.pi * np.arange(days * rows)[:, None] / rows
    return np.asarray(np.exp(np.cos(at) + 0.4 * np.sin(2 * at)))


def kinds(days: int, size: float = 0.8, seed: int = 1) -> Floats:
    """Logarithms of smooth days of which none is like another, (days, ROWS, SERIES)."""
    rng, waves = drawn(seed), np.arange(1, 4)
    at = 2 * np.pi * waves[:, None] * np.arange(ROWS) / ROWS
    sines, cosines = rng.normal(0, size, (2, days, SERIES, waves.size)) / waves
    return np.asarray(
        np.einsum("dnk,kt->dtn", sines, np.sin(at))
        + np.einsum("dnk,kt->dtn", cosines, np.cos(at) - 1)
    )


def demand(logarithms: Floats, wobble: float, seed: int = 1) -> Floats:
    """About a hundred times their exponential, (rows, SERIES), with a noise of that share."""
    flat = logarithms.reshape(-1, logarithms.shape[-1])
    return np.asarray(100 * np.exp(flat + noise(len(flat), wobble, seed)))


def upto(values: Floats, grid: int = GRID) -> History:
    """The history of which these rows, from a midnight on, are known."""
    return History(MIDNIGHT + grid * MINUTE * (len(values) - 1), values, grid * MINUTE)


class Walk(NamedTuple):
    """What was foreseen at the last rows, and what came. Of each step ahead."""

    quantiles: Floats
    """(origins, levels, steps, series)."""
    came: Floats
    """(origins, steps, series)."""
    last: Floats
    """The values at the origins, (origins, 1, series)."""

    def losses(self) -> Floats:
        """Mean errors of the median, in those of the last value, (steps,)."""
        own, plain = np.abs(self.quantiles[:, 0] - self.came), np.abs(self.last - self.came)
        return np.asarray(own.mean(axis=(0, 2)) / plain.mean(axis=(0, 2)))

    def exceeded(self, level: float) -> Floats:
        """Where what came was beyond a quantile, (origins, steps, series)."""
        return np.asarray(self.came > self.quantiles[:, LEVELS.index(level)])

    def widths(self, level: float) -> Floats:
        """How far a quantile lies above the median, (origins, steps, series)."""
        return np.asarray(self.quantiles[:, LEVELS.index(level)] - self.quantiles[:, 0])


def walk(values: Floats, *minutes: int, rows: int, grid: int = GRID, every: int = 1) -> Walk:
    """Foresee some minutes ahead, at every so many of the last rows of which is known what came."""
    ahead = np.array(minutes) // grid
    known, model = len(values) - ahead[-1], Tide()
    ends = range(known - rows, known + 1, every)
    made = [model.forecast(upto(values[:end], grid), int(ahead[-1])).values for end in ends]
    last = np.array(ends) - 1
    quantiles = np.stack([each[:, ahead - 1] for each in made])
    return Walk(quantiles, values[last[:, None] + ahead], values[last][:, None])
