"""What is said of a policy that its own past speaks against, and what it is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from ebbtide.api import timestamps
from ebbtide.api.capacity_policy.settings_by_phase import most_announced, most_replicas
from ebbtide.api.capacity_policy.spec import CapacityPolicySpec
from ebbtide.api.events.event_calendar import ExpectedEvent
from ebbtide.api.yaml_text import Path
from ebbtide.planning.demand.past import Past
from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.demand import DAY, HOUR, MINUTE
from ebbtide_policies.need import PresentNeed

S = TypeVar("S", bound=PolicySettings)


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """It will go wrong."""
    WARNING = "warning"
    """It is probably not meant."""
    NOTE = "note"
    """It is worth knowing."""


class Finding(NamedTuple):
    """Something in an object that its own past speaks against, or what stands beside it."""

    at: Path
    """The field, below `spec`."""
    severity: Severity
    found: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A policy, and what it is held against."""

    spec: CapacityPolicySpec
    policies: Sequence[Policy[Any]]
    """With their settings in the ebb."""
    past: Past
    events: Sequence[ExpectedEvent] = ()

    def settings(self, policy: type[Policy[S]]) -> S | None:
        """The settings of a policy; None where it is not there."""
        return next((p.settings for p in self.policies if isinstance(p, policy)), None)

    @property
    def most(self) -> int:
        """The largest maximum of any phase."""
        return most_replicas(self.spec.replicas)

    @property
    def most_announced(self) -> int:
        """What is allowed at most for an event."""
        return most_announced(self.spec.replicas)

    @property
    def headroom(self) -> float:
        """Spare share on top of what demand takes."""
        settings = self.settings(PresentNeed)
        return settings.headroom if settings else 0.0


def rounded(seconds: float) -> float:
    """Seconds as people say them: whole minutes from five on, whole hours from two days on."""
    unit = HOUR if seconds >= 2 * DAY else MINUTE if seconds >= 5 * MINUTE else 1.0
    return round(seconds / unit) * unit


def clock(at: float) -> str:
    """A moment as people read it."""
    return f"{timestamps.clock(at, '%Y-%m-%d %H:%M')} UTC"
