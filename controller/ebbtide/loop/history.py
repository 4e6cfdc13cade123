"""The minutes of every query, kept as a rolling window that can always be read anew.

At a tick only the minutes that are not known yet are asked for; the long past of a new query is
fetched once, in the background, while the loop already runs on its last hour.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports import MINUTE, Metrics, Minutes, Query, Reading, Span

log = logging.getLogger("ebbtide.loop")

FIRST_READ = 3600.0
"""How much of a new query's past is read at once; the rest follows in the background."""
LATE = 600.0
"""A minute that is missing is asked for again this long, as samples may arrive late."""


class Track:
    """The last minutes of one query, on a grid; NaN is a gap."""

    def __init__(self, length: float) -> None:
        self.values: NDArray[np.float64] = np.full(max(1, int(length // MINUTE)), np.nan)
        self.newest: float | None = None
        """The moment of the last row; None until the first read."""
        self.failure: MetricsUnavailable | None = None
        """Why the last read brought nothing."""

    def missing(self, until: float) -> Span | None:
        """The minutes to ask for now; None when all are known."""
        if self.newest is None:
            first = max(until - FIRST_READ, until - (self.values.size - 1) * MINUTE)
            return Span(first, until)
        late = self.values[-int(LATE // MINUTE) :]
        gaps = np.flatnonzero(np.isnan(late))
        first = self.newest + MINUTE
        if gaps.size:
            first = self.newest - (late.size - 1 - gaps[0]) * MINUTE
        return Span(first, until) if until > self.newest else None

    def advance(self, until: float) -> None:
        """Move the window so that it ends at `until`."""
        if self.newest is not None and until > self.newest:
            by = min(self.values.size, int((until - self.newest) // MINUTE))
            self.values = np.concatenate((self.values[by:], np.full(by, np.nan)))
        self.newest = until if self.newest is None else max(self.newest, until)

    def put(self, minutes: Minutes) -> None:
        """Write what was read where it belongs; what lies outside the window is dropped."""
        if self.newest is None:
            return
        oldest = self.newest - (self.values.size - 1) * MINUTE
        at = int((minutes.start - oldest) // MINUTE)
        skip, end = max(0, -at), min(minutes.values.size, self.values.size - at)
        if skip < end:
            self.values[at + skip : at + end] = minutes.values[skip:end]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query, and how many seconds of its past are needed."""

    query: Query
    length: float


class Histories:
    """All tracks, refreshed once a tick."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tracks: dict[Query, Track] = {}

    def refresh(self, wanted: Iterable[Wanted], now: float) -> None:
        """Bring every wanted query up to the last whole minute; forget those nobody wants."""
        until = now // MINUTE * MINUTE
        lengths = _longest(wanted)
        self._tracks = {q: self._track(q, length) for q, length in lengths.items()}
        asked = [(q, span) for q, t in self._tracks.items() if (span := t.missing(until))]
        new = [query for query, _ in asked if self._tracks[query].newest is None]
        for (query, span), reading in zip(asked, self._metrics.read(asked), strict=True):
            self._tracks[query].advance(until)
            self._absorb(query, span, reading)
        for query in new:
            self._backfill(query, until)
        for query, span, reading in self._metrics.finished():
            if query in self._tracks:
                self._fill(query, span, reading)

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

    def _track(self, query: Query, length: float) -> Track:
        track = self._tracks.get(query)
        if track is None or track.values.size != max(1, int(length // MINUTE)):
            return Track(length)
        return track

    def _absorb(self, query: Query, span: Span, reading: Reading) -> None:
        track = self._tracks[query]
        if isinstance(reading, MetricsUnavailable):
            track.failure = reading
            return
        track.failure = None
        track.put(reading)

    def _fill(self, query: Query, span: Span, reading: Reading) -> None:
        """Take a piece of the long past, or ask for it again: the next tick is the retry."""
        if isinstance(reading, Minutes):
            self._tracks[query].put(reading)
            return
        log.warning("the past of %r is not known yet: %s", query.promql, reading)
        self._metrics.begin(query, span)

    def _backfill(self, query: Query, until: float) -> None:
        oldest = until - (self._tracks[query].values.size - 1) * MINUTE
        if oldest < until - FIRST_READ:
            self._metrics.begin(query, Span(oldest, until - FIRST_READ - MINUTE))


def _longest(wanted: Iterable[Wanted]) -> Mapping[Query, float]:
    """Each query once, with the longest past that anybody needs of it."""
    lengths: dict[Query, float] = {}
    for want in wanted:
        lengths[want.query] = max(want.length, lengths.get(want.query, 0.0))
    return lengths
