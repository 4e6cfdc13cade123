"""All forecasts that a live loop would have made over a recording, made once for many replays."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import LEVELS, Forecaster, History
from ebbtide.planning.seen_demand import Forecasts, Recorded
from ebbtide_policies.demand import MINUTE

REACH = 3600.0
"""Seconds of each forecast that are kept: more than it takes to win capacity back."""


class Span(NamedTuple):
    """How forecasts are made; all in seconds."""

    horizon: float
    history: float
    """How much of the past a forecast is made of."""
    reach: float = REACH


def foreseen(
    recorded: Recorded,
    forecaster: Forecaster,
    since: float,
    span: Span,
    told: Callable[[int, int], None] | None = None,
) -> Forecasts:
    """Forecast after each known minute from `since` (epoch seconds) on, as the loop does.

    `told` hears how many forecasts are made, and of how many.
    """
    start, minutes = recorded
    known = np.flatnonzero(np.isfinite(minutes))
    rows = known[start + MINUTE * known >= since]
    steps, rows_kept = int(span.horizon // MINUTE), int(span.history // MINUTE)
    kept = min(steps, int(np.ceil(span.reach / MINUTE)) + 1)
    values = np.empty((rows.size, len(LEVELS), kept))
    trusted = np.empty(rows.size, dtype=np.bool_)
    for i, row in enumerate(rows.tolist()):
        first = max(int(known[0]), row + 1 - rows_kept)
        history = History(start + MINUTE * row, minutes[first : row + 1, np.newaxis])
        made = forecaster.forecast(history, steps)
        values[i], trusted[i] = made.values[:, :kept, 0], made.trusted[0]
        if told:
            told(i + 1, rows.size)
    origins = np.asarray(start + MINUTE * rows, dtype=np.float64)
    return Forecasts(LEVELS, origins, values, steps, trusted)
