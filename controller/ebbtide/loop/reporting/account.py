"""The account of a tick: what was seen of a workload, what it came from, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ebbtide.loop.forecasting.forecasts import Prospects
from ebbtide.loop.ports.cluster import Json
from ebbtide.loop.record.ledger import Step
from ebbtide.loop.reporting.conditions import Condition
from ebbtide_policies.contract import Policy
from ebbtide_policies.decide import Memories, Outcome
from ebbtide_policies.snapshot import Snapshot

NOTHING_FORESEEN = Prospects()


class DrainCounts(NamedTuple):
    """What there is to say of the pods of a workload that is on its way down."""

    busy: int
    """Pods that carry sessions, or may do so."""
    draining: int
    terminating: int
    disrupted: int = 0
    """Live sessions on pods when they were removed, since the last tick."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision came from beside the observation."""

    policies: Sequence[Policy[Any]]
    """With the settings that were in force."""
    memories: Memories
    """What they remembered."""


@dataclass(frozen=True, slots=True)
class Account:
    """What was seen of a workload at a tick, and what came of it."""

    seen: Snapshot
    outcome: Outcome
    conditions: tuple[Condition, ...]
    step: Step | None = None
    """The change of replicas that was made."""
    prospects: Prospects = NOTHING_FORESEEN
    """What was foreseen."""
    sessions: DrainCounts | None = None
    """The pods, where they were looked at."""
    extra_sections: Json = field(default_factory=dict)
    """What else the status says: of pods that boot, and of settings that the past speaks for."""
    basis: Basis | None = None
