"""Looks at pods where a decision needs to see them one by one, and nowhere else."""

from ebbtide.loop.pods.draining import Escort, NoEscort
from ebbtide.loop.pods.pod_sessions import Counting, call_roll
from ebbtide.loop.ports.cluster import Cluster, Target
from ebbtide.loop.ports.metrics import Metrics
from ebbtide.loop.record.pod_marks import record_of
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Decision
from ebbtide_policies.decide import Memories, Outcome, decide
from ebbtide_policies.observation import Mode, Observation


class Escorts:
    """Looks at the pods of workloads that are on their way down."""

    def __init__(self, cluster: Cluster, metrics: Metrics) -> None:
        self._cluster, self._metrics = cluster, metrics

    def decide(
        self, workload: Workload, target: Target, seen: Observation, memories: Memories
    ) -> "tuple[Observation, Outcome, Escort | NoEscort]":
        """Decide on a workload, with its pods in sight where the decision needs them."""
        outcome = decide(workload.policies, seen, memories)
        escort = self._look(workload, target, seen, outcome.decision)
        if escort is None:
            return seen, outcome, NoEscort()
        seen = escort.sees(seen)
        return seen, decide(workload.policies, seen, memories), escort

    def _look(
        self, workload: Workload, target: Target, seen: Observation, decision: Decision
    ) -> "Escort | None":
        """Look at the pods; None where this tick needs to see none.

        They are needed where less is wanted than there is, and as long as any pod is marked.
        """
        settings = workload.sessions
        acts = settings is not None and seen.mode is Mode.ENFORCE and not seen.withheld
        record = record_of(workload.resource)
        if not (acts and decision.want < decision.current) and not record:
            return None
        counting = None
        if settings and settings.query:
            query = workload.query(settings.query, workload.source)
            counting = Counting(self._metrics, query, settings)
        roll = call_roll(self._cluster, target, counting, seen.now)
        return Escort(self._cluster, workload, counting, roll, acts=acts, now=seen.now)
