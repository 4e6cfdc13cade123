"""Events that were announced, laid over any forecast: before they start, and while they go on.

An announcement says how much demand is expected: as a multiple of the usual, as a level, or by the
shape of an earlier event, which is aligned in time and scaled. Before the event starts, that is
what is foreseen of its minutes. While it goes on, what has come of it says how the announcement has
to be scaled, and the forecast follows the announced course by that scale. A shape is weighed
against the plain forecast, by what came of this event and of those before.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ebbtide.forecast.adjustments.event_experts import (
    Foretold,
    Memory,
    hours_of,
    middle,
    verdict,
)
from ebbtide.forecast.adjustments.event_scale import SCALES, scales, seen_of
from ebbtide.forecast.adjustments.past import NIL, Past, Usual
from ebbtide.forecast.adjustments.shared_event import SharedEvent, alike
from ebbtide.forecast.columnwise import degree
from ebbtide.forecast.contract import (
    LEVELS,
    MINUTE,
    NO_CONTEXT,
    UNSAID,
    Context,
    Floats,
    Forecast,
    History,
)

APART = np.array((0.0, 0.5, 1.0, 1.3, 2.0, 3.0))[:, None, None]
"""How far each quantile lies above the median where experts differ, in their mean distance."""
AT, NEARLY = LEVELS.index(0.9), LEVELS.index(0.95)
ERROR = 0.1
"""What an announcement is thought to be off at this quantile before any showed what it is worth, as
a share of what it adds."""
ARRIVING, RISES = 10.0, (0.05, 0.1)
"""Minutes in which an audience that arrives shows it, and by what share of the announcement: with
as little it does not, with as much it does."""
WIDE, WIDEST = 3.0, 6.0
"""Medians up to which this quantile tells in which proportion the others lie to the median, and
from which on none of them does."""


TOGETHER = 256
"""Series that are reckoned at once: more would take room and save nothing."""


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
    groups: dict[tuple[str, Hashable], list[int]] = {}
    for column, known in enumerate(context.series):
        if any(one.start <= moments[-1] and one.end >= moments[0] for one in known.events):
            groups.setdefault((known.clock, alike(known.events)), []).append(column)
    if not groups:
        return forecast
    values = forecast.values.copy()
    for (clock, _), group in groups.items():
        for begin in range(0, len(group), TOGETHER):
            columns = np.array(group[begin : begin + TOGETHER])
            events = [context.series[column].events for column in columns.tolist()]
            told = [SharedEvent.of(each) for each in zip(*events, strict=True)]
            usual = Usual(forecast.ordinary, history.end, clock).picked(columns)
            series = _Series(Past.of(history, columns, clock), usual, told, memory)
            values[:, :, columns] = _following(values[:, :, columns], series, moments)
    return forecast._replace(values=values)


class _Expected(NamedTuple):
    """What is expected of some minutes, and how far those who expect it are apart."""

    median: Floats
    apart: Floats


def _following(values: Floats, series: "_Series", moments: Floats) -> Floats:
    """Quantiles moved to what is expected; of events at one time the larger counts."""
    expected, apart = np.full(values[0].shape, UNSAID), np.zeros(values[0].shape)
    for event in series.known:
        during = np.flatnonzero(event.during(moments))
        if during.size:
            told = series.expected(event, moments[during], values[0, during])
            larger = np.isnan(expected[during]) | (told.median > expected[during])
            expected[during] = np.where(larger, told.median, expected[during])
            apart[during] = np.where(larger, told.apart, apart[during])
    inside = ~np.isnan(expected)
    moved = _moved(values, np.where(inside, expected, 0.0)) + APART * apart
    return np.where(inside, moved, values)


class _Series:
    """Some series of the same events, at the moment of their forecast."""

    def __init__(
        self, past: Past, usual: Usual, known: Sequence[SharedEvent], memory: Memory
    ) -> None:
        self.past, self.usual = past, usual
        self.known, self.memory = known, memory

    def expected(self, event: SharedEvent, moments: Floats, plain: Floats) -> _Expected:
        """What is expected at some moments of an event, of which this is the plain forecast."""
        now = np.full(moments.size, self.past.end)
        if not event.shaped:
            return self._scaled(event, moments, plain)
        foretold = Foretold(event, self.past, self._peak(event))
        level = self.past.level(now[:1])[0]
        reached = np.where((event.start > now[0]) | np.isnan(level), plain[0], level)
        tried = foretold.experts(now, moments, plain, np.broadcast_to(reached, plain.shape))
        weight, mild, unproven = verdict(foretold, self._earlier(event), self.memory)
        expected = middle(tried, weight)
        apart = np.einsum("en,emn->mn", mild, np.abs(tried - expected))
        return _Expected(expected, np.fmax(apart, unproven * ERROR * np.abs(expected - plain)))

    def _scaled(self, event: SharedEvent, moments: Floats, plain: Floats) -> _Expected:
        """An event without a shape at some moments, as it was announced and by what came of it.

        Where it was to bring more than is usual, and where far more came than was announced, it is
        no less than the plain forecast. That less comes than was announced is believed the more,
        the longer it goes on: an audience takes its time to arrive.
        """
        now, announced = np.array([self.past.end]), self._announced(event, moments)
        scale = scales(event, self.past, now, lambda at: self._announced(event, at))
        sure = seen_of(event, self.past.end)
        less = announced * np.minimum(scale, 1.0) ** sure
        arriving = self._arriving(announced, moments)
        expected = np.where(scale < 1, np.fmax(less, arriving), scale * announced)
        more = (event.times >= 1) | (scale >= SCALES[1])
        expected = np.where(more, np.fmax(expected, plain), expected)
        missing = np.fmax(announced - expected, 0.0) / APART[NEARLY]
        unproven = ERROR * np.abs(expected - plain)
        return _Expected(expected, (1 - sure) * np.fmax(missing, unproven))

    def _arriving(self, announced: Floats, moments: Floats) -> Floats:
        """Demand if it goes on to rise up to what was announced; NaN where it does not rise."""
        ago = np.array([0.0, ARRIVING * MINUTE])
        level, before = self.past.level(self.past.end - ago)
        rise = degree((level - before) / np.maximum(announced, NIL), *RISES) * (level - before)
        steps = (moments - self.past.end) / ago[1]
        arriving: Floats = np.minimum(announced, level + rise * steps[:, None])
        return np.where(rise > 0, arriving, np.nan)

    def _earlier(self, event: SharedEvent) -> Sequence[SharedEvent]:
        """The events with a shape that started before this one, from late to early."""
        known = [one for one in self.known if one.shaped and one.start < event.start]
        return sorted(known, key=lambda one: -one.start)

    def _announced(self, event: SharedEvent, moments: Floats) -> Floats:
        """Demand at some moments as it was announced by a level or a multiple, (moments, N)."""
        usual = self.usual.at(moments)
        unknown = np.isnan(usual) & np.isnan(event.level)
        return event.sized(usual, self.past.before(event.start) if unknown.any() else usual[0])

    def _peak(self, event: SharedEvent) -> Floats:
        """The demand at the peak of an event with a shape, by the usual of its hours, (N,)."""
        return np.asarray(np.fmax.reduce(self._announced(event, hours_of(event))))


def _moved(values: Floats, expected: Floats) -> Floats:
    """Quantiles moved so that their median is what is expected, as wide in proportion.

    Those that lie many times the median above it tell no proportion, nor do those of a median of
    nought: a metric that reads next to nothing has had large errors, not demand that may grow a
    hundredfold. They count as they stand, and are no less than what is expected.
    """
    median = values[0]
    wide = values / np.maximum(median, NIL)
    told = degree(wide[AT], WIDEST, WIDE) * (median > NIL)
    as_they_stand = np.maximum(values, expected)
    moved = as_they_stand + told * (wide * expected - as_they_stand)
    return np.asarray(np.maximum.accumulate(moved, axis=0))
