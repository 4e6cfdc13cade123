"""The ebb: how the excess that an event left behind decays, fitted while it happens.

An excess is what demand has above the usual of the hour, while it is half as much again and more.
Once it has turned it is taken to fall towards a floor at a constant rate,

    dE/dt = -rate (E - floor) = -rate E + drift,

which is fitted by least squares to all that came since its highest. The increments of E add up to
what lies between the first and the last, so that the noise of single rows cancels out. Earlier
excesses of the same series say which rate to expect before much is seen. What would have been
foreseen from each moment of the ebb so far is compared with what came, and so are the last value
and the season: the forecast moves as far as the fit was better.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.adjustments.past import NIL, ordinary_at
from ebbtide.forecast.columnwise import between, carried, median
from ebbtide.forecast.contract import DAY, MINUTE, Floats, Forecast, History

EXCESS = 1.5
"""Demand above so many times the usual is an excess."""
TURNED = 0.97
"""Below this share of its highest an excess has turned."""
STEP_MINUTES = 5
"""Demand is looked at in means of so many minutes."""
MEMORY_HOURS = 24.0
"""How long an excess may last."""
HALF_LIFE_HOURS = 3.0
"""After so long an excess is half of what it was, where no earlier one is known."""
EXPECTED_HOURS = 1.0
"""What is expected counts as much as so many hours at the highest."""
EARLIER_MINUTES = 30
"""Earlier excesses are looked at in means of so many minutes."""
EARLIER_HOURS = 12.0
"""One of them has turned if it is below its highest of the last hours."""
SLOWEST = 0.1
"""The lowest rate, as a share of the one that is expected."""
AHEAD_MINUTES = (10, 30, 60)
"""Minutes ahead at which the fit is compared."""
FIRST_ERROR = 0.12
"""Before anything was compared all are thought to have missed by so much of the highest."""
BETTER = 0.8
"""A forecast that knows more is this much better than the last value and the season are."""
POWER = 4.0
SAMPLED = 48
"""Rows of the last day by which the usual is told while no ordinary day is known."""
HOUR = 3600.0


def ebbed(forecast: Forecast, history: History) -> Forecast:
    """A forecast in which every excess that has turned is foreseen to decay."""
    usual = _usual_now(forecast, history)
    excess = history.minutes[-1] > EXCESS * usual
    if not np.count_nonzero(excess):
        return forecast
    high = np.flatnonzero(excess)
    past = _Past(forecast, history, high, usual[high])
    columns = high[past.turned]
    if not columns.size:
        return forecast
    values = forecast.values.copy()
    change = past.foreseen(len(values[0])) - values[0][:, high]
    change *= past.trust(len(values[0]))
    values[:, :, columns] += change[:, past.turned]
    return forecast._replace(values=np.maximum(values, 0.0))


class Fit(NamedTuple):
    """What an excess lost from moment to moment, and what it goes down to; of any shape."""

    rate: Floats
    """Share of what lies above the floor that is lost in a step."""
    floor: Floats

    def after(self, excess: Floats, steps: Floats | float) -> Floats:
        """The excess so many steps later."""
        left: Floats = np.exp(-self.rate * steps)
        return self.floor + (excess - self.floor) * left


def fit(excess: Floats, since: NDArray[np.bool_], expected: Floats, hour: float) -> Fit:
    """The fit at every moment to what came since the highest, (T, M).

    `since` says which moments those are, `expected` is the rate of each series that is thought of
    before, `hour` the steps of one.
    """
    highest = _highest(excess, since)
    steps = since[1:] & since[:-1]
    mid = np.where(steps, (excess[1:] + excess[:-1]) / 2, 0.0)
    none = np.zeros((1, excess.shape[1]))
    count, first, second = (
        np.concatenate((none, np.cumsum(each, axis=0))) for each in (steps, mid, mid**2)
    )
    change = np.where(since, excess - highest, 0.0)
    moment = np.where(since, (excess**2 - highest**2) / 2, 0.0)
    weight = EXPECTED_HOURS * hour * highest**2
    second, count = second + weight + NIL, count + EXPECTED_HOURS * hour
    pull = weight * expected - moment
    spread = np.maximum(second * count - first**2, NIL)
    rate = np.maximum((pull * count + first * change) / spread, SLOWEST * expected)
    drift = (second * change + first * pull) / spread
    return Fit(rate, np.clip(drift / rate, 0.0, np.maximum(excess, 0.0)))


class _Past:
    """The last day of series that are high, in steps of some minutes."""

    def __init__(
        self, forecast: Forecast, history: History, columns: NDArray[np.int_], usual: Floats
    ) -> None:
        self.grid, self.end = history.grid, history.end
        self.rows = max(1, round(STEP_MINUTES * MINUTE / history.grid))
        """Rows in a step."""
        self.hour = HOUR / (self.rows * history.grid)
        self.ordinary, self.flat = forecast.ordinary[:, columns], usual
        self._history, self._columns = history, columns
        day = history.minutes[-round(MEMORY_HOURS * HOUR / history.grid) :]
        self.demand = _means(day[:, columns], self.rows)
        back = np.arange(len(self.demand) - 1, -1, -1.0)
        self.usual = self.usual_at(-back * self.rows)
        self.excess = self.demand - self.usual
        self.since = self._since()
        self.highest = _highest(self.excess, self.since)
        self.falling = self.since & (self.excess <= TURNED * self.highest)
        self.turned: NDArray[np.bool_] = self.falling[-1]

    @cached_property
    def fit(self) -> Fit:
        """How the excesses decay; reckoned only where one has turned."""
        expected = self._expected(self._history.minutes[:, self._columns])
        return fit(self.excess, self.since, expected, self.hour)

    def usual_at(self, rows: Floats) -> Floats:
        """The usual so many rows after now, (rows, M)."""
        usual = ordinary_at(self.ordinary, self.end + rows * self.grid)
        return np.where(np.isnan(usual), self.flat, usual)

    def _since(self) -> NDArray[np.bool_]:
        """Which steps are of the present excess, from its highest on."""
        high = self.demand > EXCESS * self.usual
        lasting = np.logical_and.accumulate(high[::-1], axis=0)[::-1]
        peak = np.argmax(np.where(lasting, self.excess, -np.inf), axis=0)
        return np.asarray(lasting & (np.arange(len(high))[:, None] >= peak))

    def _expected(self, minutes: Floats) -> Floats:
        """The rate that earlier excesses had, (M,), as much as they say; else the usual one."""
        rows = max(1, round(EARLIER_MINUTES * MINUTE / self.grid))
        demand = _means(minutes, rows)
        back = np.arange(len(demand) - 1, -1, -1.0)
        usual = self.usual_at(-back * rows)
        excess = demand - usual
        reach = round(EARLIER_HOURS * HOUR / (rows * self.grid))
        padded = np.concatenate((np.full((reach, excess.shape[1]), -np.inf), excess))
        highest = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=0)[1:].max(axis=-1)
        falling = (demand > EXCESS * usual) & (excess <= TURNED * highest)
        lost = np.where(falling[:-1], excess[:-1] - excess[1:], 0.0).sum(axis=0)
        whole = np.where(falling[:-1], excess[:-1], 0.0).sum(axis=0)
        step = self.rows / rows
        rate = np.log(2) / (HALF_LIFE_HOURS * self.hour)
        known = EXPECTED_HOURS * HOUR / (rows * self.grid) * np.maximum(self.highest[-1], 0.0)
        found = (lost * step + rate * known) / (whole + known + NIL)
        return np.asarray(np.maximum(found, SLOWEST * rate))

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
        return np.asarray(known * between(trust, AHEAD_MINUTES, ahead))

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
        plain = BETTER * np.minimum.reduce(missed[1:])
        ratio = (missed[0] + first) / np.maximum(plain + first, NIL)
        return np.asarray(1 / (1 + ratio**POWER))


def _highest(excess: Floats, since: NDArray[np.bool_]) -> Floats:
    """The first excess of those since the highest, at every moment, (T, M)."""
    first = np.argmax(since, axis=0)
    return np.broadcast_to(np.take_along_axis(excess, first[None], axis=0), excess.shape)


def _means(minutes: Floats, rows: int) -> Floats:
    """Means of so many rows each, up to the last one; gaps are carried over, nothing is nought."""
    rows = min(rows, len(minutes))
    blocks = minutes[len(minutes) % rows :].reshape(-1, rows, minutes.shape[1])
    means: Floats = blocks.mean(axis=1)
    some, series = np.nonzero(np.isnan(means))
    if some.size:
        part = blocks[some, :, series]
        known = ~np.isnan(part)
        count = known.sum(axis=1)
        added = np.where(known, part, 0.0).sum(axis=1)
        means[some, series] = np.where(count > 0, added / np.maximum(count, 1), np.nan)
        means = np.nan_to_num(carried(means))
    return means


def _usual_now(forecast: Forecast, history: History) -> Floats:
    """What is usual at this hour, (N,), or on the last day while no ordinary day is known."""
    usual = np.asarray(forecast.ordinary[history.minute_of_day], float)
    unknown = np.isnan(usual)
    if np.count_nonzero(unknown):
        last = history.minutes[-round(DAY * MINUTE / history.grid) :]
        sample = last[:: max(1, len(last) // SAMPLED)][:, unknown]
        usual[unknown] = median(sample)
    return usual
