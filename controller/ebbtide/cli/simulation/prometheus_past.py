"""The past of policies' demand in Prometheus, and which of it the scrape targets vouch for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.simulation.simulation import POLICY
from ebbtide.cli.sources import only_source
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Minutes, Query, Reading, Span
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.known_minutes import only_sound


class _Asked(NamedTuple):
    """One signal of a policy, and how much of its past is wanted."""

    policy: str
    demand: Query
    alive: Query | None
    past: Span

    @property
    def queries(self) -> Sequence[Query]:
        """All that has to be read for it."""
        return [self.demand, self.alive] if self.alive else [self.demand]


def read_past(
    url: str, manifests: Sequence[Manifest], replayed: Span
) -> Mapping[tuple[str, str], DemandSeries]:
    """The demand of every signal by namespace and PromQL, with as much history as is wanted.

    Raises:
        MetricsUnavailable: a query has no answer.

    """
    from ebbtide.adapters.prometheus.metrics import PrometheusMetrics

    asked = list(_asked(manifests, replayed))
    wanted = {(query, one.past): one.policy for one in asked for query in one.queries}
    metrics = PrometheusMetrics(only_source(url), deadline=120.0)
    try:
        readings = metrics.read(list(wanted))
    finally:
        metrics.close()
    known = {
        pair: _known(policy, pair[0], reading)
        for (pair, policy), reading in zip(wanted.items(), readings, strict=True)
    }
    return {
        (demand.namespace, demand.promql): DemandSeries(
            start=known[demand, past].start,
            minutes=known[demand, past].values,
            alive=known[alive, past].values if alive else None,
        )
        for _, demand, alive, past in asked
    }


def _asked(manifests: Sequence[Manifest], replayed: Span) -> Iterator[_Asked]:
    for manifest in manifests:
        if manifest.kind != POLICY:
            continue
        spec, namespace = parse_policy(manifest.spec), manifest.namespace
        past = Span(replayed.start - spec.forecast.history, replayed.end)
        for signal in spec.signals().values():
            alive = Query(namespace, signal.alive.query) if signal.alive else None
            name = f"{namespace}/{manifest.name}"
            yield _Asked(name, Query(namespace, signal.query), alive, past)


def _known(policy: str, query: Query, reading: Reading) -> Minutes:
    """The minutes that a query was answered with.

    Raises:
        MetricsUnavailable: there are none.

    """
    if isinstance(reading, MetricsUnavailable):
        raise type(reading)(f"{policy}: {reading}") from reading
    minutes = only_sound(reading.values)
    if np.isnan(minutes).all():
        why = f"{query.promql!r} has no values; is the expression right?"
        raise MetricsUnavailable(f"{policy}: {why}")
    return Minutes(reading.start, minutes)
