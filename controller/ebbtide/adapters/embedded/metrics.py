"""The embedded twin of a metrics store: for tests, demo and plans."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Instant, Minutes, Query, Reading, Span, Vector
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import UNKNOWN, Lanes


class Period(NamedTuple):
    """The moments from `start` up to, not including, `end`; epoch seconds."""

    start: float
    end: float


class DemandMetrics:
    """A metrics store whose series are known in advance, but told only up to the simulated now.

    A query is answered by the series that stands under its PromQL; one that nobody put there is
    empty, as in Prometheus. A minute can be read once it is `delay` seconds old, and a look at this
    moment shows that of `delay` seconds ago.
    """

    def __init__(
        self, series: Mapping[str, DemandSeries], now: Callable[[], float], delay: float = 30.0
    ) -> None:
        """Answer by `series` (PromQL -> series) what is known by the time `now` tells."""
        self._series: dict[str, Callable[[Lanes], Lanes]] = {}
        self._looks: dict[str, Callable[[Lanes], Lanes]] = {}
        for promql, one in series.items():
            self.answer(promql, one)
        self._now = now
        self._delay = delay
        self._vectors: dict[str, Callable[[], Mapping[str, float]]] = {}
        self._begun: list[tuple[Query, Span]] = []
        self.outages: list[Period] = []
        """Moments at which every read fails."""
        self.gaps: list[Period] = []
        """Minutes that were never scraped: NaN, also when they are read later."""

    def answer(self, promql: str, series: DemandSeries) -> None:
        """Put a series under its PromQL."""
        self._series[promql] = series.recorded
        self._looks[promql] = series.between

    def answer_by(self, promql: str, minutes: Callable[[Lanes], Lanes]) -> None:
        """Answer a PromQL by what follows from the past: values at moments of whole minutes."""
        self._series[promql] = minutes

    def answer_each(self, promql: str, numbers: Callable[[], Mapping[str, float]]) -> None:
        """Put numbers of the moment, one a series, under a PromQL."""
        self._vectors[promql] = numbers

    def vector(self, query: Query, label: str, memory: float) -> Vector:
        """Read the numbers of the moment; they are never late."""
        if self._is_down():
            return self._failure(query)
        return dict(self._vectors.get(query.promql, dict)())

    def read(self, wanted: Sequence[tuple[Query, Span | Instant]]) -> Sequence[Reading]:
        """Read all of these now; one reading for each, in order."""
        return [self._read(query, when) for query, when in wanted]

    def begin(self, query: Query, span: Span) -> None:
        """Note a long span; it is read when it is fetched."""
        self._begun.append((query, span))

    def finished(self) -> Sequence[tuple[Query, Span, Reading]]:
        """Hand over all that was begun since the last call."""
        begun, self._begun = self._begun, []
        return [(query, span, self._read(query, span)) for query, span in begun]

    def _read(self, query: Query, when: Span | Instant) -> Reading:
        if self._is_down():
            return self._failure(query)
        known, of = self._now() - self._delay, self._series
        if isinstance(when, Instant):
            when, of = Span(when.at - self._delay, when.at - self._delay), self._looks
        at = np.arange(when.start, when.end + MINUTE / 2, MINUTE)
        told = of.get(query.promql)
        if told is None:
            return Minutes(when.start, np.full(at.size, UNKNOWN))
        unknown = at > known
        for gap in self.gaps:
            unknown |= (at >= gap.start) & (at < gap.end)
        return Minutes(when.start, np.where(unknown, UNKNOWN, told(at)))

    def _is_down(self) -> bool:
        now = self._now()
        return any(outage.start <= now < outage.end for outage in self.outages)

    def _failure(self, query: Query) -> MetricsUnavailable:
        return MetricsUnavailable(f"{query.source}: the embedded metrics store is down")
