"""What could become of an event that was announced by a shape: four experts, and their weights.

An event may come as it was announced. It may also begin at another level than was thought: then
it multiplies that level as the shape does, or adds as much to it. And where the season knows of it
already, or it does not take place, the plain forecast is right. Which of them it is shows from the
last events of the same series, and from what has come of this one.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from ebbtide.forecast.columns import median
from ebbtide.forecast.contract import DAY, Announcement, Floats
from ebbtide.forecast.past import MINUTE, NIL, WEEK, Past

PLAIN, GROWN, RISEN, ANNOUNCED = range(4)
FIRST_WEIGHT = 0.15
"""What is thought before anything is known counts as so much of an event..."""
FIRST_TRUST = FIRST_WEIGHT * np.log((1.0, 1.0, 1.0, 0.1))
"""...and it is that the announcement is right."""
EARLIER = 4
"""Earlier events that are looked at."""
KEPT = 2048
"""What so many earlier events showed is kept."""
LEAST_DAYS = 2
"""Days before an event that have to be known to tell the usual from."""
FADING = 0.5
"""What an event counts against the one after it."""
POWER = 2.0
"""A weight is (loss of the plain forecast / loss) to this power."""
LEAST_SHARE = 0.02
"""The lowest point of a shape that a level is divided by, in shares of the peak."""
AHEAD = np.array((5.0, 15.0, 30.0, 60.0))
"""Minutes ahead at which the experts are compared."""
BEFORE, WHILE, BETWEEN = 60.0, 120.0, 15.0
"""Minutes before an earlier event, and of it, from which it is foreseen, and between them."""
RECENT, JUST = 20.0, 5.0
"""Of an event that goes on: the minutes that are compared, and those between origins."""
SURE = 30.0
"""Minutes of an event after which it says itself what it is like."""
DECIDED = 2.0
"""The largest logarithm of a ratio of losses that one event may show of itself."""
NOISE = 0.01
"""Errors below this share of the demand are none."""
LEARNING = 10
"""Rows of an event after which its own scale is believed."""
SCALES = (0.2, 5.0)
"""How far an event may be from what was announced."""
HALF = 0.5


class Foretold(NamedTuple):
    """An announced event of a series whose past is known, and the demand at its peak."""

    event: Announcement
    past: Past
    peak: float
    """As announced."""

    def experts(self, origins: Floats, targets: Floats, plain: Floats, level: Floats) -> Floats:
        """What the four say at some moments of later ones, (4, n).

        `plain` is the plain forecast of the targets, `level` that of the moment at which the event
        starts; once it goes on, the level that was reached.
        """
        event = self.event
        now, then = event.course(np.maximum(origins, event.start)), event.course(targets)
        grown = level * then / np.maximum(now, LEAST_SHARE)
        rise = self.peak if np.isnan(event.peak) else event.peak
        risen = np.maximum(level + (then - now) * rise, 0.0)
        scale = scales(event, self.past, origins, lambda at: self.peak * event.course(at))
        return np.stack((plain, grown, risen, self.peak * then * scale))

    def losses(self, origins: Floats, targets: Floats) -> Floats | None:
        """Logarithms of the errors of the experts over those of a plain forecast, (4,)."""
        truth = self.past.at(targets)
        plain = self.past.without_news(origins, targets)
        level, early = self.past.level(origins), origins < self.event.start
        if early.any():
            start = np.full_like(origins, self.event.start)
            level = np.where(early, self.past.without_news(origins, start), level)
        error = np.abs(self.experts(origins, targets, plain, level) - truth)
        known = ~np.isnan(error).any(axis=0)
        noise = NOISE * float(truth[known].sum())
        if not noise > 0:
            return None
        errors = error[:, known].sum(axis=1) + noise
        return np.asarray(np.log(errors / errors[PLAIN]))


class Memory:
    """What earlier events showed, so that it is not reckoned at every tick."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Announcement, int], Floats | None] = {}

    def losses(self, event: Announcement, past: Past) -> Floats | None:
        """Logarithms of the errors of the experts in an event that began, (4,)."""
        begin = event.start - (WEEK + 1) * DAY * MINUTE
        key = event, past.print(begin, event.start + WHILE * MINUTE)
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            foretold = Foretold(event, past, _peak_then(event, past))
            self._kept[key] = foretold.losses(*_of_earlier(foretold))
        return self._kept[key]


def weights(foretold: Foretold, earlier: Sequence[Announcement], memory: Memory) -> Floats:
    """How much each expert counts for an event, (4,), after the last ones, from late to early."""
    past, told, whole = foretold.past, FIRST_TRUST.copy(), FIRST_WEIGHT
    begun = [event for event in earlier if event.start < past.end]
    for age, event in enumerate(begun[:EARLIER]):
        losses = memory.losses(event, past)
        if losses is not None:
            told += FADING**age * losses
            whole += FADING**age
    told /= whole
    share = min(1.0, (past.end - foretold.event.start) / (SURE * MINUTE))
    losses = foretold.losses(*_of_late(foretold)) if share > 0 else None
    if losses is not None:
        told = (1 - share) * told + share * np.clip(losses, -DECIDED, DECIDED)
    found = np.exp(-POWER * (told - told.min()))
    return np.asarray(found / found.sum())


def hours_of(event: Announcement) -> Floats:
    """The minutes of an event, at most those of a day."""
    return np.arange(event.start, min(event.end, event.start + DAY * MINUTE) + 1, MINUTE)


def _peak_then(event: Announcement, past: Past) -> float:
    """The demand at the peak of an event that has begun, by what was usual before it."""
    if not np.isnan(event.level):
        return event.level
    hours = hours_of(event)
    days = past.at(hours - DAY * MINUTE * np.arange(1.0, WEEK + 1)[:, None])
    known = ~np.isnan(days).all(axis=1)
    some = np.count_nonzero(known) >= LEAST_DAYS
    usual = np.fmax.reduce(median(days)) if some else past.before(event.start)
    return float(usual) * (1.0 if np.isnan(event.times) else event.times)


def scales(
    event: Announcement, past: Past, origins: Floats, announced: Callable[[Floats], Floats]
) -> Floats:
    """By what an event was larger than announced, as seen from some moments.

    It is believed the more, the more rows of the event are known.
    """
    rows = int((min(event.end, past.end) - event.start) // past.grid) + 1
    if rows <= 0:
        return np.ones(origins.size)
    moments = event.start + past.grid * np.arange(rows, dtype=float)
    came, hoped = past.at(moments), announced(moments)
    known = ~np.isnan(came)
    sums = np.zeros((3, known.size + 1))
    np.cumsum(np.stack((came, hoped, known))[:, known], axis=1, out=sums[:, 1 : 1 + known.sum()])
    seen = np.concatenate(((0,), np.cumsum(known)))
    last = np.clip((origins - event.start) // past.grid + 1, 0, known.size).astype(int)
    newest = seen[last]
    oldest = np.maximum(newest - LEARNING, 0)
    came, hoped, count = sums[:, newest] - sums[:, oldest]
    found = np.where(count > 0, came / np.maximum(hoped, NIL), 1.0)
    return np.asarray(np.clip(found, *SCALES) ** np.minimum(newest / LEARNING, 1.0))


def middle(tried: Floats, weight: Floats) -> Floats:
    """The weighted median over the first axis, between its neighbours by their weights, (n,)."""
    order = np.argsort(tried, axis=0)
    ordered, shares = np.take_along_axis(tried, order, axis=0), weight[order]
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
