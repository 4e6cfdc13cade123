"""What Ebbtide's own metrics tell of the past: every turn of a workload, to the minute.

The store is asked for minutes in which something changed, and for nothing else; so weeks of a large
fleet come back as the few hundred lines that they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ebbtide.adapters.prometheus.grid import cut
from ebbtide.adapters.prometheus.request import RangeClient
from ebbtide.adapters.prometheus.samples import Samples
from ebbtide.adapters.sources import MetricsSource
from ebbtide.loop.ports.loose_json import mapping
from ebbtide.loop.ports.metrics import Span

_WHO = "namespace, exported_namespace, policy"
"""A scrape that does not honour labels keeps the namespace of a policy under the second name."""
STEP, WHY, PHASE, BREACH, CONDITION, SESSIONS = (
    "step",
    "why",
    "phase",
    "breach",
    "condition",
    "sessions",
)


class Turn(NamedTuple):
    """Something of a workload that was not so a minute before."""

    at: float
    """Epoch seconds of the first minute that shows it."""
    workload: str
    kind: str
    what: str
    """The phase, the reason or the condition; empty where a number says it."""
    number: float
    before: float = 0.0
    """The number a minute before, of a step."""


def turns(source: MetricsSource, span: Span) -> Iterable[Turn]:
    """Everything that turned in a span of whole minutes, in no order.

    Raises:
        MetricsUnavailable: the source did not answer.

    """
    client = RangeClient("prometheus", source)
    try:
        for piece in cut(span, source.max_points):
            yield from _steps(client, piece)
            for kind, label, promql in _QUERIES:
                yield from _read(client, piece, kind, label, promql)
    finally:
        client.close()


def _steps(client: RangeClient, span: Span) -> Iterator[Turn]:
    before = {(t.workload, t.at): t.number for t in _read(client, span, STEP, "", _BEFORE)}
    for turn in _read(client, span, STEP, "", _AFTER):
        yield turn._replace(before=before.get((turn.workload, turn.at), turn.number))


def _read(client: RangeClient, span: Span, kind: str, label: str, promql: str) -> Iterator[Turn]:
    for series in client.minutes(promql, span):
        metric = mapping(series.get("metric"))
        told = series.get("values")
        for at, value in zip(*told, strict=True) if isinstance(told, Samples) else ():
            yield Turn(float(at), _key(metric), kind, str(metric.get(label, "")), float(value))


def _key(metric: Mapping[str, Any]) -> str:
    return f"{metric.get('exported_namespace') or metric.get('namespace')}/{metric.get('policy')}"


def _each(metric: str, label: str = "", then: str = "") -> str:
    """A metric by workload, whichever process has told it."""
    by = f"{_WHO}, {label}" if label else _WHO
    return f"max by ({by}) (ebbtide_{metric}{then})"


def _anew(metric: str, label: str, matching: str = "") -> str:
    """What is there and was not, of a workload that was there a minute before."""
    now = f"{_each(metric, label, matching)} == 1"
    was = f"{_each(metric, label, f'{matching} offset 1m')} == 1"
    known = _each("replicas", then='{which="current"} offset 1m')
    return f"(({now}) unless ({was})) and on ({_WHO}) ({known})"


_DESIRED = '{which="desired"}'
_AFTER = f"{_each('replicas', then=_DESIRED)} != {_each('replicas', then=f'{_DESIRED} offset 1m')}"
_BEFORE = f"{_each('replicas', then=f'{_DESIRED} offset 1m')} != {_each('replicas', then=_DESIRED)}"
_LOST = "ebbtide_disrupted_sessions_total"
_QUERIES = (
    (WHY, "reason", f"({_each('binding', 'reason')} == 1) and on ({_WHO}) ({_AFTER})"),
    (PHASE, "phase", _anew("phase", "phase")),
    (BREACH, "reason", _anew("binding", "reason", '{reason=~"Experience.*"}')),
    (CONDITION, "condition", _anew("condition", "condition")),
    (SESSIONS, "", f"sum by ({_WHO}) (({_LOST} - {_LOST} offset 1m) > 0)"),
)
