"""Other hands: who else has changed the replicas of a workload, and what that counts for.

A change is seen by value and by field manager. One by a person counts for a while, up as a floor
and down as a ceiling. One that a tool keeps writing back is a conflict: two never scale well. A
release that brings replicas along from a file says how many somebody thought of once, and nothing
of what is needed now: down, it counts for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from ebbtide.api.timestamps import clock, epoch, stamp
from ebbtide.loop.ports.autoscalers import Autoscaler, Owner
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.demand import DAY
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import NO_HANDS, OtherHands, Override

OURS = "ebbtide"
"""The field manager of Ebbtide, and the beginning of every one that hands over to it."""
AUTOSCALING = frozenset({"kube-controller-manager", "keda", "keda-operator"})
"""The field managers by which an autoscaler scales."""
GITOPS = frozenset(
    {
        "argocd-application-controller",
        "argocd-controller",
        "config-sync",
        "configsync.gke.io",
        "fleetagent",
        "helm-controller",
        "kapp-controller",
        "kustomize-controller",
    }
)
"""The field managers of tools that write back what a repository declares, again and again."""
DEPLOYERS = frozenset(
    {"HashiCorp", "Helm", "helm", "kubectl-client-side-apply", "Terraform", "terraform"}
)
"""The field managers of tools that write what a file declares, each time that somebody runs them.

So does whoever applies by the server.
"""
MANUAL, RESET, DECLARED = "Manual", "Reset", "Declared"
OFTEN = 3
"""The same number by the same manager, so many times in a row, is no person any more."""
MEMORY = 600.0
"""Seconds for which a reset is not forgotten."""


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """One change of replicas that somebody else made."""

    by: str
    kind: str
    at: float
    before: int
    after: int
    until: float
    times: int

    def as_json(self) -> Json:
        """As the status has it."""
        return {
            "by": self.by,
            "kind": self.kind,
            "at": stamp(self.at),
            "from": self.before,
            "to": self.after,
            "until": stamp(self.until),
            "times": self.times,
        }

    @classmethod
    def in_status(cls, status: Json) -> Self | None:
        """The one on record; None when there is none that can be understood."""
        found = status.get("hand")
        try:
            return cls._read(found) if found else None
        except ValueError:
            return None

    @classmethod
    def _read(cls, found: Json) -> Self:
        return cls(
            by=found["by"],
            kind=found["kind"],
            at=epoch(found["at"]),
            before=found["from"],
            after=found["to"],
            until=epoch(found["until"]),
            times=found.get("times", 1),
        )

    @property
    def message(self) -> str:
        """The sentence that a person reads."""
        changed = f"{self.by} has changed replicas from {self.before} to {self.after}"
        if self.kind == DECLARED:
            return f"{changed}, as a file declares: no word of a person, and no ceiling"
        if self.kind == RESET:
            return changed if self.times == 1 else f"{changed}, {self.times} times in a row"
        limit = "at least" if self.after > self.before else "at most"
        end = clock(self.until, "%H:%M" if self.until - self.at < DAY else "%Y-%m-%d %H:%M")
        return f"{changed} by hand: {limit} {self.after} until {end} UTC"

    @property
    def override(self) -> Override | None:
        """What it counts for, as a person's word; None where it counts for nothing."""
        if self.kind != MANUAL or not self.after:  # zero is a state of its own
            return None
        up = self.after > self.before
        return Override(
            name=f"{self.by} by hand",
            why=f"replicas changed from {self.before} to {self.after}",
            until=self.until,
            floor=float(self.after) if up else UNKNOWN,
            ceiling=UNKNOWN if up else float(self.after),
            spoken=MANUAL,
        )


class ReplicasFound(NamedTuple):
    """A number that is there now, beside what Ebbtide may have left there."""

    found: int
    left: Sequence[int]
    """What Ebbtide meant to be there comes last. Empty: nothing is known."""
    owners: tuple[Owner, ...]


def left_in(status: Json) -> Sequence[int]:
    """The replicas that Ebbtide may have left, by its status: an open intent may have come true."""
    intent, desired = status.get("intent"), (status.get("replicas") or {}).get("desired")
    if intent:
        return [intent["from"]] if intent.get("settled") else [intent["from"], intent["to"]]
    return [] if desired is None else [desired]


def noticed(
    status: Json, replicas: ReplicasFound, respect_for: float, now: float
) -> ForeignChange | None:
    """What somebody else has changed: just now, or a while ago and it still counts."""
    known = ForeignChange.in_status(status)
    writer = replicas.owners[0] if replicas.owners else Owner("somebody")
    foreign = not writer.manager.startswith(OURS) and writer.manager not in AUTOSCALING
    if replicas.left and replicas.found not in replicas.left and foreign:
        return _new(status, replicas, writer, respect_for, now)
    if known and known.kind == RESET and Owner(known.by, applied=True) in replicas.owners:
        return known  # it still declares the number, and will write it again
    return known if known and now < known.until else None


def _new(
    status: Json, replicas: ReplicasFound, writer: Owner, respect_for: float, now: float
) -> ForeignChange:
    known, found = ForeignChange.in_status(status), replicas.found
    again = known if known and (known.by, known.after) == (writer.manager, found) else None
    times = again.times + 1 if again else 1
    were = {decision["from"] for decision in status.get("decisions", ())}
    back = writer.applied and (again is not None or found in were)
    kind = RESET if back or writer.manager in GITOPS or times >= OFTEN else MANUAL
    if kind == MANUAL and found < replicas.left[-1] and _declares(writer):
        kind = DECLARED
    return ForeignChange(
        by=writer.manager,
        kind=kind,
        at=now,
        before=replicas.left[-1],
        after=found,
        until=now + (respect_for if kind == MANUAL else MEMORY),
        times=times,
    )


def _declares(writer: Owner) -> bool:
    """Whether what it writes is what a file has."""
    return writer.applied or writer.manager in DEPLOYERS


class SecondHand(NamedTuple):
    """Why nothing is done: somebody else has a hand on the same fleet."""

    reason: str
    message: str
    yields: bool = True
    """Whether it is left alone; in war a reset downward is not yielded to."""


@dataclass(frozen=True, slots=True)
class Interference:
    """What other hands do to one workload, at one tick."""

    conflict: SecondHand | None = None
    change: ForeignChange | None = None
    hands: OtherHands = NO_HANDS
    autoscaler: Autoscaler | None = None
    """The one that carries decisions out, where they are floors of it."""

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What a change by hand counts for."""
        override = self.change.override if self.change else None
        return (override,) if override else ()

    def or_conflict_over_pods(self, why: str) -> "Interference":
        """The same, with a conflict over which pods go where there is no other."""
        return (
            self
            if self.conflict or not why
            else replace(self, conflict=SecondHand("Conflict", why))
        )

    @property
    def withheld(self) -> str:
        """Why nothing may be done; empty when nothing stands against it."""
        return self.conflict.message if self.conflict and self.conflict.yields else ""


NO_INTERFERENCE = Interference()
