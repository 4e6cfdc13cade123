"""The past of policies' demand in Prometheus, and which of it the scrape targets vouch for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ebbtide.api.capacity_policy.demand import SignalSpec
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.cli.sources import only_source
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Minutes, Query, Reading, Span
from ebbtide.planning.demand.answering import as_far_as_known
from ebbtide.planning.demand.series import DemandSeries
from ebbtide_policies.known_minutes import only_sound


class _Asked(NamedTuple):
    """One signal of a policy, and how much of its past is wanted."""

    policy: str
    demand: Query
    alive: Query | None
    """What tells of the scrape targets; None: nobody asks."""
    signal: SignalSpec
    past: Span

    @property
    def queries(self) -> Sequence[Query]:
        """All that has to be read for it."""
        return [self.demand, self.alive] if self.alive else [self.demand]


AskedOf = tuple[str, str, str]
"""A namespace, the PromQL of a demand, and that of who vouches for it; empty: nobody."""


def asked_of(namespace: str, signal: SignalSpec) -> AskedOf:
    """What the past of a signal stands under."""
    return namespace, signal.query, signal.alive.query if signal.alive else ""


def read_past(
    url: str, manifests: Sequence[Manifest], replayed: Span
) -> Mapping[AskedOf, DemandSeries]:
    """The demand of every signal, with as much history as any policy wants.

    Raises:
        MetricsUnavailable: a query failed, or there is no demand that can be believed.

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
        pair: _answered(policy, pair[0], reading)
        for (pair, policy), reading in zip(wanted.items(), readings, strict=True)
    }
    return {
        asked_of(one.demand.namespace, one.signal): _series(
            one, *(known[query, one.past] for query in one.queries)
        )
        for one in sorted(asked, key=lambda one: one.past.start, reverse=True)  # the longest last
    }


def _asked(manifests: Sequence[Manifest], replayed: Span) -> Iterator[_Asked]:
    for manifest in manifests:
        if manifest.kind != CAPACITY_POLICY.name:
            continue
        spec, namespace = parse_policy(manifest.spec), manifest.namespace
        past = Span(replayed.start - spec.forecast.history, replayed.end)
        for signal in spec.signals().values():
            yield _Asked(
                policy=f"{namespace}/{manifest.name}",
                demand=Query(namespace, signal.query),
                alive=Query(namespace, signal.alive.query) if signal.alive else None,
                signal=signal,
                past=past,
            )


def _answered(policy: str, query: Query, reading: Reading) -> Minutes:
    """The minutes that a query was answered with, as far as they are sound.

    Raises:
        MetricsUnavailable: it failed.

    """
    if isinstance(reading, MetricsUnavailable):
        raise type(reading)(f"{policy}: {query.promql!r}: {reading}") from reading
    return Minutes(reading.start, only_sound(reading.values))


def _series(asked: _Asked, demand: Minutes, alive: Minutes | None = None) -> DemandSeries:
    """The demand of one signal. Who vouches for it may be unknown, as live.

    Raises:
        MetricsUnavailable: there is no demand, or none that can be believed.

    """
    series = DemandSeries(
        start=demand.start, minutes=demand.values, alive=alive.values if alive else None
    )
    if not np.isnan(as_far_as_known(series, asked.signal).minutes).all():
        return series
    why = "has no values; is the expression right?"
    if alive and asked.signal.alive and not np.isnan(demand.values).all():
        most = np.nanmax(alive.values[~np.isnan(demand.values)])
        why = (
            f"is not believed in any minute: at most {most:.0%} of the scrape targets answered, "
            f"and {asked.signal.alive.at_least:.0%} are asked for; look at the scrapes, or lower "
            "atLeast"
        )
    raise MetricsUnavailable(f"{asked.policy}: {asked.demand.promql!r} {why}")
