"""Events that were announced, laid over any forecast: before they start, and while they go on.

An announcement says how much demand is expected: as a multiple of the usual, as a level, or by the
shape of an earlier event, which is aligned in time and scaled. Before the event starts, that is
what is foreseen of its minutes. While it goes on, what has come of it says how the announcement has
to be scaled, and the forecast follows the announced shape by that scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ebbtide.forecast.contract import Floats, Forecast, History

MOST_POINTS = 500
"""Points that the shape of an earlier event has at most."""
LEARNING = 10
"""Rows of an event after which its own scale is believed."""
SCALES = (0.2, 5.0)
"""How far an event may be from what was announced."""
NEVER = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is expected of one series between two moments (epoch seconds)."""

    start: float
    end: float
    times: float = NEVER
    """A multiple of the usual."""
    level: float = NEVER
    """Demand at the peak."""
    shape: Floats = field(default_factory=lambda: np.ones(1))
    """The course of an earlier event from start to end, in multiples of its usual demand, or of
    its peak where a level is given."""

    def expected(self, moments: Floats, usual: Floats) -> Floats:
        """Demand at some moments of the event, given the usual demand at them."""
        place = (moments - self.start) / max(self.end - self.start, 1.0)
        course = np.interp(place, np.linspace(0, 1, self.shape.size), self.shape)
        if not np.isnan(self.level):
            return np.asarray(self.level * course)
        return np.asarray(usual * course * (1.0 if np.isnan(self.times) else self.times))

    def during(self, moments: Floats) -> NDArray[np.bool_]:
        """Which moments are of the event."""
        return np.asarray((self.start <= moments) & (moments <= self.end))


def shape_of(values: Floats, usual: float) -> Floats:
    """The shape of an earlier event: its course in multiples of the usual, at most 500 points."""
    known = np.flatnonzero(~np.isnan(values))
    points = np.linspace(0, values.size - 1, min(values.size, MOST_POINTS))
    return np.asarray(np.interp(points, known, values[known]) / max(usual, 1e-30))


def announced(
    forecast: Forecast, history: History, column: int, events: Sequence[Announcement]
) -> Forecast:
    """A forecast in which one series follows what was announced of it."""
    values = forecast.values.copy()
    moments = forecast.origin + history.grid * np.arange(1, values.shape[1] + 1)
    for event in events:
        inside = event.during(moments)
        if inside.any():
            expected = _scaled(event, history, column, moments)[inside]
            values[:, inside, column] = _moved(values[:, inside, column], expected)
    return forecast._replace(values=values)


def _scaled(event: Announcement, history: History, column: int, moments: Floats) -> Floats:
    """What is expected at some moments, scaled by what has come of the event so far."""
    back: Floats = np.arange(len(history.minutes) - 1, -1, -1).astype(float)
    past: Floats = history.end - history.grid * back
    minutes = history.minutes[:, column]
    usual = _usual(minutes, past, event, history.grid)
    foreseen = event.expected(moments, np.full(moments.size, usual))
    seen = event.during(past) & ~np.isnan(minutes)
    if not seen.any():
        return foreseen
    recent = np.flatnonzero(seen)[-LEARNING:]
    hoped = event.expected(past[recent], np.full(recent.size, usual)).sum()
    found = minutes[recent].sum() / max(hoped, 1e-30)
    believed = min(1.0, np.count_nonzero(seen) / LEARNING)
    scale = np.clip(found, *SCALES) ** believed
    return np.asarray(scale * foreseen)


def _usual(minutes: Floats, past: Floats, event: Announcement, grid: float) -> float:
    """The usual demand: the median of the hour before the event, or of the last known hour."""
    before = minutes[past < event.start]
    known = before[~np.isnan(before)]
    rows = max(1, round(3600 / grid))
    return float(np.median(known[-rows:])) if known.size else 0.0


def _moved(values: Floats, expected: Floats) -> Floats:
    """Quantiles moved so that their median is what is expected, as wide in proportion."""
    median = values[0]
    wide = values / np.maximum(median, 1e-30)
    return np.where(median > 0, wide * expected, values + expected)
