"""Looks at what a metrics source answers, rather than only at the number: for preflight."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ebbtide.adapters.prometheus.request import RangeClient
from ebbtide.adapters.sources import MetricsSource
from ebbtide.errors import MetricsUnavailable
from ebbtide.loop.ports.metrics import Query
from ebbtide.loop.preflight.metrics_answers import Answer

_SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\s*\{[^{}]*\}")
"""A metric with matchers: what stands like this in PromQL is a selector and nothing else."""
_LOOKED = 600
"""Seconds in which samples are counted."""


def probe(sources: Mapping[str, MetricsSource], queries: Iterable[Query]) -> Iterable[Answer]:
    """Ask every query for this moment. A failure is an answer too."""
    clients = {name: RangeClient(name, source) for name, source in sources.items()}
    try:
        for query in queries:
            yield _probed(clients, sources, query)
    finally:
        for client in clients.values():
            client.close()


def _probed(
    clients: Mapping[str, RangeClient], sources: Mapping[str, MetricsSource], query: Query
) -> Answer:
    client = clients.get(query.source)
    if client is None or not sources[query.source].allows(query.namespace):
        why = f"there is no metrics source {query.source} for namespace {query.namespace}"
        return Answer(query, failure=why)
    try:
        found = client.instant(query.promql)
        known = [_samples(client, selector) for selector in _SELECTOR.findall(query.promql)]
    except MetricsUnavailable as error:
        return Answer(query, failure=str(error))
    ages = (one for one in known if not math.isnan(one[0]))  # no order of selectors hides one
    age, interval = max(ages, default=(math.nan, math.nan))
    return Answer(
        query=query,
        series=[_labels(one) for one in found],
        labelled=_labelled(found),
        number=_number(found),
        age=age,
        interval=interval,
    )


def _samples(client: RangeClient, selector: str) -> tuple[float, float]:
    """The age of the newest sample of a selector, and the mean time from one to the next."""
    age = _number(client.instant(f"time() - max(timestamp({selector}))"))
    count = _number(client.instant(f"max(count_over_time({selector}[{_LOOKED}s]))"))
    return age, _LOOKED / count if count else math.nan


def _number(result: list[Any]) -> float:
    try:
        return float(result[0]["value"][1])
    except (LookupError, TypeError, ValueError):
        return math.nan


def _labelled(found: list[Any]) -> frozenset[str]:
    """The names of the labels that all series have."""
    each = [frozenset(series.get("metric") or {}) for series in found]
    return frozenset.intersection(*each) if each else frozenset()


def _labels(series: Any) -> str:
    metric = dict(series.get("metric") or {})
    name = metric.pop("__name__", "")
    return f"{name}{{{', '.join(f'{k}={v!r}' for k, v in sorted(metric.items()))}}}"
