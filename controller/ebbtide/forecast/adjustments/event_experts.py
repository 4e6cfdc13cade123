"""What could become of an event that was announced by a shape: four experts, and their weights.

An event may come as it was announced. It may also begin at another level than was thought: then
it multiplies that level as the shape does, or adds as much to it. And where the season knows of it
already, or it does not take place, the plain forecast is right. Which of them it is shows from the
last events of the same series, and from what has come of this one.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.adjustments.event_scale import scales, seen_of
from ebbtide.forecast.adjustments.past import NIL, PRESENT, Past
from ebbtide.forecast.adjustments.shared_event import SharedEvent
from ebbtide.forecast.columnwise import median
from ebbtide.forecast.contract import DAY, MINUTE, Announcement, Floats

PLAIN, GROWN, RISEN, ANNOUNCED = range(4)
FIRST_WEIGHT = 0.15
"""What is thought before anything is known counts as so much of an event..."""
FIRST_TRUST = FIRST_WEIGHT * np.log((1.0, 1.0, 1.0, 0.1))
"""...and it is that the announcement is right."""
EARLIER = 4
"""Earlier events that are looked at."""
KEPT = 8192
"""What so many earlier events showed is kept."""
LEAST_DAYS = 2
"""Days before an event that have to be known to tell the usual from."""
FADING = 0.5
"""What an event counts against the one after it."""
POWER, MILD_POWER = 4.0, 2.0
"""A weight is (loss of the plain forecast / loss) to this power: for what is expected, and for how
far experts are apart. Who was worse is not followed, and may be right yet."""
LEAST_SHARE = 0.02
"""The lowest point of a shape that a level is divided by, in shares of the peak."""
AHEAD = np.array((5.0, 15.0, 30.0, 60.0))
"""Minutes ahead at which the experts are compared."""
BEFORE, WHILE, BETWEEN = 60.0, 120.0, 15.0
"""Minutes before an earlier event, and of it, from which it is foreseen, and between them."""
RECENT, JUST = 20.0, 5.0
"""Of an event that goes on: the minutes that are compared, and those between origins."""
DECIDED = 2.0
"""The largest logarithm of a ratio of losses that one event may show of itself."""
NOISE = 0.01
"""Errors below this share of the demand are none."""
HALF = 0.5


class Foretold(NamedTuple):
    """An announced event of series whose past is known, and the demand at its peak."""

    event: SharedEvent
    past: Past
    peak: Floats
    """As announced, (N,)."""

    def experts(self, origins: Floats, targets: Floats, plain: Floats, level: Floats) -> Floats:
        """What the four say at some moments of later ones, (4, n, N).

        `plain` is the plain forecast of the targets, (n, N), `level` that of the moment at which
        the event starts; once it goes on, the level that was reached.
        """
        event = self.event
        now, then = event.course(np.maximum(origins, event.start)), event.course(targets)
        grown = level * then / np.maximum(now, LEAST_SHARE)
        rise = np.where(np.isnan(event.peak), self.peak, event.peak)
        risen = np.maximum(level + (then - now) * rise, 0.0)
        scale = scales(event, self.past, origins, lambda at: self.peak * event.course(at))
        return np.stack((plain, grown, risen, self.peak * then * scale))

    def losses(self, origins: Floats, targets: Floats) -> Floats:
        """Logarithms of the errors of the experts over those of a plain forecast, (4, N).

        NaN where nothing tells.
        """
        truth = self.past.at(targets)
        plain = self.past.without_news(origins, targets)
        level, early = self.past.level(origins), origins < self.event.start
        if early.any():
            start = np.full_like(origins, self.event.start)
            level = np.where(early[:, None], self.past.without_news(origins, start), level)
        error = np.abs(self.experts(origins, targets, plain, level) - truth)
        known = ~np.isnan(error).any(axis=0)
        noise = NOISE * np.where(known, truth, 0.0).sum(axis=0)
        errors = np.where(known, error, 0.0).sum(axis=1) + np.where(noise > 0, noise, np.nan)
        return np.asarray(np.log(errors / errors[PLAIN]))


class Memory:
    """What earlier events showed, so that it is not reckoned at every tick."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Announcement, int], Floats] = {}

    def losses(self, event: SharedEvent, past: Past) -> Floats:
        """Logarithms of the errors of the experts in an event that began, (4, N)."""
        keys = list(zip(event.each, past.prints(_looked_at(event, past)), strict=True))
        found = [self._kept.get(key) for key in keys]
        new = np.array([i for i, known in enumerate(found) if known is None], int)
        if new.size:
            one, part = event.picked(new), past.picked(new)
            foretold = Foretold(one, part, _peak_then(one, part))
            for i, losses in zip(new, foretold.losses(*_of_earlier(foretold)).T, strict=True):
                self._kept[keys[i]] = found[i] = losses
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return np.stack([known for known in found if known is not None], axis=1)


def _looked_at(event: SharedEvent, past: Past) -> Floats:
    """The moments that decide what an event showed: of its hours, and of those on days before."""
    begin = event.start - 2 * BEFORE * MINUTE - PRESENT * past.grid
    hours = min(event.end, event.start + DAY * MINUTE) + WHILE * MINUTE
    before = past.week_before(np.arange(begin, hours, past.grid))
    while_on = np.arange(begin, event.start + WHILE * MINUTE, past.grid)
    return np.concatenate((before.ravel(), while_on))


class Verdict(NamedTuple):
    """What earlier events, and this one so far, say of those who foresee it."""

    weight: Floats
    """How much each expert counts for what is expected, (4, N)."""
    mild: Floats
    """How much each counts for how far it may be off, (4, N)."""
    unproven: Floats
    """How little is known of how announcements fare: from all at 1 down to none, (N,)."""


def verdict(foretold: Foretold, earlier: Sequence[SharedEvent], memory: Memory) -> Verdict:
    """How much each expert counts for an event, after the last ones, from late to early."""
    past = foretold.past
    told = np.repeat(FIRST_TRUST[:, None], past.columns.size, axis=1)
    whole = np.full(past.columns.size, FIRST_WEIGHT)
    begun = [event for event in earlier if event.start < past.end]
    for age, event in enumerate(begun[:EARLIER]):
        losses = memory.losses(event, past)
        known = ~np.isnan(losses[PLAIN])
        told += FADING**age * np.where(known, losses, 0.0)
        whole += FADING**age * known
    told /= whole
    share = seen_of(foretold.event, past.end)
    if share > 0:
        losses = foretold.losses(*_of_late(foretold))
        late = (1 - share) * told + share * np.clip(losses, -DECIDED, DECIDED)
        told = np.where(np.isnan(losses), told, late)
    weight, mild = (_weights(told, power) for power in (POWER, MILD_POWER))
    return Verdict(weight, mild, (1 - share) * FIRST_WEIGHT / whole)


def _weights(told: Floats, power: float) -> Floats:
    """Weights of the experts by the logarithms of their losses, (4, N)."""
    found = np.exp(-power * (told - told.min(axis=0)))
    return np.asarray(found / found.sum(axis=0))


def hours_of(event: SharedEvent) -> Floats:
    """The minutes of an event, at most those of a day."""
    return np.arange(event.start, min(event.end, event.start + DAY * MINUTE) + 1, MINUTE)


def _peak_then(event: SharedEvent, past: Past) -> Floats:
    """The demand at the peak of an event that has begun, by what was usual before it, (N,)."""
    days = past.at(past.week_before(hours_of(event)))
    known = ~np.isnan(days).all(axis=1)
    some = np.count_nonzero(known, axis=0) >= LEAST_DAYS
    usual = np.where(some, np.fmax.reduce(median(days)), np.nan)
    before = usual if some.all() else past.before(event.start)
    return event.sized(usual, before)


def middle(tried: Floats, weight: Floats) -> Floats:
    """The weighted median over the first axis, between its neighbours by their weights, (n, ...).

    The weights are those of all moments, (tried, ...).
    """
    order = np.argsort(tried, axis=0)
    each = np.broadcast_to(weight[:, None], tried.shape)
    ordered, shares = (np.take_along_axis(of, order, axis=0) for of in (tried, each))
    places = np.cumsum(shares, axis=0) - shares / 2
    above = np.clip(np.count_nonzero(places <= HALF, axis=0), 1, len(tried) - 1)[None]
    low, high = (np.take_along_axis(places, i, axis=0)[0] for i in (above - 1, above))
    under, over = (np.take_along_axis(ordered, i, axis=0)[0] for i in (above - 1, above))
    share = np.clip((HALF - low) / np.maximum(high - low, NIL), 0.0, 1.0)
    return np.asarray(under + share * (over - under))


def _of_earlier(foretold: Foretold) -> tuple[Floats, Floats]:
    """The moments from which an event that began earlier is foreseen, and those foreseen."""
    start, grid = foretold.event.start, foretold.past.grid / MINUTE
    end = min(foretold.event.end, start + WHILE * MINUTE, foretold.past.end)
    origins = start + _on_grid(np.arange(-BEFORE, WHILE, BETWEEN), grid)
    return _pairs(origins, grid, (start, end))


def _of_late(foretold: Foretold) -> tuple[Floats, Floats]:
    """The same for the last minutes of an event that goes on."""
    event, past, grid = foretold.event, foretold.past, foretold.past.grid / MINUTE
    recent, reach = max(RECENT, grid), max(AHEAD[-1], grid)
    begin = max(event.start, past.end - (recent + reach) * MINUTE)
    back = _on_grid(np.arange(JUST, (past.end - begin) / MINUTE, JUST), grid)
    origins = past.end - back[::-1]
    return _pairs(origins, grid, (max(event.start, past.end - recent * MINUTE), past.end))


def _pairs(origins: Floats, grid: float, span: tuple[float, float]) -> tuple[Floats, Floats]:
    """Each origin, from early to late, with each moment of a span some minutes ahead of it."""
    targets = origins[:, None] + _ahead(grid)
    inside = (targets >= span[0]) & (targets <= span[1])
    origin, _ = np.nonzero(inside)
    return origins[origin], targets[inside]


@cache
def _ahead(grid: float) -> Floats:
    return _on_grid(AHEAD, grid)


def _on_grid(minutes: Floats, grid: float) -> Floats:
    """Minutes as seconds, rounded away from zero to whole rows of so many minutes, each once."""
    return np.unique(np.sign(minutes) * np.ceil(np.abs(minutes) / grid)) * grid * MINUTE
