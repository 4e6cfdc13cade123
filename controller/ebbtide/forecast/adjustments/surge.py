"""The surge: demand that rose beyond all of the last week, and stays, is foreseen to stay.

A forecaster that has learnt weeks of days foresees that such an audience leaves within the hour,
and finds out as the hours go by, the later the farther ahead. But a surge tells soon what it is: as
far as staying was better than returning since, the forecast comes up to the share of the usual that
is there. It never comes down for it, and what was as high in the last week is left to whoever has
learnt from that. Once it has lost some of its height it is none: how it ends is told by the ebb.
All of that is told by degrees, so that no minute makes a forecast jump.
"""

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.off_season import WINDOW_MINUTES, OffSeason, Side, of_late
from ebbtide.forecast.adjustments.past import NIL, Usual
from ebbtide.forecast.columnwise import degree, means_of_rows
from ebbtide.forecast.contract import DAY, NEVER_CHANGED, Floats, Forecast, History

HIGH = Side(high=True, least=0.15)
"""Demand as far above the season may be a surge, if it is as far above all of the last week."""
SEEN_DAYS = 7
SEEN_MINUTES = 15
"""What was seen is looked at in means of so many minutes."""
STANDING, STANDING_MINUTES = (0.75, 0.85), 10
"""With as little of its highest excess, in means of so many minutes, it is none any more; with as
much it stands."""


def surged(forecast: Forecast, history: History, clock: str = NEVER_CHANGED) -> Forecast:
    """A forecast in which a surge stays as far as it has stayed so far."""
    usual = Usual(forecast.ordinary, history.end, clock)
    now = of_late(usual, history, HIGH)
    if now is None:
        return forecast
    higher = _higher(now, history.minutes)
    some = np.flatnonzero(higher)
    if not some.size:
        return forecast
    past = OffSeason(usual, history, now.columns[some], HIGH)
    new = past.far * _stands(past) * higher[some]
    if not new.any():
        return forecast
    values = forecast.values.copy()
    values[:, :, past.columns] += _risen(past, values[0][:, past.columns], new)
    return forecast._replace(values=values)


def _higher(now: OffSeason, minutes: Floats) -> Floats:
    """How far each that is off the season is higher than all of the last week, (M,).

    Between not and by far; where nothing is known of the days before, it is not. They are looked at
    from the newest on: most that are no surge were as high yesterday.
    """
    share, least, doubt = now.steady, now.least[-1], now.doubt
    higher = np.where(now.far > 0, HIGH.beyond(share, 1.0, least, doubt), 0.0)
    last, day = len(minutes) - now.rows(WINDOW_MINUTES), now.rows(DAY)
    if last < now.rows(SEEN_MINUTES):
        return np.zeros_like(higher)
    for end in range(last, max(0, last - SEEN_DAYS * day), -day):
        some = np.flatnonzero(higher)
        if not some.size:
            break
        seen = _seen(now, minutes, some, end)
        than_seen = HIGH.beyond(share[some], seen, least[some], doubt[some])
        higher[some] = np.minimum(higher[some], than_seen)
    return higher


def _seen(now: OffSeason, minutes: Floats, some: NDArray[np.int_], end: int) -> Floats:
    """The highest share of the usual that some had in the day before a row."""
    rows = now.rows(SEEN_MINUTES)
    day = minutes[max(0, end - now.rows(DAY)) : end]
    demand = means_of_rows(day.take(now.columns[some], axis=1), rows)
    ago = np.arange(len(demand) - 1, -1, -1.0) * rows + len(minutes) - end
    return np.asarray(np.fmax.reduce(demand / np.maximum(now.usual_at(-ago)[:, some], NIL)))


def _stands(past: OffSeason) -> Floats:
    """How far each is still about as high as it rose, (M,)."""
    highest = np.fmax.reduce(means_of_rows(past.share, past.rows(STANDING_MINUTES)))
    return degree((past.steady - 1.0) / np.maximum(highest - 1.0, NIL), *STANDING)


def _risen(past: OffSeason, median: Floats, new: Floats) -> Floats:
    """How far the quantiles come up with a median, (steps, M), as far as a surge is new, (M,)."""
    ahead = np.arange(1.0, len(median) + 1)
    trust, _ = past.compared(ahead)
    rise = np.maximum(np.nan_to_num(past.stays(ahead)) - median, 0.0)
    return np.asarray(trust * new * rise)
