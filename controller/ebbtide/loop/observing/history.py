"""The minutes of every query, kept as a rolling window that can always be read anew.

At a tick only the minutes that are not settled yet are asked for; whatever lies further back, the
long past of a new query or that of an outage, is fetched once, in the background, while the loop
already runs on the last hour. Demand is looked at once more at every tick, for what it is at that
very moment: a minute is long for those who wait.
"""

import logging
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.observing.window import Window
from ebbtide.loop.ports.metrics import Instant, Metrics, Minutes, Query, Reading, Span
from ebbtide.loop.workload import Wanted
from ebbtide_policies.demand import MINUTE, NO_LOOK, Look

log = logging.getLogger("ebbtide.loop")

FIRST_READ = 3600.0
"""How much of the past is read at once; what lies before it follows in the background."""
PATIENCE = 40
"""Failures of the source to tell the long past after which it is no longer waited for."""
LATE = 600.0
"""A minute that is missing is asked for again this long, as samples may arrive late."""
BACK = 2 * MINUTE
"""A clock that goes back by no more is waited for: as many minutes are read again in any case."""


class Track:
    """The last minutes of one query, on a grid; NaN is a gap."""

    def __init__(self, length: float) -> None:
        self._window = Window(_rows(length))
        self.look = NO_LOOK
        """What it came to at this tick's very moment, where that was asked and answered."""
        self.newest: float | None = None
        """The moment of the last row; None until the first read."""
        self.answered: float | None = None
        """The moment up to which reads were answered; None until the first answer."""
        self.failure: MetricsUnavailable | None = None
        """Why the last read brought nothing."""
        self.edition = 0
        """How often more of the long past has become known."""
        self.owed: set[Span] = set()
        """What of the long past has been asked for and is not known yet."""
        self._patience = PATIENCE

    @property
    def values(self) -> NDArray[np.float64]:
        """The minutes; they stay as they are for whoever has them."""
        return self._window.values

    @property
    def oldest(self) -> float:
        """The moment of the first row."""
        return (self.newest or 0.0) - (self.values.size - 1) * MINUTE

    @property
    def whole(self) -> bool:
        """Whether all of the past is known that there is, or that can be had."""
        return not self.owed or self._patience <= 0

    def completed(self, span: Span, minutes: Minutes) -> None:
        """Take in a piece of the long past."""
        self.put(minutes)
        self.owed.discard(span)
        self.edition += 1

    def failed(self) -> None:
        """Note that a piece of the long past could not be had."""
        self._patience -= 1

    def missing(self, until: float) -> Span | None:
        """The minutes to ask for now; None when the newest is known.

        The last two that were answered are always among them: they may have been read before all
        of their samples had arrived.
        """
        if self.newest == until and not np.isnan(self.values[-1]):
            return None
        first = max(until - FIRST_READ, until - (self.values.size - 1) * MINUTE)
        if self.answered is None or self.newest is None:
            return Span(first, until)
        late = self.values[-int(LATE // MINUTE) :]
        gaps = self.newest - np.flatnonzero(np.isnan(late)[::-1]) * MINUTE
        unsettled = min([self.answered - MINUTE, *gaps[-1:]])
        return Span(max(first, float(unsettled)), until)

    def advance(self, until: float) -> None:
        """Move the window so that it ends at `until`."""
        self._window.move(int((until - (self.newest or 0.0)) // MINUTE))
        self.newest = until

    def put(self, minutes: Minutes) -> None:
        """Write what was read where it belongs; what lies outside the window is dropped.

        An infinite value is no demand that anybody can carry: it counts as unknown.
        """
        at = int((minutes.start - self.oldest) // MINUTE)
        skip, end = max(0, -at), min(minutes.values.size, self.values.size - at)
        if skip < end:
            read = minutes.values[skip:end]
            self._window.write(at + skip, np.where(np.isfinite(read), read, np.nan))

    def settle(self, span: Span) -> Span | None:
        """Note that a span was answered; returns what between it and the last answer was not."""
        begun = self.oldest if self.answered is None else max(self.oldest, self.answered + MINUTE)
        self.answered = span.end
        return Span(begun, span.start - MINUTE) if begun < span.start else None


class Histories:
    """All tracks, refreshed once a tick."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tracks: dict[Query, Track] = {}

    def refresh(self, wanted: Iterable[Wanted], now: float) -> None:
        """Bring every wanted query up to the last whole minute; forget those nobody wants."""
        until = now // MINUTE * MINUTE
        wanted = list(wanted)
        lengths = _longest(wanted)
        self._tracks = {q: self._track(q, length, until) for q, length in lengths.items()}
        ends = {q: max(until, t.newest or 0.0) for q, t in self._tracks.items()}
        asked = [(q, span) for q, t in self._tracks.items() if (span := t.missing(ends[q]))]
        looks = [
            (q, Instant(now // 1)) for q in dict.fromkeys(w.query for w in wanted if w.closely)
        ]
        readings = self._metrics.read([*asked, *looks])
        for (query, span), reading in zip(asked, readings[: len(asked)], strict=True):
            self._tracks[query].advance(span.end)
            self._absorb(query, span, reading)
        for (query, _), reading in zip(looks, readings[len(asked) :], strict=True):
            self._tracks[query].look = _look(reading)
        self._fill()

    def track(self, query: Query) -> Track:
        """The minutes of a query that was wanted at the last refresh."""
        return self._tracks[query]

    def latest(self, query: Query, now: float, within: float) -> float:
        """The newest known value, if it is no older than `within` seconds; else NaN."""
        track = self._tracks.get(query)
        if track is None or track.newest is None:
            return float("nan")
        rows = max(0, int((within - (now - track.newest)) // MINUTE) + 1)
        recent = track.values[-rows:] if rows else track.values[:0]
        known = recent[~np.isnan(recent)]
        return float(known[-1]) if known.size else float("nan")

    def _track(self, query: Query, length: float, until: float) -> Track:
        """The track that is there; a new one where it no longer fits, or the clock is far back."""
        track = self._tracks.get(query)
        if (
            track is None
            or track.values.size != _rows(length)
            or (track.newest or 0.0) > until + BACK
        ):
            return Track(length)
        return track

    def _absorb(self, query: Query, span: Span, reading: Reading) -> None:
        track = self._tracks[query]
        if isinstance(reading, MetricsUnavailable):
            track.failure = reading
            return
        track.failure = None
        track.put(reading)
        owed = track.settle(span)
        if owed:
            track.owed.add(owed)
            self._metrics.begin(query, owed)

    def _fill(self) -> None:
        """Take pieces of the long past, or ask for them again: the next tick is the retry."""
        failures = []
        for query, span, reading in self._metrics.finished():
            if query not in self._tracks:
                continue
            if isinstance(reading, Minutes):
                self._tracks[query].completed(span, reading)
                continue
            failures.append(reading)
            self._tracks[query].failed()
            self._metrics.begin(query, span)
        if failures:
            log.warning("the past of %d queries is not known yet: %s", len(failures), failures[-1])


def _look(reading: Reading) -> Look:
    """What a look has found: nothing where it failed; the next tick makes another."""
    if isinstance(reading, MetricsUnavailable):
        return NO_LOOK
    return Look(reading.start, float(reading.values[-1]))


def _rows(length: float) -> int:
    return max(1, int(length // MINUTE))


def _longest(wanted: Iterable[Wanted]) -> Mapping[Query, float]:
    """Each query once, with the longest past that anybody needs of it."""
    lengths: dict[Query, float] = {}
    for want in wanted:
        lengths[want.query] = max(want.length, lengths.get(want.query, 0.0))
    return lengths
