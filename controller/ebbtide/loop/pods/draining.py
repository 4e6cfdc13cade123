"""The way out of pods that carry sessions: marked, looked at once more, let go, and checked.

All of it can be read off the pods and the status, so that a successor goes on where its
predecessor was killed: what is to drain is labelled, what is to go carries a deletion cost, and the
names of those that go are on record before any of them is touched.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ebbtide.api.timestamps import stamp
from ebbtide.errors import Conflict, EbbtideError, MetricsUnavailable
from ebbtide.loop.acting.actuators import Actuator
from ebbtide.loop.acting.finalizer import with_finalizer
from ebbtide.loop.pods.missed_victims import MissedVictims, missed_victims
from ebbtide.loop.pods.pod_sessions import PodSessions, SessionCounter, live
from ebbtide.loop.ports.cluster import Announcement, Cluster, Json, Target
from ebbtide.loop.ports.pods import DELETION_COST, DRAIN, DRAIN_SINCE, Marks, Pod
from ebbtide.loop.record.ledger import Ledger, Step
from ebbtide.loop.record.pod_marks import (
    MOST_MARKS,
    clean,
    drain_since,
    is_costed,
    sessions_on_record,
)
from ebbtide.loop.reporting.account import Account, DrainCounts
from ebbtide.loop.workload import Workload
from ebbtide_policies.contract import Decision
from ebbtide_policies.observation import Mode
from ebbtide_policies.sessions import drain_count
from ebbtide_policies.snapshot import Snapshot
from ebbtide_policies.victims import leaving, may_go, to_drain

log = logging.getLogger("ebbtide.loop")

COST = "-100"
"""The deletion cost of pods that go: below that of all others, who have none."""


class UnwatchedPods:
    """At this tick the pods are nobody's concern."""

    conflict = ""

    def wrap(self, actuator: Actuator, decision: Decision) -> Actuator:
        """The actuator as it is."""
        return actuator


@dataclass(frozen=True, slots=True)
class WatchedPods:
    """The pods of one workload at one tick."""

    cluster: Cluster
    workload: Workload
    counter: SessionCounter | None
    counted: PodSessions
    acts: bool
    """Whether pods may be marked for the way down; else marks are only taken away."""
    now: float

    def added_to(self, seen: Snapshot) -> Snapshot:
        """The observation, with the pods in it."""
        return replace(seen, crew=self.counted.crew) if self.acts else seen

    @property
    def conflict(self) -> str:
        """Who else says which pods go; empty when nobody does."""
        return self.counted.crew.foreign if self.acts else ""

    def wrap(self, actuator: Actuator, decision: Decision) -> "DrainingActuator":
        """The actuator that sees off the pods that the decision lets go."""
        crew = self.counted.crew
        count = drain_count(decision, crew) if self.acts else 0
        blind = bool(crew.unknown or crew.foreign)
        if not blind:
            chosen = frozenset(pod.name for pod in to_drain(crew.pods, count))
            return DrainingActuator(actuator, self, chosen)
        begun = (name for name, pod in self.counted.active.items() if drain_since(pod) is not None)
        return DrainingActuator(actuator, self, frozenset(begun if count else ()))


class DrainingActuator:
    """An actuator that marks the pods which are to go, and looks once more before they do."""

    def __init__(self, base: Actuator, watched: WatchedPods, drains: frozenset[str]) -> None:
        self._base, self._watched, self._drains = base, watched, drains
        self._pods = dict(watched.counted.active)
        self._gone: frozenset[str] = frozenset()
        self.rescaled = base.rescaled
        self.cut = 0
        """Live sessions on the pods that this step has let go."""

    def ledger(self, workload: Workload, target: Target, mode: Mode, now: float) -> Ledger:
        """What is on record of the fleet."""
        return self._base.ledger(workload, target, mode, now)

    def record(self, workload: Workload, memory: Json, ledger: Ledger, step: Step | None) -> Json:
        """The sections of the status, and the names of the pods that are to go."""
        sections = self._base.record(workload, memory, ledger, step)
        counts, counted = self.counts(), self._watched.counted
        before = sessions_on_record(workload.resource)
        if counted.unseen:
            return sections | ({"sessions": before} if before else {})
        names = list(self._victims(step)) or (
            before.get("victims") if counted.crew.surplus else None
        )
        if not (self._drains or names or counted.marked):
            return sections
        said: Json = {"draining": counts.draining, "busy": counts.busy}
        said |= {"terminating": counts.terminating} | ({"victims": names} if names else {})
        return sections | {"sessions": said}

    def step(self, account: Account, ledger: Ledger) -> Step | None:
        """The step that a decision asks for."""
        return self._base.step(account, ledger)

    def prepared(self, workload: Workload, step: Step | None) -> Workload:
        """The workload, with the finalizer that opens its pods again should it go."""
        workload = self._base.prepared(workload, step)
        marks = self._drains or self._victims(step)
        return with_finalizer(self._watched.cluster, workload) if marks else workload

    def act(self, workload: Workload, target: Target, step: Step) -> None:
        """Mark the pods that go, read their sessions once more, and take the step.

        Raises:
            Conflict: a pod that was to go has got a session; the step waits.
            EbbtideError: it was not taken, or nobody knows.

        """
        victims = self._victims(step)
        if victims:
            self._mark_costs(victims)
            self._look_again(victims)
            self._gone = frozenset(victims)
        self._base.act(workload, target, step)

    def confirm(self, recorded: Json, step: Step) -> Json:
        """The sections once the step is taken."""
        return self._base.confirm(recorded, step)

    def finish(self, account: Account, target: Target) -> Account:
        """Bring labels to where they should be, and tell of sessions that were cut off."""
        self.tend()
        watched, missed = self._watched, MissedVictims()
        resource = watched.workload.resource
        if not watched.counted.unseen:
            missed = missed_victims(resource, watched.counted, target)
        if missed.names:
            told = f"{len(missed.names)} pods went in place of those that were chosen: {missed}"
            watched.cluster.announce(Announcement(resource, "VictimsMissed", told, warning=True))
        disrupted = self.cut + missed.disrupted
        if disrupted:
            told = f"{disrupted} live sessions were on pods when they were removed"
            watched.cluster.announce(
                Announcement(resource, "SessionsDisrupted", told, warning=True)
            )
        return replace(account, sessions=self.counts()._replace(disrupted=disrupted))

    def tend(self) -> None:
        """Bring the drain labels to where they should be; what fails is tried at the next tick."""
        here = (
            p for p in self._pods.values() if p.name in self._drains or p.labels or p.annotations
        )
        wanted = [(pod, self._due(pod)) for pod in here]
        due = [(pod, marks) for pod, marks in wanted if marks != Marks()]
        due.sort(key=lambda each: each[0].name in self._drains)  # who is opened again comes first
        for pod, marks in due[:MOST_MARKS]:
            try:
                self._watched.cluster.mark_pod(pod, marks)
            except EbbtideError as error:
                log.warning("%s: %s", self._watched.workload.key, error)

    def counts(self) -> DrainCounts:
        """What there is to say of the pods."""
        crew = self._watched.counted.crew
        return DrainCounts(
            busy=sum(not pod.sessions <= 0 for pod in crew.pods),
            draining=len(self._drains),
            terminating=crew.terminating,
        )

    def _victims(self, step: Step | None) -> Sequence[str]:
        """The pods that a step lets go; empty where it goes up, or pods are nobody's concern."""
        if step is None or step.after >= step.before:
            return ()
        return self._free[: step.before - step.after]

    @cached_property
    def _free(self) -> Sequence[str]:
        """The pods that may go now, in the order in which they do."""
        counter = self._watched.counter
        if counter is None or not self._watched.acts:
            return ()
        return [
            pod.name for pod in leaving(self._watched.counted.crew.pods, counter.settings.terms)
        ]

    def _mark_costs(self, victims: Sequence[str]) -> None:
        """Let exactly these pods have a deletion cost; a StatefulSet does not ask for it."""
        if any(pod.ordinal is not None for pod in self._watched.counted.crew.pods):
            return
        others = [pod for pod in self._pods.values() if is_costed(pod) and pod.name not in victims]
        self._mark(others, Marks(annotations={DELETION_COST: None}))
        new = [self._pods[name] for name in victims if not is_costed(self._pods[name])]
        self._mark(new, Marks(annotations={DELETION_COST: COST}))

    def _mark(self, pods: Iterable[Pod], marks: Marks) -> None:
        for pod in pods:
            self._pods[pod.name] = self._watched.cluster.mark_pod(pod, marks)

    def _look_again(self, victims: Sequence[str]) -> None:
        """Read the sessions of the pods that go once more, now that they are marked."""
        watched = self._watched
        counter = watched.counter
        read = counter.read() if counter else {}
        if counter is None or isinstance(read, MetricsUnavailable):
            raise Conflict(f"live sessions can't be read once more; the step waits: {read}")
        settings = counter.settings
        chosen = {pod.name: pod for pod in watched.counted.crew.pods}
        for name in victims:
            carried = live(self._pods[name], read, settings.absence, watched.now)
            if not may_go(chosen[name]._replace(sessions=carried), settings.terms):
                raise Conflict(
                    f"pod {self._pods[name].key} has {carried:.0f} live sessions since it was "
                    "chosen to go; the step waits. Does the router heed the drain label?"
                )
            self.cut += int(carried) if carried > 0 else 0

    def _due(self, pod: Pod) -> Marks:
        """The marks that a pod lacks, or has too many."""
        if pod.name in self._gone:
            return Marks()
        if pod.name not in self._drains:
            return clean(pod)
        stale = {DELETION_COST: None} if is_costed(pod) else {}
        if drain_since(pod) is None:
            return Marks({DRAIN: "true"}, {**stale, DRAIN_SINCE: stamp(self._watched.now)})
        return Marks({}, stale)


def finished(actuator: Actuator, account: Account, target: Target) -> Account:
    """The account of a tick, once everything is done to the pods that was to be done."""
    return actuator.finish(account, target) if isinstance(actuator, DrainingActuator) else account
