"""The built-in policies, one line each. Others come by the entry point `ebbtide.policies`."""

from typing import Any

from ebbtide_policies.contract import Policy
from ebbtide_policies.descent import Descent
from ebbtide_policies.event_calendar import Calendar
from ebbtide_policies.experience_gate import ExperienceGate
from ebbtide_policies.hands import Hands
from ebbtide_policies.hold import Hold
from ebbtide_policies.limits import Limits, ModeGuard, Overrides
from ebbtide_policies.need import ForecastNeed, PresentNeed, Stabilization
from ebbtide_policies.query import Query
from ebbtide_policies.rate import Rate
from ebbtide_policies.schedule import Schedule
from ebbtide_policies.season_need import SeasonNeed
from ebbtide_policies.sessions import Sessions

ALWAYS: tuple[type[Policy[Any]], ...] = (
    Descent,
    Hold,
    ForecastNeed,
    PresentNeed,
    SeasonNeed,
    Stabilization,
    Rate,
    Calendar,
)
"""Applied with their defaults when the YAML does not name them."""

OPTIONAL: tuple[type[Policy[Any]], ...] = (Schedule, Query, ExperienceGate, Sessions)
"""Applied when the YAML names them."""

SPOKEN: tuple[type[Policy[Any]], ...] = (Limits, ModeGuard, Overrides, Hands)
"""Applied from what stands elsewhere: `spec.replicas`, `spec.mode`, overrides, the fleet."""

CONFIGURABLE = ALWAYS + OPTIONAL
"""What `spec.policies` may name."""
