"""What the contract asks beside quantiles, and how to get its levels from those of a library."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.contract import DAY, LEVELS, Floats, Forecast, History

LEAST_KNOWN = 60
"""Known rows under which no forecast is trusted."""
FEW = 24
"""Known rows under which a library is not asked at all."""


class Column(NamedTuple):
    """One series as a library wants it: without gaps."""

    values: Floats
    """From the first known value on, gaps drawn through in a straight line."""
    day: int
    """Rows in a day."""
    row_of_day: int
    """Of the last value."""


def columns(history: History) -> Sequence[Column | None]:
    """Every series; None where nothing is known."""
    day = round(86400 / history.grid)
    row = int(history.end // history.grid) % day
    return [_column(values, day, row) for values in history.minutes.T]


def _column(values: Floats, day: int, row: int) -> Column | None:
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        return None
    rows = np.arange(known[0], values.size)
    return Column(np.interp(rows, known, values[known]), day, row)


def persistent(column: Column, horizon: int) -> Floats:
    """The last value with wide quantiles, (levels, steps): for series too short for a library."""
    wide = 1 + np.array([0.0, 0.1, 0.3, 0.5, 1.0, 2.0])
    return np.repeat((column.values[-1] * wide)[:, None], horizon, axis=1)


def between(values: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles (some levels, steps) as those of the contract, linear between their z-scores.

    Beyond the highest of them the last slope goes on.
    """
    have, want = (np.array([_Z[level] for level in chosen]) for chosen in (levels, LEVELS))
    place = np.clip(np.searchsorted(have, want, side="right") - 1, 0, len(have) - 2)
    share = ((want - have[place]) / (have[place + 1] - have[place]))[:, None]
    found: Floats = values[place] + share * (values[place + 1] - values[place])
    return found


def forecast(history: History, values: Sequence[Floats | None], horizon: int) -> Forecast:
    """The quantiles of every series, (levels, steps) each, as a forecast of the contract."""
    unknown = np.full((len(LEVELS), horizon), np.nan)
    stack = np.stack([unknown if one is None else one for one in values], axis=2)
    known = np.count_nonzero(~np.isnan(history.minutes), axis=0)
    return Forecast(
        origin=history.end,
        values=np.maximum.accumulate(np.maximum(stack, 0.0), axis=0),
        ordinary=np.full((DAY, len(values)), np.nan),
        trusted=known >= LEAST_KNOWN,
    )


_Z = {0.5: 0.0, 0.75: 0.67449, 0.9: 1.28155, 0.95: 1.64485, 0.99: 2.32635, 0.999: 3.09023}
"""Quantiles of the standard normal distribution."""
