"""Demand and signals from Prometheus, or from a store that speaks its API.

What a minute is: the value of the query at that very moment, as Prometheus sees it then. A sample
counts for five minutes (its lookback), unless a newer one or a staleness marker follows: so a gap
of up to five minutes is filled with the sample before it, and a series that ends without a marker
(remote write, a backfill) stays flat for five more minutes before it is NaN. A series whose scrape
fails, or whose pod goes away, ends with a marker: it is NaN from the next minute on.
"""

import logging
import threading
import warnings
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from urllib3.exceptions import InsecureRequestWarning

from ebbtide.adapters.prometheus.grid import Piece, cut, join, pieces_in
from ebbtide.adapters.prometheus.request import RangeClient
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Instant, Query, Reading, Span, Vector

_Result = Piece | MetricsUnavailable

log = logging.getLogger(__name__)

AHEAD = 1000
"""Requests of the background, of one source, whose answers may wait for the next tick: 80 MB."""


class PrometheusMetrics:
    """The `Metrics` of the loop, read from named sources."""

    def __init__(
        self, sources: Mapping[str, MetricsSource], *, deadline: float = 10.0, ahead: int = AHEAD
    ) -> None:
        self._sources = dict(sources)
        self._most_ahead = ahead
        self._deadline = deadline
        """Seconds that one `read` may take, whatever its sources do."""
        self._now = {n: _Lines(n, s, s.concurrency) for n, s in sources.items()}
        self._later = {n: _Lines(n, s, s.backfill_concurrency) for n, s in sources.items()}
        self._background: list[_Inquiry] = []
        self._waiting: dict[str, deque[_Inquiry]] = {name: deque() for name in sources}
        self._ahead: Counter[str] = Counter()
        """Requests of the background that were begun and not handed over, by source."""
        self._begun = self._handed_over = 0
        """Requests of the background since it was last idle."""
        _admit_unverified(sources)

    def read(self, wanted: Sequence[tuple[Query, Span | Instant]]) -> Sequence[Reading]:
        inquiries = [self._ask(query, _span(when), self._now) for query, when in wanted]
        wait([p for inquiry in inquiries for p in inquiry.pieces], timeout=self._deadline)
        return [inquiry.reading(self._deadline) for inquiry in inquiries]

    def vector(self, query: Query, label: str, memory: float) -> Vector:
        refusal = self._refusal(query)
        if refusal is not None:
            return refusal
        asked = self._now[query.source].ask(query, label, memory)
        wait([asked], timeout=self._deadline)
        asked.cancel()
        if not asked.done() or asked.cancelled():
            return _too_late(query, self._deadline)
        return asked.result()

    def begin(self, query: Query, span: Span) -> None:
        if not self._background:
            self._begun = self._handed_over = 0
        inquiry = _Inquiry(query, span, self._refusal(query))
        self._background.append(inquiry)
        if inquiry.failure is None:
            self._begun += pieces_in(span, self._sources[query.source].max_points)
            self._waiting[query.source].append(inquiry)
            self._go_on(query.source)

    def finished(self) -> Sequence[tuple[Query, Span, Reading]]:
        ready = [inquiry for inquiry in self._background if inquiry.done]
        taken = set(ready)
        self._background = [i for i in self._background if i not in taken]
        for inquiry in ready:
            self._handed_over += len(inquiry.pieces)
            self._ahead[inquiry.query.source] -= len(inquiry.pieces)
        for source in self._waiting:
            self._go_on(source)
        return [(i.query, i.span, i.reading(self._deadline)) for i in ready]

    def progress(self) -> tuple[int, int]:
        """Count the requests of the background: done, and in all since it was last idle."""
        done = sum(p.done() for inquiry in self._background for p in inquiry.pieces)
        return self._handed_over + done, self._begun

    def close(self) -> None:
        """Drop what waits, and end the threads: at most one timeout from now."""
        lines = [*self._now.values(), *self._later.values()]
        for each in lines:
            each.stop()
        for each in lines:
            each.close()

    def _go_on(self, source: str) -> None:
        """Begin what waits for a source, as long as little of it waits to be handed over."""
        waiting = self._waiting[source]
        while waiting and self._ahead[source] < self._most_ahead:
            inquiry = waiting.popleft()
            self._later[source].take(inquiry)
            self._ahead[source] += len(inquiry.pieces)

    def _ask(self, query: Query, span: Span, lines: Mapping[str, "_Lines"]) -> "_Inquiry":
        inquiry = _Inquiry(query, span, self._refusal(query))
        if inquiry.failure is None:
            lines[query.source].take(inquiry)
        return inquiry

    def _refusal(self, query: Query) -> MetricsUnavailable | None:
        source = self._sources.get(query.source)
        if source is None:
            known = ", ".join(sorted(self._sources)) or "none"
            return MetricsUnavailable(
                f"there is no metrics source {query.source!r}. Name one of these: {known}"
            )
        if source.allows(query.namespace):
            return None
        allowed = ", ".join(source.namespaces) or "none"
        return MetricsUnavailable(
            f"metrics source {query.source} is not for namespace {query.namespace}: its "
            f"namespaces are {allowed}. Add it to them in the operator's configuration"
        )


@dataclass(eq=False, slots=True)
class _Inquiry:
    """One query on its way, in as many requests as its span needs."""

    query: Query
    span: Span
    failure: MetricsUnavailable | None = None
    """The first one of any piece; the pieces after it are not asked for any more."""
    pieces: list[Future[_Result]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        asked = bool(self.pieces) and all(p.done() for p in self.pieces)
        return asked or self.failure is not None

    def reading(self, deadline: float) -> Reading:
        """Say what came back so far, and ask for no more."""
        if not self.done:
            self.failure = _too_late(self.query, deadline)
        for each in self.pieces:
            each.cancel()
        return self.failure or self._joined()

    def _joined(self) -> Reading:
        brought = [piece.result() for piece in self.pieces]
        try:
            return join(self.span, [b for b in brought if isinstance(b, Piece)])
        except MetricsUnavailable as error:
            return type(error)(f"metrics source {self.query.source} {error}")


class _Lines:
    """The threads that speak to one source, each over a connection of its own.

    Every source has its own, so that one that hangs keeps no other waiting; and the background has
    its own beside those of the tick.
    """

    def __init__(self, name: str, source: MetricsSource, count: int) -> None:
        self._name = name
        self._source = source
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=f"metrics-{name}")
        self._mine = threading.local()
        self._clients: list[RangeClient] = []

    def take(self, inquiry: _Inquiry) -> None:
        """Begin to ask."""
        for span in cut(inquiry.span, self._source.max_points):
            inquiry.pieces.append(self._threads.submit(self._fetch, inquiry, span))

    def ask(self, query: Query, label: str, memory: float) -> Future[Vector]:
        """Begin to ask for the newest number of every series."""
        return self._threads.submit(self._fetch_each, query, label, memory)

    def stop(self) -> None:
        """Begin no request any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait for the requests under way, and close the connections."""
        self._threads.shutdown()
        for client in self._clients:
            client.close()

    def _fetch(self, inquiry: _Inquiry, span: Span) -> _Result:
        if inquiry.failure is not None:
            return inquiry.failure
        try:
            return self._client().read(inquiry.query.promql, span)
        except MetricsUnavailable as error:
            inquiry.failure = error.kept()
            return inquiry.failure

    def _fetch_each(self, query: Query, label: str, memory: float) -> Vector:
        try:
            return self._client().newest(query.promql, label, memory)
        except MetricsUnavailable as error:
            return error.kept()

    def _client(self) -> RangeClient:
        if not hasattr(self._mine, "client"):
            self._mine.client = RangeClient(self._name, self._source)
            self._clients.append(self._mine.client)
        client: RangeClient = self._mine.client
        return client


def _span(when: Span | Instant) -> Span:
    """An instant is a span of one value: what the source knows of that very moment."""
    return Span(when.at, when.at) if isinstance(when, Instant) else when


def _too_late(query: Query, deadline: float) -> MetricsUnavailable:
    return MetricsUnavailable(
        f"metrics source {query.source} did not answer all of this tick's queries "
        f"within {deadline:g} s. Check its load, or raise its concurrency"
    )


def _admit_unverified(sources: Mapping[str, MetricsSource]) -> None:
    """Say once which sources are not verified; urllib3 would warn at every request."""
    names = sorted(name for name, source in sources.items() if source.insecure_skip_verify)
    if names:
        warnings.simplefilter("ignore", InsecureRequestWarning)
        log.warning("certificates of %s are not verified: insecureSkipVerify", ", ".join(names))
