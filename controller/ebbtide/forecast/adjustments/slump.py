"""The slump: demand that fell well below the season, and stays there, is foreseen to stay.

After a sudden fall a forecaster that has learnt weeks of days goes on to believe in them for an
hour, as it should where little was lost. But a slump tells soon what it is: as far as staying was
better than returning since, the forecast comes down to the share of the usual that is left, and its
errors shrink in proportion, but not below those that were made since. The highest quantiles go on
to reckon with a return.
"""

import numpy as np

from ebbtide.forecast.adjustments.off_season import OffSeason, Side, off_season
from ebbtide.forecast.adjustments.past import NIL, Usual
from ebbtide.forecast.contract import LEVELS, NEVER_CHANGED, Floats, Forecast, History

LOW = Side(high=False, least=0.3)
"""Demand that lost as much of the season may be a slump."""
BOUND = 2.0
"""The width of a quantile of 0.9, at least, in mean errors."""
RETURNS = np.interp(LEVELS, (0.9, 0.99), (0.0, 1.0))[:, None, None]
"""How far each quantile goes on to reckon with a return."""
WIDTH_AT = LEVELS.index(0.9)


def slumped(forecast: Forecast, history: History, clock: str = NEVER_CHANGED) -> Forecast:
    """A forecast in which a slump stays as far as it has stayed so far."""
    past = off_season(Usual(forecast.ordinary, history.end, clock), history, LOW)
    if past is None:
        return forecast
    values = forecast.values.copy()
    values[:, :, past.columns] = _moved(past, values[:, :, past.columns])
    return forecast._replace(values=values)


def _moved(past: OffSeason, values: Floats) -> Floats:
    """The quantiles, (levels, steps, M), with the slump in them."""
    ahead = np.arange(1.0, values.shape[1] + 1)
    stays, trust, missed = past.stays(ahead), *past.compared(ahead)
    trust = np.where(np.isnan(stays), 0.0, past.far * trust)
    median = values[0] - trust * np.maximum(values[0] - np.nan_to_num(stays), 0.0)
    widths = values - values[0]
    least = past.present * widths
    least = np.maximum(least, widths * (BOUND * missed / np.maximum(widths[WIDTH_AT], NIL)))
    found = median + widths - trust * np.maximum(widths - least, 0.0)
    return np.asarray(RETURNS * values + (1 - RETURNS) * found)
