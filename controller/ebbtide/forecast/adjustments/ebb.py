"""The ebb: the excess that an event left behind is foreseen to decay.

An excess is what demand has above the usual of the hour, while it is half as much again and more.
Once it has turned, how it decays is fitted while it happens (`adjustments.decay`). Earlier excesses
of the same series say which rate to expect before much is seen. What would have been foreseen from
each moment of the ebb so far is compared with what came, and so are the last value and the season:
the forecast moves as far as the fit was better. It moves less where it has learnt from earlier
excesses how they end, and is better than the last value for it.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.decay import Fit, fit, highest_since
from ebbtide.forecast.adjustments.earlier_ebbs import EXCESS, TURNED, Earlier, earlier
from ebbtide.forecast.adjustments.past import NIL, Usual, recent
from ebbtide.forecast.columnwise import between, degree, means_of_rows, median
from ebbtide.forecast.contract import (
    DAY,
    MINUTE,
    NEVER_CHANGED,
    Floats,
    Forecast,
    History,
    Measured,
)

STEP_MINUTES, EARLIER_MINUTES = 5, 30
"""Demand is looked at in means of so many minutes, and of longer ones where it is long ago."""
MEMORY_HOURS = 24.0
"""How long an excess may last."""
AHEAD_MINUTES = (10, 30, 60)
"""Minutes ahead at which the fit is compared."""
FIRST_ERROR = 0.12
"""Before anything was compared all are thought to have missed by so much of the highest."""
DOUBT = (0.8, 5.0)
"""So many times what the forecast does the fit is thought to have missed before anything was
compared: where no such excess was seen before, or the forecast is of late no better than the last
value; and where it has learnt from many and errs no more."""
BETTER = 0.8
"""A forecast that knows more is this much better than the season, and than the last value with its
own errors of late in those of that."""
POWER = 4.0
LOST = (1 - TURNED, 0.07)
"""What has lost as much of its highest has turned, and has beyond doubt: in between it is followed
in part, so that no single minute decides."""
SAMPLED_MINUTES = 5
"""Minutes from row to row of those that tell of earlier excesses, and of the usual while no
ordinary day is known: few of all that there are."""
HOUR = 3600.0


def ebbed(forecast: Forecast, history: History, clock: str = NEVER_CHANGED) -> Forecast:
    """A forecast in which every excess that has turned is foreseen to decay."""
    usual = Usual(forecast.ordinary, history.end, clock)
    now = _usual_now(usual, history)
    excess = recent(history, STEP_MINUTES) > EXCESS * now
    if not np.count_nonzero(excess):
        return forecast
    high = np.flatnonzero(excess)
    past = _Past(history, high, usual, now, forecast.measured)
    columns = high[past.turned]
    if not columns.size:
        return forecast
    values = forecast.values.copy()
    quantiles, steps = values[:, :, columns], len(values[0])
    change = past.foreseen(steps)[:, past.turned] - quantiles[0]
    change *= past.trust(steps)[:, past.turned]
    values[:, :, columns] = np.maximum(quantiles + change, 0.0)
    return forecast._replace(values=values)


class _Past:
    """The last day of series that are high, in steps of some minutes."""

    def __init__(
        self,
        history: History,
        columns: NDArray[np.int_],
        usual: Usual,
        now: Floats,
        measured: Measured | None,
    ) -> None:
        self.grid, self.end = history.grid, history.end
        self.rows = max(1, round(STEP_MINUTES * MINUTE / history.grid))
        """Rows in a step."""
        self.hour = HOUR / (self.rows * history.grid)
        self._usual, self._flat = usual.picked(columns), now[columns]
        self._history, self._measured, self._columns = history, measured, columns
        day = history.minutes[-round(MEMORY_HOURS * HOUR / history.grid) :]
        self.demand = means_of_rows(day[:, columns], self.rows)
        back = np.arange(len(self.demand) - 1, -1, -1.0)
        self.usual = self.usual_at(-back * self.rows)
        self.excess = self.demand - self.usual
        self.since = self._since()
        self.highest = highest_since(self.excess, self.since)
        self.falling = self.since & (self.excess <= TURNED * self.highest)
        self.turned: NDArray[np.bool_] = self.falling[-1]

    @cached_property
    def fit(self) -> Fit:
        """How the excesses decay; reckoned only where one has turned."""
        return fit(self.excess, self.since, self.earlier.rate / self.hour, self.hour)

    @cached_property
    def earlier(self) -> Earlier:
        """What earlier excesses say of this one."""
        rows = max(1, round(EARLIER_MINUTES * MINUTE / self.grid))
        every = _sampled(self.grid)
        sample = self._history.minutes[::-every][::-1]
        demand = means_of_rows(sample[:, self._columns], max(1, rows // every))
        usual = self.usual_at(-np.arange(len(demand) - 1, -1, -1.0) * rows)
        return earlier(demand, usual, self.highest[-1], HOUR / (rows * self.grid))

    def usual_at(self, rows: Floats) -> Floats:
        """The usual so many rows after now, (rows, M)."""
        usual = self._usual.at(self.end + rows * self.grid)
        return np.where(np.isnan(usual), self._flat, usual)

    def _since(self) -> NDArray[np.bool_]:
        """Which steps are of the present excess, from its highest on."""
        high = self.demand > EXCESS * self.usual
        lasting = np.logical_and.accumulate(high[::-1], axis=0)[::-1]
        peak = np.argmax(np.where(lasting, self.excess, -np.inf), axis=0)
        return np.asarray(lasting & (np.arange(len(high))[:, None] >= peak))

    def foreseen(self, steps: int) -> Floats:
        """Demand so many rows ahead, if the excess goes on to decay, (steps, M)."""
        ahead = np.arange(1.0, steps + 1)
        last = Fit(self.fit.rate[-1], self.fit.floor[-1])
        decayed = last.after(self.excess[-1], ahead[:, None] / self.rows)
        found: Floats = self.usual_at(ahead) + decayed
        return found

    def trust(self, steps: int) -> Floats:
        """How far the decay is to be followed so many rows ahead, (steps, M).

        Sooner than the fit is compared it is followed less and less: from one minute to the next
        an excess loses less than the rows scatter.
        """
        trust = [self._trust(minutes) for minutes in AHEAD_MINUTES]
        ahead: Floats = np.arange(1.0, steps + 1) * self.grid / MINUTE
        known: Floats = np.minimum(1.0, ahead / AHEAD_MINUTES[0])[:, None]
        return np.asarray(self._lost() * known * between(trust, AHEAD_MINUTES, ahead))

    def _lost(self) -> Floats:
        """How far it has lost enough of its highest to have turned, (M,)."""
        lost = 1.0 - self.excess[-1] / np.maximum(self.highest[-1], NIL)
        return degree(lost, *LOST)

    def _trust(self, minutes: int) -> Floats:
        """The same for one lead, (M,), by what was missed so many minutes ahead."""
        ahead = max(1, round(minutes * MINUTE / (self.rows * self.grid)))
        now, before, after = self.demand[:-ahead], self.usual[:-ahead], self.usual[ahead:]
        decay = Fit(self.fit.rate[:-ahead], self.fit.floor[:-ahead])
        tried = (
            after + decay.after(self.excess[:-ahead], ahead),
            now,
            now + after - before,
            now * after / np.maximum(before, NIL),
        )
        compared, truth = self.falling[:-ahead], self.demand[ahead:]
        missed = [np.where(compared, np.abs(each - truth), 0.0).sum(axis=0) for each in tried]
        first = FIRST_ERROR * np.sqrt(minutes / AHEAD_MINUTES[1]) * self.highest[-1]
        errs = self._errs(minutes)
        plain = BETTER * errs * np.minimum.reduce(missed[1:])
        doubt = DOUBT[0] + (DOUBT[1] - DOUBT[0]) * self.earlier.seen * (1 - errs)
        ratio = (missed[0] + doubt * first) / np.maximum(plain + first, NIL)
        return np.asarray(1 / (1 + ratio**POWER))

    def _errs(self, minutes: int) -> Floats | float:
        """Errors of the forecast of late so far ahead, in those of the last value, (M,)."""
        if self._measured is None:
            return 1.0
        ahead, own, plain = self._measured
        ratio = own[:, self._columns] / np.maximum(plain[:, self._columns], NIL)
        rows = np.array([max(1, round(minutes * MINUTE / self.grid))])
        found: Floats = between(list(ratio), ahead, rows)[0]
        return np.minimum(found, 1.0)


def _usual_now(usual: Usual, history: History) -> Floats:
    """What is usual at this hour, (N,), or on the last day while no ordinary day is known."""
    now = np.asarray(usual.at(history.end), float)
    unknown = np.isnan(now)
    if np.count_nonzero(unknown):
        last = history.minutes[-round(DAY * MINUTE / history.grid) :]
        sample = last[:: -_sampled(history.grid)]  # back from now: the same whatever was before
        now[unknown] = median(sample[:, unknown])
    return now


def _sampled(grid: float) -> int:
    """Rows from one to the next of those that tell of days long ago."""
    return max(1, round(SAMPLED_MINUTES * MINUTE / grid))
