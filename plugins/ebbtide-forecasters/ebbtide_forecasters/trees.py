"""Quantile trees by LightGBM: one model a quantile, over all steps ahead, fitted once a day."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.contract import NO_CONTEXT, Context, Floats, Forecast, History
from ebbtide_forecasters.shape import FEW, Column, between, columns, forecast, persistent

Rows = NDArray[np.int_]

FITTED = (0.5, 0.9, 0.99)
TREES = 100
SAMPLES = 20000
LAGS = 10
AHEAD = (1, 2, 3, 5, 10, 20, 30, 45, 60, 90, 120, 240)
"""Rows ahead that are learnt; every row ahead is a feature."""
FIXED = {"objective": "quantile", "num_leaves": 31, "num_threads": 1, "verbose": -1, "seed": 0}


class LightGBM:
    """Trees on the last values, yesterday and last week at the target, the hour and the step.

    All of it is relative to the level of the last values. What was learnt up to the last (UTC)
    midnight is kept until the next.
    """

    name = "LightGBM"
    stateless = True  # what it keeps follows from the history up to midnight

    def __init__(self) -> None:
        """Fail early where the library is not installed."""
        import lightgbm

        self._library = lightgbm
        self._kept: dict[tuple[int, int, float], list[Any]] = {}
        self._midnight = 0.0

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` rows, each series by itself."""
        midnight = history.end // 86400 * 86400
        if midnight != self._midnight:
            self._kept, self._midnight = {}, midnight
        late = int((history.end - midnight) // history.grid)
        made = [
            None if column is None else self._one(column, horizon, late)
            for column in columns(history)
        ]
        return heed(forecast(history, made, horizon), history, context)

    def _one(self, column: Column, horizon: int, late: int) -> Floats:
        """One series; `late` is how many rows came after midnight."""
        settled = column.values[: column.values.size - late]
        learnt = settled if settled.size > column.day else column.values
        if learnt.size <= LAGS + FEW:
            return persistent(column, horizon)
        key = (learnt.size, horizon, float(learnt.sum()))
        if key not in self._kept:
            lag = late if learnt is settled else 0
            self._kept[key] = self._learn(column, learnt, horizon, lag)
        ahead = np.arange(1, horizon + 1)
        at = np.full(horizon, column.values.size - 1)
        x, level = _features(column, column.values, at, ahead)
        found = np.array([model.predict(x) * level for model in self._kept[key]])
        return between(np.maximum.accumulate(found, axis=0), FITTED)

    def _learn(self, column: Column, known: Floats, horizon: int, late: int) -> list[Any]:
        """Fit a model to each quantile, on origins and steps drawn at random."""
        rng = np.random.default_rng(0)
        steps = sorted({horizon, *(rows for rows in AHEAD if rows < horizon)})
        steps = [ahead for ahead in steps if ahead < known.size - LAGS] or [1]
        each = SAMPLES // len(steps)
        at = np.concatenate([rng.integers(LAGS, known.size - a, each) for a in steps])
        ahead = np.repeat(steps, each)
        then = column._replace(row_of_day=(column.row_of_day - late) % column.day)
        x, level = _features(then, known, at, ahead)
        data = self._library.Dataset(x, known[at + ahead] / level, free_raw_data=False)
        return [self._library.train(FIXED | {"alpha": q}, data, TREES) for q in FITTED]


def _features(
    column: Column, known: Floats, at: Rows, ahead: Rows
) -> tuple[NDArray[np.float64], Floats]:
    """What is known at rows `at` about so many rows ahead, and the level that it is relative to."""
    recent = np.stack([known[at - lag] for lag in range(LAGS)], axis=1)
    level = np.maximum(recent.mean(axis=1), 0.05 * known.mean() + 1e-9)
    target = at + ahead

    def before(rows: Rows) -> Floats:
        value: Floats = np.where(rows >= 0, known[np.maximum(rows, 0)], np.nan) / level
        return value

    seasons = [
        before(target - days * column.day * -(-ahead // (days * column.day))) for days in (1, 7)
    ]
    clock = (column.row_of_day + target - (known.size - 1)) % column.day
    parts = (recent / level[:, None], *seasons, before(at - column.day), clock, ahead)
    return np.column_stack(parts), level
