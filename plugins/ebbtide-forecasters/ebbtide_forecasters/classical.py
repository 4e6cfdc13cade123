"""Exponential smoothing, Theta and MSTL of statsforecast, refitted for every forecast."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.contract import NO_CONTEXT, Context, Floats, Forecast, History
from ebbtide_forecasters.shape import FEW, Column, columns, forecast, persistent

INTERVALS = {0.75: 50, 0.9: 80, 0.95: 90, 0.99: 98, 0.999: 99.8}
"""Central intervals whose upper ends are these quantiles."""


class Statsforecast:
    """A model of statsforecast with its own intervals."""

    stateless = True

    def __init__(self, name: str, build: Callable[[int, int], Any], days: int) -> None:
        """Build a model from the rows of a day and those known, on so many days of history."""
        self.name = name
        self._build = build
        self._days = days

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` rows, each series by itself."""
        made = [None if c is None else self._one(c, horizon) for c in columns(history)]
        return heed(forecast(history, made, horizon), history, context)

    def _one(self, column: Column, horizon: int) -> Floats:
        values = column.values[-self._days * column.day :]
        if values.size < FEW:
            return persistent(column, horizon)
        model = self._build(column.day, values.size)
        made = model.forecast(y=values, h=horizon, level=list(INTERVALS.values()))
        rows = [made["mean"], *(made[f"hi-{width}"] for width in INTERVALS.values())]
        found = np.array(rows, dtype=float)
        return np.where(np.isfinite(found), found, column.values[-1])


def auto_ets() -> Statsforecast:
    """AutoETS without a season, which would have too many states; on three days."""
    from statsforecast.models import AutoETS

    return Statsforecast("AutoETS", lambda *_: AutoETS(season_length=1, model="ZZN"), 3)


def auto_theta() -> Statsforecast:
    """The dynamic optimized Theta with the season of a day, on three days."""
    from statsforecast.models import DynamicOptimizedTheta

    def build(day: int, rows: int) -> Any:
        return DynamicOptimizedTheta(season_length=day if rows >= 2 * day else 1)

    return Statsforecast("AutoTheta", build, 3)


def mstl() -> Statsforecast:
    """MSTL with the season of a day, on four weeks.

    The loess jumps from point to point, as R's does: without that, one fit of a season of 1,440
    points takes half a minute.
    """
    from statsforecast.models import MSTL, AutoETS

    def build(day: int, rows: int) -> Any:
        if rows < 2 * day:
            return AutoETS(season_length=1, model="ZZN")
        trend = int(np.ceil(1.5 * day / (1 - 1.5 / 11)))
        jumps = {"trend_jump": max(1, trend // 10), "low_pass_jump": max(1, day // 10)}
        smooth = AutoETS(model="ZZN")
        return MSTL(season_length=day, trend_forecaster=smooth, stl_kwargs=jumps)

    return Statsforecast("MSTL", build, 28)
