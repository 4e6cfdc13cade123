"""Events that were announced, laid over any forecast: before they start, and while they go on.

An announcement says how much demand is expected: as a multiple of the usual, as a level, or by the
shape of an earlier event, which is aligned in time and scaled. Before the event starts, that is
what is foreseen of its minutes. While it goes on, what has come of it says how the announcement has
to be scaled, and the forecast follows the announced shape by that scale.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ebbtide.forecast.contract import (
    DAY,
    NO_CONTEXT,
    UNSAID,
    Announcement,
    Context,
    Floats,
    Forecast,
    History,
)

LEARNING = 10
"""Rows of an event after which its own scale is believed."""
SCALES = (0.2, 5.0)
"""How far an event may be from what was announced."""
MINUTE = 60.0
HOUR = 3600.0
NIL = 1e-30


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

    def forecast(self, history: History, horizon: int, context: Context = NO_CONTEXT) -> Forecast:
        return heed(self._plain.forecast(history, horizon), history, context)


def heed(forecast: Forecast, history: History, context: Context) -> Forecast:
    """A forecast in which every series follows what was announced of it."""
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
        series = _Series(forecast, history, column)
        values[:, :, column] = _following(values[:, :, column], series, events, moments)
    return forecast._replace(values=values)


def _following(
    values: Floats, series: "_Series", events: Sequence[Announcement], moments: Floats
) -> Floats:
    """Quantiles moved to what is expected; of events at one time the larger counts."""
    expected = np.full(moments.size, UNSAID)
    for event in events:
        told = np.where(event.during(moments), series.expected(event, moments), UNSAID)
        expected = np.fmax(expected, told)
    inside = ~np.isnan(expected)
    moved = values.copy()
    moved[:, inside] = _moved(values[:, inside], expected[inside])
    return moved


class _Series:
    """One series at the moment of its forecast."""

    def __init__(self, forecast: Forecast, history: History, column: int) -> None:
        back = np.arange(len(history.minutes) - 1, -1, -1, dtype=float)
        self.past: Floats = history.end - history.grid * back
        self.minutes = history.minutes[:, column]
        self.ordinary = forecast.ordinary[:, column]
        self.hour = max(1, round(HOUR / history.grid))

    def expected(self, event: Announcement, moments: Floats) -> Floats:
        """What is expected at some moments, scaled by what has come of the event so far."""
        foreseen = self._announced(event, moments)
        seen = np.flatnonzero(event.during(self.past) & ~np.isnan(self.minutes))
        if not seen.size:
            return foreseen
        recent = seen[-LEARNING:]
        hoped = self._announced(event, self.past[recent]).sum()
        found = self.minutes[recent].sum() / max(hoped, NIL)
        believed = min(1.0, seen.size / LEARNING)
        return np.asarray(np.clip(found, *SCALES) ** believed * foreseen)

    def _announced(self, event: Announcement, moments: Floats) -> Floats:
        """Demand at some moments as it was announced."""
        course = event.course(moments)
        if not np.isnan(event.level):
            return np.asarray(event.level * course)
        times = 1.0 if np.isnan(event.times) else event.times
        return np.asarray(self._usual(event, moments) * times * course)

    def _usual(self, event: Announcement, moments: Floats) -> Floats:
        """The usual demand of the hour; with a shape, the highest of the event's hours.

        While nobody knows an ordinary day, it is the demand before the event.
        """
        shaped = len(event.shape) > 1
        at = self._hours_of(event) if shaped else moments
        usual = self.ordinary[(at // MINUTE).astype(int) % self.ordinary.size]
        if shaped:
            usual = np.full(moments.size, np.fmax.reduce(usual))
        return np.where(np.isnan(usual), self._before(event), usual)

    def _hours_of(self, event: Announcement) -> Floats:
        """The minutes of an event, at most those of a day."""
        return np.arange(event.start, min(event.end, event.start + DAY * MINUTE) + 1, MINUTE)

    def _before(self, event: Announcement) -> float:
        """The demand of the hour before an event, or of the last that is known."""
        before = self.minutes[self.past < event.start]
        known = before[~np.isnan(before)][-self.hour :]
        return float(np.median(known)) if known.size else 0.0


def _moved(values: Floats, expected: Floats) -> Floats:
    """Quantiles moved so that their median is what is expected, as wide in proportion."""
    median = values[0]
    wide = values / np.maximum(median, NIL)
    return np.where(median > 0, wide * expected, values + expected)
