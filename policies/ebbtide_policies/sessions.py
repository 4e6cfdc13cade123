"""`sessions`: at most as many pods go as are idle or drained."""

from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from pydantic import Field

from ebbtide_policies.contract import Bound, Decision, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.lanes import NOTHING, number, some, whole
from ebbtide_policies.observation import Observation
from ebbtide_policies.quantities import Duration, DurationOrNever, Share
from ebbtide_policies.resolve import settle, tightest
from ebbtide_policies.victims import Crew, Terms, leaving

MOST_VICTIMS = 100
"""Pods that go in one step at most: each is marked by a call of its own before the step."""


class Drain(StrEnum):
    """What tells that a pod gets no new sessions any more."""

    LABEL = "Label"
    """The router watches the drain label; the pod has nothing to do with it."""
    ACK = "Ack"
    """The pod says so itself, in an annotation."""


class SessionsSettings(PolicySettings):
    """Where live sessions are counted, and how long they may hold a pod."""

    query: str | None = Field(
        None,
        min_length=1,
        max_length=8192,
        description='PromQL with one series a pod, like sum by (pod) (live_sessions{app="edge"}). '
        "Without it nothing is known of sessions, and the policy does nothing.",
    )
    label: str = Field(
        "pod",
        min_length=1,
        max_length=128,
        description="Label of the series that holds the pod's name.",
    )
    deadline: DurationOrNever = Field(
        3600.0,
        gt=0,
        description="How long a session can hold a pod that drains; Never for jobs that must "
        "come to their end.",
    )
    drain: Drain = Field(
        Drain.LABEL,
        description="What tells that a pod takes no new sessions: Label, when the router watches "
        "the label ebbtide.dev/drain; Ack, when the pod says so itself in its annotation "
        "ebbtide.dev/drained.",
    )
    settle: Duration = Field(
        45.0,
        description="Least time from the drain label to the going of an idle pod: until the "
        "router and the next scrape know of it.",
    )
    absence: Duration = Field(
        300.0,
        gt=0,
        description="A pod without a series for this long is idle. Before that it is as busy as "
        "it last was, and a pod that has never had one is busy.",
    )
    max_terminating: Share = Field(
        0.25,
        gt=0,
        le=1,
        description="Largest share of the replicas that may be terminating at a time, at least "
        "one pod: they cost money, and carry nothing.",
    )

    @property
    def terms(self) -> Terms:
        """What a pod has to fulfil before it may go."""
        ack = self.drain is Drain.ACK
        return Terms(deadline=self.deadline, settle=self.settle, ack=ack)


class Sessions(Policy[SessionsSettings]):
    """Lets pods go that carry no live session, and waits for the others.

    It speaks only where the pods could be looked at: in DryRun the fleet is a shadow that has none.
    """

    name = "sessions"
    Settings = SessionsSettings

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        """One pace: current replicas without the pods that may go now."""
        crew = seen.crew
        if crew is None or self.settings.query is None:
            return
        current = number(seen.fleet.current)
        if crew.unknown:
            yield self._pace(current, "SessionsUnknown", "{}", crew.unknown)
        elif crew.foreign:
            yield self._pace(current, "DeletionCostConflict", "{}", crew.foreign)
        elif crew.surplus:
            said = "{} pods of the last step are still to go"
            yield self._pace(current, "StepUnderWay", said, crew.surplus)
        elif some(seen.fleet.rollout):
            yield self._pace(current, "RolloutInProgress", "a rollout chooses pods of its own")
        else:
            yield self._room(crew, current)

    def _room(self, crew: Crew, current: float) -> Bound:
        free = len(leaving(crew.pods, self.settings.terms))
        most = max(1, int(current * self.settings.max_terminating + 1e-9))
        room = max(0, min(most - crew.terminating, MOST_VICTIMS))
        if room < free:
            return self._pace(
                max(NOTHING, current - room),
                "TooManyTerminating",
                "{} pods are terminating; at most {} may at a time",
                crew.terminating,
                most,
            )
        return self._pace(
            max(NOTHING, current - free),
            "SessionsLive",
            "{} of {} pods may go: {} drain, {} carry sessions or may do so",
            free,
            len(crew.pods),
            sum(pod.drains is not None for pod in crew.pods),
            sum(not pod.sessions <= 0 for pod in crew.pods),
        )

    def _pace(self, replicas: float, reason: str, detail: str, *values: object) -> Bound:
        return Bound(Kind.PACE_DOWN, replicas, self.name, reason, detail, values)


_HOLDING = {"ScaleDownStabilized", "DemandMayReturn"}
"""Reasons of floors and gates that hold what was needed a while ago."""
_SPACING = {"DescentStep"}
"""Reasons of paces that say how fast the fleet may fall, not how far."""

_STALE = "DemandUnknown"
"""The reason of the gate that is shut while demand is older than it may be."""


def drain_count(decision: Decision, crew: Crew) -> int:
    """How many pods may drain, so that the others carry what is to come without them.

    The way down leads to what is wanted, and no further than any gate that is shut lets it. A pod
    that drains still carries its sessions, and is open again within a tick: so a gate that shuts
    stops more pods from draining, and only a need that grows opens those that do. With a need that
    is unknown none may drain at all; nor where neither demand nor sessions are known any more, as
    nobody could tell that they are needed again.
    """
    floors = (Kind.FLOOR, Kind.GUARANTEED_FLOOR)
    if any(np.isnan(number(b.replicas)) for b in decision.bounds if b.kind in floors):
        return 0
    if crew.unknown and any(b.reason == _STALE and number(b.replicas) for b in decision.bounds):
        return 0
    room = max(0, decision.current - _needed(decision, crew))
    begun = sum(pod.drains is not None for pod in crew.pods)
    return max(min(room, begun), min(room, decision.current - _held(decision)))


def _needed(decision: Decision, crew: Crew) -> int:
    """The replicas that have to take new sessions: what is wanted, without what others carry.

    What holds the fleet for a while in case demand comes back does not hold its sessions: a pod is
    open again sooner than demand could be back. And of the sessions on pods that drain half are
    counted on, as the rest of them may end.
    """
    lasting = [b for b in decision.bounds if b.reason not in _HOLDING]
    want = number(settle(tightest(lasting, decision.current)).want)
    return int(whole(want * (1 - _carried(crew) / 2)))


def _carried(crew: Crew) -> float:
    """The share of all live sessions that is on pods which drain; nought where it is not known."""
    everywhere = sum(pod.sessions for pod in crew.pods)
    drained = sum(pod.sessions for pod in crew.pods if pod.drains is not None)
    return drained / everywhere if everywhere > 0 else 0.0


def _held(decision: Decision) -> int:
    """The replicas at which the gates hold the way down; what only spaces its steps does not."""
    levels = [
        decision.current if np.isnan(number(bound.replicas)) else number(bound.replicas)
        for bound in decision.bounds
        if bound.kind in {Kind.PACE_DOWN, Kind.ROLLBACK} and _is_gate(bound)
    ]
    return int(whole(min(decision.current, max(levels, default=NOTHING))))


def _is_gate(bound: Bound) -> bool:
    spaces = bound.until is not None or bound.reason in _SPACING | _HOLDING
    return not spaces and bound.policy != Sessions.name
