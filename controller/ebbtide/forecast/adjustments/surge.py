"""The surge: demand that rose beyond all of the last week, and stays, is foreseen to stay.

A forecaster that has learnt weeks of days foresees that such an audience leaves within the hour,
and finds out as the hours go by, the later the farther ahead. But a surge tells soon what it is: as
far as staying was better than returning since, the forecast comes up to the share of the usual that
is there. It never comes down for it, and what was as high in the last week is left to whoever has
learnt from that. Once it has lost some of its height it is none: how it ends is told by the ebb.
"""

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.off_season import OffSeason, Side, off_season
from ebbtide.forecast.adjustments.past import NIL, Usual
from ebbtide.forecast.columnwise import means_of_rows
from ebbtide.forecast.contract import DAY, NEVER_CHANGED, Floats, Forecast, History

HIGH = Side(high=True, least=0.15)
"""Demand as far above the season may be a surge, if it is as far above all of the last week."""
SEEN_DAYS = 7
SEEN_MINUTES = 15
"""What was seen is looked at in means of so many minutes."""
STANDING, STANDING_MINUTES = 0.8, 10
"""It stands while it has as much of its highest excess, in means of so many minutes, or more."""


def surged(forecast: Forecast, history: History, clock: str = NEVER_CHANGED) -> Forecast:
    """A forecast in which a surge stays as far as it has stayed so far."""
    past = off_season(Usual(forecast.ordinary, history.end, clock), history, HIGH)
    if past is None:
        return forecast
    new = _new(past, history.minutes)
    if not new.any():
        return forecast
    values = forecast.values.copy()
    values[:, :, past.columns] += _risen(past, values[0][:, past.columns], new)
    return forecast._replace(values=values)


def _new(past: OffSeason, minutes: Floats) -> NDArray[np.bool_]:
    """Which stand higher than anything of the last week, (M,)."""
    share, least = past.present, past.least[-1]
    new = _stands(past) & HIGH.of(share, 1.0, least)
    some = np.flatnonzero(new)  # of them alone the week is looked at
    new[some] = HIGH.of(share[some], _seen(past, minutes, some), least[some])
    return new


def _seen(past: OffSeason, minutes: Floats, some: NDArray[np.int_]) -> Floats:
    """The highest share of the usual that some had before the last hours; at least all of it.

    Where nothing is known of the days before it is beyond all bounds.
    """
    end = len(minutes) - len(past.demand)
    before = minutes[max(0, end - past.rows(SEEN_DAYS * DAY)) : end, past.columns[some]]
    rows = past.rows(SEEN_MINUTES)
    if len(before) < rows or not some.size:
        return np.full(some.size, np.inf)
    demand = means_of_rows(before, rows)
    back = np.arange(len(demand) - 1, -1, -1.0) * rows + len(past.demand)
    shares = demand / np.maximum(past.usual_at(-back)[:, some], NIL)
    return np.asarray(np.fmax(np.fmax.reduce(shares), 1.0))


def _stands(past: OffSeason) -> NDArray[np.bool_]:
    """Which are still about as high as they rose, (M,)."""
    highest = np.fmax.reduce(means_of_rows(past.share, past.rows(STANDING_MINUTES)))
    return np.asarray(past.present - 1.0 > STANDING * (np.fmax(highest, 1.0) - 1.0))


def _risen(past: OffSeason, median: Floats, new: NDArray[np.bool_]) -> Floats:
    """How far the quantiles come up with a median, (steps, M), where a surge is new, (M,)."""
    ahead = np.arange(1.0, len(median) + 1)
    trust, _ = past.compared(ahead)
    rise = np.maximum(np.nan_to_num(past.stays(ahead)) - median, 0.0)
    return np.asarray(trust * np.where(new, rise, 0.0))
