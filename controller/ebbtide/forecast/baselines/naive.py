"""Persistence and the seasonal naive forecasts: what every other forecaster has to beat."""

from dataclasses import dataclass

import numpy as np

from ebbtide.forecast.baselines.baseline import Baseline, Past, Rule
from ebbtide.forecast.contract import Floats, Rows

WEEK = 7


def persistence() -> Baseline:
    """The present value, for ever: the yardstick."""
    return Baseline("Persistence", persist)


def persist(past: Past) -> Rule:
    """The rule of persistence; what other rules are while their past is too short."""
    return _Naive(past.known, ())


def naive_day() -> Baseline:
    """The value of a day before."""
    return Baseline("NaiveDay", lambda past: _Naive(past.known, (past.day,)))


def naive_week() -> Baseline:
    """The value of a week before; of a day before, while there is no such week."""
    return Baseline("NaiveWeek", lambda past: _Naive(past.known, (WEEK * past.day, past.day)))


@dataclass(frozen=True, slots=True)
class _Naive:
    """The value of so many rows before the one that is foreseen."""

    known: Floats
    periods: tuple[int, ...]
    """Rows from season to season; the next is tried where there is no value yet."""
    since: int = 0

    def foresee(self, origins: Rows, ahead: Rows) -> Floats:
        found = np.full((origins.size, self.known.shape[1]), np.nan)
        for period in self.periods:
            before = origins + ahead - period * -(-ahead // period)
            value = np.where((before >= 0)[:, None], self.known[np.maximum(before, 0)], np.nan)
            found = np.where(np.isnan(found), value, found)
        return np.where(np.isnan(found), self.known[origins], found)
