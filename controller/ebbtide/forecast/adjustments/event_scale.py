"""By what an event is larger than announced, and how far it says so itself, as it goes on."""

from collections.abc import Callable

import numpy as np

from ebbtide.forecast.adjustments.past import NIL, Past
from ebbtide.forecast.adjustments.shared_event import SharedEvent
from ebbtide.forecast.contract import DAY, MINUTE, Floats

SURE = 30.0
"""Minutes of an event after which it says itself what it is like."""
LEARNING = 10
"""Rows of an event after which its own scale is believed."""
SCALES = (0.2, 5.0)
"""How far an event may be from what was announced."""


def seen_of(event: SharedEvent, now: float) -> float:
    """How far an event says itself what it is like, between not and all."""
    return float(np.clip((now - event.start) / (SURE * MINUTE), 0.0, 1.0))


def scales(
    event: SharedEvent, past: Past, origins: Floats, announced: Callable[[Floats], Floats]
) -> Floats:
    """By what an event was larger than announced, as seen from some moments, (n, N).

    It is believed the more, the more rows of the event are known. No more of it is looked at than
    the day before: one that has gone on for weeks, by a year that was mistyped for decades, would
    take gigabytes.
    """
    unscaled = np.ones((origins.size, past.columns.size))
    if not origins.size:  # of the first minutes of an event nothing was foreseen while it went on
        return unscaled
    begin = _looked_at_from(event, past, origins)
    rows = int((min(event.end, past.end, float(origins.max())) - begin) // past.grid) + 1
    if rows <= 0:
        return unscaled
    moments = begin + past.grid * np.arange(rows, dtype=float)
    came = past.at(moments)
    unknown = np.isnan(came)
    order = np.argsort(unknown, axis=0, kind="stable")  # what is known first, as it came
    sums = np.zeros((2, rows + 1, past.columns.size))
    for each, values in zip(sums, (came, announced(moments)), strict=True):
        known = np.where(unknown, 0.0, values)
        np.cumsum(np.take_along_axis(known, order, axis=0), axis=0, out=each[1:])
    seen = np.concatenate((np.zeros((1, past.columns.size), int), np.cumsum(~unknown, axis=0)))
    newest = seen[np.clip((origins - begin) // past.grid + 1, 0, rows).astype(int)]
    oldest = np.maximum(newest - LEARNING, 0)
    of_late = [
        np.take_along_axis(each, newest, axis=0) - np.take_along_axis(each, oldest, axis=0)
        for each in sums
    ]
    found = np.where(newest > oldest, of_late[0] / np.maximum(of_late[1], NIL), 1.0)
    return np.asarray(np.clip(found, *SCALES) ** np.minimum(newest / LEARNING, 1.0))


def _looked_at_from(event: SharedEvent, past: Past, origins: Floats) -> float:
    """The row of the event that is a day before the first of some moments, or its first one."""
    skipped = (float(origins.min()) - DAY * MINUTE - event.start) // past.grid
    return event.start + past.grid * max(0.0, skipped)
