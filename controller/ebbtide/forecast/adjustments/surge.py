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

from ebbtide.forecast.adjustments.off_season import OffSeason, Side, off_season
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
    past = off_season(Usual(forecast.ordinary, history.end, clock), history, HIGH)
    if past is None:
        return forecast
    new = _new(past, history.minutes)
    if not new.any():
        return forecast
    values = forecast.values.copy()
    values[:, :, past.columns] += _risen(past, values[0][:, past.columns], new)
    return forecast._replace(values=values)


def _new(past: OffSeason, minutes: Floats) -> Floats:
    """How far each stands higher than anything of the last week, between not and by far, (M,).

    Where nothing is known of the days before, none does. They are looked at from the newest on:
    most that are no surge were as high yesterday.
    """
    share, least, doubt = past.steady, past.least[-1], past.doubt
    stands = past.far * _stands(past)
    higher = HIGH.beyond(share, 1.0, least, doubt)
    last, day = len(minutes) - len(past.demand), past.rows(DAY)
    if last < past.rows(SEEN_MINUTES):
        return np.zeros_like(higher)
    for end in range(last, max(0, last - SEEN_DAYS * day), -day):
        some = np.flatnonzero(stands * higher)
        if not some.size:
            break
        seen = _seen(past, minutes, some, end)
        than_seen = HIGH.beyond(share[some], seen, least[some], doubt[some])
        higher[some] = np.minimum(higher[some], than_seen)
    return np.asarray(stands * higher)


def _seen(past: OffSeason, minutes: Floats, some: NDArray[np.int_], end: int) -> Floats:
    """The highest share of the usual that some had in the day before a row."""
    rows = past.rows(SEEN_MINUTES)
    day = minutes[max(0, end - past.rows(DAY)) : end]
    demand = means_of_rows(day.take(past.columns[some], axis=1), rows)
    ago = np.arange(len(demand) - 1, -1, -1.0) * rows + len(minutes) - end
    return np.asarray(np.fmax.reduce(demand / np.maximum(past.usual_at(-ago)[:, some], NIL)))


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
