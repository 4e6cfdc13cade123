"""The past of the queries that policies ask, as far as it can be read."""

import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import attrgetter

import numpy as np

from ebbtide.api.capacity_policy.spec import ScaleTargetRef
from ebbtide.api.kinds import CAPACITY_POLICY
from ebbtide.api.reading.manifests import Manifest
from ebbtide.api.reading.parse import parse_policy
from ebbtide.api.yaml_text import Path
from ebbtide.cli.models import plugins
from ebbtide.cli.simulation.demand import from_file
from ebbtide.cli.simulation.manifests import workload_of
from ebbtide.cli.sources import only_source
from ebbtide.errors import InvalidInput, MetricsUnavailable, WrongQuery
from ebbtide.loop.ports.metrics import Metrics, Query, Reading, Span, Vector
from ebbtide.loop.workload import Workload
from ebbtide_policies.demand import MINUTE
from ebbtide_policies.lanes import Lanes
from ebbtide_policies.observation import Phase

_PATIENCE = 600.0
"""Seconds that the source has for all of the past."""
_COUNTED = {
    "Deployment": "kube_deployment_status_replicas_ready",
    "StatefulSet": "kube_statefulset_status_replicas_ready",
}
NOWHERE: Path = ()
"""The field of a query that stands in no policy: that of the ready replicas."""
_RECENT = 3600.0
"""Seconds in which a query that only counts now has to have had an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a policy, and where it stands."""

    at: Path
    """The field, below `spec`; for the count of ready replicas, none."""
    promql: str
    seconds: float
    """How much of its past is wanted."""
    label: str = ""
    """Where it has one series a pod: the label with the pod's name, and only now counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: minutes (of pods the number of each), or why the query is wrong."""

    asked: Asked
    start: float
    minutes: Lanes
    wrong: str = ""
    apart: float = MINUTE
    """Seconds from one recorded value to the next."""


Histories = Mapping[str, Sequence[Answer]]
"""The answers to the queries of each policy, by `namespace/name`."""


def histories(
    manifests: Sequence[Manifest],
    csv: pathlib.Path | None,
    prometheus: str | None,
    span: float,
    ready: str | None,
) -> Histories:
    """Read the past of every policy in some files.

    Raises:
        InvalidInput: there is no policy, or it is not clear where the past is.
        MetricsUnavailable: the source does not answer.

    """
    policies = [one for one in manifests if one.kind == CAPACITY_POLICY.name]
    if not policies:
        raise InvalidInput("there is no CapacityPolicy in these files")
    if csv and prometheus:
        raise InvalidInput("say where the past is: either --csv FILE or --prometheus URL")
    if csv:
        known = from_file(csv).answer_all
        answer = partial(Answer, start=known.start, minutes=known.minutes, apart=known.apart)
        return {one.key: list(map(answer, _demand(one, span))) for one in policies}
    return _read(
        prometheus or "",
        {one.key: (one.namespace, list(_asked(one, span, ready))) for one in policies},
    )


def _read(url: str, asked: Mapping[str, tuple[str, Sequence[Asked]]]) -> Histories:
    """Ask all of it at once.

    Raises:
        MetricsUnavailable: the source does not answer.

    """
    from ebbtide.adapters.prometheus.metrics import PrometheusMetrics

    metrics = PrometheusMetrics(only_source(url), deadline=_PATIENCE)
    try:
        answers = iter(_answers(metrics, [(ns, a) for ns, every in asked.values() for a in every]))
        return {key: list(islice(answers, len(every))) for key, (_, every) in asked.items()}
    finally:
        metrics.close()


def _answers(metrics: Metrics, asked: Sequence[tuple[str, Asked]]) -> Sequence[Answer]:
    """What comes back for each, in order; all that has a past is asked at once."""
    end = time.time() // MINUTE * MINUTE
    spans = [
        (Query(namespace, one.promql), Span(end - one.seconds // MINUTE * MINUTE, end))
        for namespace, one in asked
        if not one.label
    ]
    readings = iter(metrics.read(spans))
    return [
        _of_pods(one, metrics.vector(Query(namespace, one.promql), one.label, one.seconds), end)
        if one.label
        else _answer(one, next(readings))
        for namespace, one in asked
    ]


def _of_pods(asked: Asked, found: Vector, at: float) -> Answer:
    if isinstance(found, MetricsUnavailable):
        return _answer(asked, found)
    return Answer(asked, at, np.array([*found.values()]))


def _answer(asked: Asked, reading: Reading) -> Answer:
    if isinstance(reading, WrongQuery):
        return Answer(asked, 0.0, np.zeros(0), str(reading))
    if isinstance(reading, MetricsUnavailable):
        raise reading
    return Answer(asked, reading.start, reading.values)


def _asked(manifest: Manifest, span: float, ready: str | None) -> Iterator[Asked]:
    """Every query of a policy, in whatever phase it is asked."""
    yield from _demand(manifest, span)
    workload = workload_of(manifest, plugins())
    demand = {signal.query for signal in workload.signals.values()}
    longest_last = sorted(workload.needs(), key=attrgetter("length"))
    lengths = {wanted.query.promql: wanted.length for wanted in longest_last}
    for promql, kept in lengths.items():
        if promql not in demand:
            long = kept >= workload.spec.forecast.history
            yield Asked(_place(manifest.spec, promql), promql, span if long else _RECENT)
    yield from _sessions(manifest.spec, workload)
    counted = ready or _counted(manifest.namespace, workload.spec.scale_target_ref)
    if counted:
        yield Asked(NOWHERE, counted, span)


def _sessions(spec: object, workload: Workload) -> Iterator[Asked]:
    """The queries with a series for each pod; a series may come and go with the pod's users."""
    found = (workload.in_phase(phase).sessions for phase in Phase)
    for promql, label in dict.fromkeys((s.query, s.label) for s in found if s):
        if promql:
            yield Asked(_place(spec, promql), promql, _RECENT, label)


def _demand(manifest: Manifest, span: float) -> Iterator[Asked]:
    for signal in parse_policy(manifest.spec).signals().values():
        yield Asked(_place(manifest.spec, signal.query), signal.query, span)


def _counted(namespace: str, target: ScaleTargetRef) -> str:
    """PromQL for the ready replicas of a target, where kube-state-metrics counts them."""
    metric, label = _COUNTED.get(target.kind, ""), target.kind.lower()
    where = f'namespace="{namespace}", {label}="{target.name}"'
    return f"max({metric}{{{where}}})" if metric else ""


def _place(spec: object, promql: str) -> Path:
    """Where a query stands in a spec; nowhere, where a preset brought it."""
    found = next(_places(spec, promql), None)
    return found or ("preset",)


def _places(node: object, promql: str) -> Iterator[Path]:
    if node == promql:
        yield ()
    for name, below in node.items() if isinstance(node, Mapping) else ():
        yield from ((str(name), *rest) for rest in _places(below, promql))
