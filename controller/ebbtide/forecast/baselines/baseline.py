"""What every plain forecaster shares: a rule of its own, and the quantiles of that rule's errors.

The median is what the rule foresees. The other quantiles add those of the errors that the same
rule made over the last days, so many rows ahead, interpolated between a few anchors.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.announced import heed
from ebbtide.forecast.baselines.error_quantiles import error_quantiles
from ebbtide.forecast.baselines.ordinary import ordinary, rows_a_day
from ebbtide.forecast.columnwise import between, carried, mean
from ebbtide.forecast.contract import (
    LEAST_HISTORY,
    LEVELS,
    NO_CONTEXT,
    Context,
    Floats,
    Forecast,
    History,
    Rows,
)

ANCHOR_MINUTES = (1, 3, 10, 30, 60, 120, 240, 480, 960)
"""Minutes ahead at which errors are measured, where the grid divides them."""
ERROR_DAYS = 7
HIGHEST = 3.0
"""Nothing is foreseen beyond so many times the highest demand that is known."""
RECENT_SECONDS = 3 * 3600.0
"""A gap that is longer than this has no present level."""
TOGETHER = 128
"""Series that are reckoned at once; more of them would only cost memory."""
NIL = 1e-9


class Past(NamedTuple):
    """What a rule is fitted to."""

    known: Floats
    """One row a grid step, one column a series; gaps carry the last known value."""
    day: int
    """Rows in a day."""


class Rule(Protocol):
    """A rule that was fitted to a past of `n` rows."""

    @property
    def since(self) -> int:
        """The first row at which the rule can say what it would have foreseen."""

    def foresee(self, origins: Rows, ahead: Rows) -> Floats:
        """What it foresaw at these rows, so many rows ahead, (origins, series).

        Nothing after a row may have a part in what was foreseen there. NaN: it can't say.
        """


class Baseline:
    """A forecaster made of a rule."""

    stateless = True
    """It keeps nothing from one call to the next."""

    def __init__(self, name: str, fit: Callable[[Past], Rule]) -> None:
        """Name a forecaster and the rule that it fits to each history."""
        self.name = name
        self._fit = fit

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        """Quantiles for the next `horizon` rows."""
        columns = np.arange(history.minutes.shape[1])
        blocks = np.split(columns, range(TOGETHER, columns.size, TOGETHER))
        parts = [history._replace(minutes=history.minutes[:, block]) for block in blocks]
        made = Forecast(
            origin=history.end,
            values=np.concatenate([self._values(part, horizon) for part in parts], axis=2),
            ordinary=np.concatenate([ordinary(part) for part in parts], axis=1),
            trusted=_trusted(history),
        )
        return heed(made, history, context)

    def _values(self, history: History, horizon: int) -> Floats:
        """Quantiles of all steps, (levels, steps, series)."""
        minutes = history.minutes
        past = Past(carried(minutes), rows_a_day(history.grid))
        rule, last = self._fit(past), len(minutes) - 1
        steps = np.arange(1, horizon + 1)
        present = past.known[last]
        foreseen = rule.foresee(np.full(horizon, last), steps)
        point = np.where(np.isnan(foreseen), present, foreseen)
        scale = np.fmax(np.nan_to_num(mean(np.abs(past.known))), NIL)
        at = anchors(history.grid, horizon)
        since = max(rule.since, last + 1 - ERROR_DAYS * past.day)
        errors = [error_quantiles(_errors(rule, minutes, since, ahead) / scale) for ahead in at]
        spread = between(errors, at, steps).transpose(1, 0, 2)
        spread[LEVELS.index(0.5)] = 0.0
        highest = HIGHEST * np.fmax.reduce(past.known, axis=0)
        values = np.clip(point + scale * spread, 0.0, highest)
        return np.maximum.accumulate(values, axis=0)


def anchors(grid: float, horizon: int) -> tuple[int, ...]:
    """Rows ahead at which errors are measured: the first, the last, and some between."""
    some = {round(60 * m / grid) for m in ANCHOR_MINUTES if 60 * m % grid == 0}
    return tuple(sorted({1, horizon} | {rows for rows in some if rows < horizon}))


def _errors(rule: Rule, minutes: Floats, since: int, ahead: int) -> Floats:
    """Errors of a rule so many rows ahead, (targets, series); targets begin at row `since`."""
    origins = np.arange(max(since - ahead, rule.since, 0), len(minutes) - ahead)
    return minutes[origins + ahead] - rule.foresee(origins, np.full(origins.size, ahead))


def _trusted(history: History) -> NDArray[np.bool_]:
    known = ~np.isnan(history.minutes)
    recent = known[-max(1, round(RECENT_SECONDS / history.grid)) :]
    trusted: NDArray[np.bool_] = (known.sum(axis=0) >= LEAST_HISTORY) & recent.any(axis=0)
    return trusted
