"""From pods and their live sessions to the crew that policies see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ebbtide.errors import ClusterUnavailable, MetricsUnavailable
from ebbtide.loop.ports.cluster import Cluster, Target
from ebbtide.loop.ports.metrics import Metrics, Query, Vector
from ebbtide.loop.ports.pods import DELETION_COST, DRAINED, Pod
from ebbtide.loop.record.pod_marks import drain_since, is_costed, is_marked
from ebbtide_policies import victims
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.sessions import SessionsSettings
from ebbtide_policies.victims import Crew, Rank

STATEFUL_SET = "StatefulSet"


@dataclass(frozen=True, slots=True)
class PodSessions:
    """The pods of a target at one tick, and what each of them carries."""

    crew: Crew
    active: Mapping[str, Pod] = field(default_factory=dict)
    """Those that count as replicas, by name."""
    ending: Sequence[Pod] = ()
    """Those on their way out."""
    sessions: Mapping[str, float] = field(default_factory=dict)
    """Live sessions by the name of the pod; pods without a series are not in it."""

    unseen: bool = False
    """Whether the pods could not even be listed."""

    @property
    def marked(self) -> bool:
        """Whether any pod still carries a mark of ours."""
        return any(is_marked(pod) for pod in self.active.values())


@dataclass(frozen=True, slots=True)
class SessionCounter:
    """How the sessions of one workload are counted."""

    metrics: Metrics
    query: Query
    settings: SessionsSettings

    def read(self) -> Vector:
        """Read the live sessions of every pod as they are now."""
        return self.metrics.vector(self.query, self.settings.label, self.settings.absence)


def count_sessions(
    cluster: Cluster, target: Target, counter: SessionCounter | None, now: float
) -> PodSessions:
    """List the pods of a target, then read their sessions: so no number is older than its mark."""
    try:
        pods = cluster.pods(target)
    except ClusterUnavailable as error:
        return PodSessions(Crew(unknown=f"the pods can't be listed: {error}"), unseen=True)
    active = {pod.name: pod for pod in pods if pod.active}
    ending = tuple(pod for pod in pods if pod.terminating_since is not None)
    read: Vector = counter.read() if counter else {}
    if isinstance(read, MetricsUnavailable):
        busy = tuple(_candidate(pod, {}, np.inf, now) for pod in active.values())
        unseen = Crew(pods=busy, unknown=f"live sessions are not known: {read}")
        return PodSessions(unseen, active, ending)
    unknown = _unknown(counter, active, read)
    absence = counter.settings.absence if counter else np.inf
    crew = Crew(
        pods=tuple(_candidate(pod, read, absence, now) for pod in active.values()),
        terminating=len(ending),
        surplus=max(0, len(active) - target.replicas),
        foreign=_foreign(active.values()),
        unknown=unknown,
    )
    return PodSessions(crew, active, ending, read)


def live(pod: Pod, read: Mapping[str, float], absence: float, now: float) -> float:
    """The live sessions of a pod; NaN, which counts as busy, where it is too early to know."""
    found = read.get(pod.name)
    if found is not None:
        return found
    since = pod.ready_since if pod.ready_since is not None else pod.unready_since
    if since is None:
        return 0.0  # it has never been Ready, so nobody was ever sent to it
    return 0.0 if now - since > absence else UNKNOWN


def _candidate(pod: Pod, read: Mapping[str, float], absence: float, now: float) -> victims.Pod:
    since = drain_since(pod)
    return victims.Pod(
        name=pod.name,
        sessions=live(pod, read, absence, now),
        rank=_rank(pod),
        zone=pod.zone,
        drains=None if since is None else max(0.0, now - since),
        drained=pod.annotations.get(DRAINED, "").lower() == "true",
        ordinal=_ordinal(pod),
    )


def _rank(pod: Pod) -> Rank:
    if pod.scheduled_since is None:
        return Rank.UNASSIGNED
    if pod.phase != "Running":
        return Rank.PENDING
    return Rank.UNREADY if pod.ready_since is None else Rank.READY


def _ordinal(pod: Pod) -> int | None:
    if pod.owner != STATEFUL_SET:
        return None
    place = pod.name.rpartition("-")[2]
    return int(place) if place.isdecimal() else 0


def _foreign(pods: Iterable[Pod]) -> str:
    """Who else writes deletion costs; a StatefulSet does not ask for them."""
    for pod in pods:
        ours = pod.deletion_cost is None or is_costed(pod)
        if not ours and pod.owner != STATEFUL_SET:
            return (
                f"{pod.deletion_cost_by} has set {DELETION_COST} on pod {pod.key} too; "
                "leave it to one of the two"
            )
    return ""


def _unknown(
    counter: SessionCounter | None, active: Mapping[str, Pod], read: Mapping[str, float]
) -> str:
    """Why an answer says nothing: it knows none of the pods, though some have been Ready."""
    served = [pod for pod in active.values() if pod.ready_since is not None]
    if counter is None or not served or any(name in read for name in active):
        return ""
    return (
        f"sessions.query has no series for any of {len(active)} pods; "
        f"its label {counter.settings.label} has to hold the pod's name"
    )
