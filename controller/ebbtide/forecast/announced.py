"""Events that were announced, laid over any forecast: before they start, and while they go on.

An announcement says how much demand is expected: as a multiple of the usual, as a level, or by the
shape of an earlier event, which is aligned in time and scaled. Before the event starts, that is
what is foreseen of its minutes. While it goes on, what has come of it says how the announcement has
to be scaled, and the forecast follows the announced course by that scale. A shape is weighed
against the plain forecast, by what came of this event and of those before.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ebbtide.forecast.contract import (
    NO_CONTEXT,
    UNSAID,
    Announcement,
    Context,
    Floats,
    Forecast,
    History,
)
from ebbtide.forecast.event_experts import Foretold, Memory, hours_of, middle, scales, weights
from ebbtide.forecast.past import MINUTE, NIL, Past

APART = np.array((0.0, 0.5, 1.0, 1.3, 2.0, 3.0))[:, None]
"""How far each quantile lies above the median where experts differ, in their mean distance."""
_WIDEST = 2.0
"""How far above the median a quantile may lie and still tell a proportion."""


class Plain(Protocol):
    """A forecaster that is handed the history alone."""

    name: str

    def forecast(self, history: History, horizon: int) -> Forecast:
        """Quantiles for the next `horizon` minutes, from nothing but the history."""


class Heeding:
    """A forecaster of the history alone, with what was announced laid over what it says."""

    def __init__(self, plain: Plain) -> None:
        self.name = plain.name
        self.stateless = bool(getattr(plain, "stateless", False))
        self.tolerance = float(getattr(plain, "tolerance", 0.0))
        self._plain = plain
        self._memory = Memory()

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        made = self._plain.forecast(history, horizon)
        return heed(made, history, context, self._memory)


def heed(
    forecast: Forecast, history: History, context: Context, memory: Memory | None = None
) -> Forecast:
    """A forecast in which every series follows what was announced of it.

    The same comes of it with a memory and without: it only makes the next ones quick.
    """
    if not context.series:
        return forecast
    memory = Memory() if memory is None else memory
    moments = forecast.origin + history.grid * np.arange(1, forecast.values.shape[1] + 1)
    near = {
        column: found
        for column, known in enumerate(context.series)
        if (found := [event for event in known.events if event.during(moments).any()])
    }
    if not near:
        return forecast
    values = forecast.values.copy()
    for column, events in near.items():
        past, ordinary = Past.of(history, column), forecast.ordinary[:, column]
        series = _Series(past, ordinary, context.series[column].events, memory)
        values[:, :, column] = _following(values[:, :, column], series, events, moments)
    return forecast._replace(values=values)


class _Expected(NamedTuple):
    """What is expected of some minutes, and how far those who expect it are apart."""

    median: Floats
    apart: Floats


def _following(
    values: Floats, series: "_Series", events: Sequence[Announcement], moments: Floats
) -> Floats:
    """Quantiles moved to what is expected; of events at one time the larger counts."""
    expected, apart = np.full(moments.size, UNSAID), np.zeros(moments.size)
    for event in events:
        during = np.flatnonzero(event.during(moments))
        told = series.expected(event, moments[during], values[0, during])
        larger = np.isnan(expected[during]) | (told.median > expected[during])
        at = during[larger]
        expected[at], apart[at] = told.median[larger], told.apart[larger]
    inside = ~np.isnan(expected)
    moved = values.copy()
    moved[:, inside] = _moved(values[:, inside], expected[inside]) + APART * apart[inside]
    return moved


class _Series:
    """One series at the moment of its forecast."""

    def __init__(
        self, past: Past, ordinary: Floats, known: Sequence[Announcement], memory: Memory
    ) -> None:
        self.past, self.ordinary = past, ordinary
        self.known, self.memory = known, memory

    def expected(self, event: Announcement, moments: Floats, plain: Floats) -> _Expected:
        """What is expected at some moments of an event, of which this is the plain forecast."""
        now = np.full(moments.size, self.past.end)
        if len(event.shape) == 1:
            scale = scales(event, self.past, now[:1], lambda at: self._announced(event, at))
            return _Expected(scale * self._announced(event, moments), np.zeros(moments.size))
        foretold = Foretold(event, self.past, self._peak(event))
        level = self.past.level(now[:1])[0]
        reached = plain[0] if event.start > now[0] or np.isnan(level) else level
        tried = foretold.experts(now, moments, plain, np.full(moments.size, reached))
        weight = weights(foretold, self._earlier(event), self.memory)
        expected = middle(tried, weight)
        return _Expected(expected, weight @ np.abs(tried - expected))

    def _earlier(self, event: Announcement) -> Sequence[Announcement]:
        """The events with a shape that started before this one, from late to early."""
        known = [one for one in self.known if len(one.shape) > 1 and one.start < event.start]
        return sorted(known, key=lambda one: -one.start)

    def _announced(self, event: Announcement, moments: Floats) -> Floats:
        """Demand at some moments as it was announced by a level or a multiple."""
        if not np.isnan(event.level):
            return np.full(moments.size, event.level)
        times = 1.0 if np.isnan(event.times) else event.times
        usual = self.ordinary[(moments // MINUTE).astype(int) % self.ordinary.size]
        return times * np.where(np.isnan(usual), self.past.before(event.start), usual)

    def _peak(self, event: Announcement) -> float:
        """The demand at the peak of an event with a shape, by the usual of the event's hours."""
        return float(np.fmax.reduce(self._announced(event, hours_of(event))))


def _moved(values: Floats, expected: Floats) -> Floats:
    """Quantiles moved so that their median is what is expected, as wide in proportion.

    One that lies further above the median than the median above nought tells no proportion: a
    metric that reads next to nothing has had large errors, not demand that may grow a hundredfold.
    It counts as it stands, and is no less than what is expected, or than a lower quantile.
    """
    median = values[0]
    wide = values / np.maximum(median, NIL)
    moved = np.where(wide <= _WIDEST, wide * expected, np.maximum(values, expected))
    return np.asarray(np.maximum.accumulate(moved, axis=0))
