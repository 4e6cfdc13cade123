"""Looks at pods where a decision needs to see them one by one, and nowhere else."""

from ebbtide.loop.pods.draining import UnwatchedPods, WatchedPods
from ebbtide.loop.pods.pod_sessions import SessionCounter, count_sessions
from ebbtide.loop.ports.cluster import Cluster, Target
from ebbtide.loop.ports.metrics import Metrics
from ebbtide.loop.record.pod_marks import sessions_on_record
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Decision
from ebbtide_policies.decide import Memories, Outcome, decide
from ebbtide_policies.observation import Mode
from ebbtide_policies.snapshot import Snapshot


class SessionWatch:
    """Looks at the pods of workloads that are on their way down."""

    def __init__(self, cluster: Cluster, metrics: Metrics) -> None:
        self._cluster, self._metrics = cluster, metrics

    def decide(
        self, workload: Workload, target: Target, seen: Snapshot, memories: Memories
    ) -> "tuple[Snapshot, Outcome, WatchedPods | UnwatchedPods]":
        """Decide on a workload, with its pods in sight where the decision needs them."""
        outcome = decide(workload.policies, seen, memories)
        watched = self._look(workload, target, seen, outcome.decision)
        if watched is None:
            return seen, outcome, UnwatchedPods()
        seen = watched.added_to(seen)
        return seen, decide(workload.policies, seen, memories), watched

    def _look(
        self, workload: Workload, target: Target, seen: Snapshot, decision: Decision
    ) -> "WatchedPods | None":
        """Look at the pods; None where this tick needs to see none.

        They are needed where less is wanted than there is, and as long as any pod is marked.
        """
        settings = workload.sessions
        acts = settings is not None and seen.mode is Mode.ENFORCE and not seen.withheld
        record = sessions_on_record(workload.resource)
        if not (acts and decision.want < decision.current) and not record:
            return None
        counter = None
        if settings and settings.query:
            query = workload.query(settings.query, workload.source)
            counter = SessionCounter(self._metrics, query, settings)
        counted = count_sessions(self._cluster, target, counter, seen.now)
        return WatchedPods(self._cluster, workload, counter, counted, acts=acts, now=seen.now)
