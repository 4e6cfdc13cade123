"""Every built-in policy through the conformance suite: one row a policy."""

from collections.abc import Callable
from typing import Any

import pytest

from ebbtide_policies.contract import Policy, PolicySettings
from ebbtide_policies.descent import Descent, DescentSettings
from ebbtide_policies.event_calendar import Calendar, CalendarSettings
from ebbtide_policies.experience_gate import ExperienceGate, ExperienceGateSettings
from ebbtide_policies.hands import Hands
from ebbtide_policies.hold import Hold, HoldSettings
from ebbtide_policies.limits import Limits, LimitSettings, ModeGuard, Overrides
from ebbtide_policies.need import (
    ForecastNeed,
    ForecastNeedSettings,
    PresentNeed,
    PresentNeedSettings,
    Stabilization,
    StabilizationSettings,
)
from ebbtide_policies.query import Query, QuerySettings
from ebbtide_policies.rate import Rate, RateSettings
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN
from ebbtide_policies.schedule import Schedule, ScheduleSettings
from ebbtide_policies.season_need import SeasonNeed, SeasonNeedSettings
from ebbtide_policies.sessions import Sessions, SessionsSettings
from tests.conformance import CHECKS, check_policy
from tests.policies.builders import settings

_AT_NOON = {"start": "11:30", "end": "12:30", "floor": 20, "ceiling": 200}
_SOON = {"start": "12:02", "end": "12:30", "floor": 30}
_STANDBY = {"query": "standby_viewers", "perReplica": 800}
_LICENCES = {"query": "licences", "use": "Ceiling"}
_STALL = {"query": "stall_ratio", "atMost": 0.01, "worseBy": "20%", "slack": 0.002}

ROWS: dict[type[Policy[Any]], PolicySettings] = {
    Descent: settings(DescentSettings, maxStep="10%", soak="2m"),
    Hold: HoldSettings(),
    ForecastNeed: ForecastNeedSettings(quantile=0.9),
    PresentNeed: PresentNeedSettings(width=1.5),
    SeasonNeed: settings(SeasonNeedSettings, trust="90%"),
    Rate: settings(RateSettings, share="50%", replicas=2, period="1m"),
    Calendar: CalendarSettings(),
    Stabilization: StabilizationSettings(),
    Schedule: settings(ScheduleSettings, windows={"noon": _AT_NOON, "soon": _SOON}),
    Query: settings(QuerySettings, questions={"standby": _STANDBY, "licences": _LICENCES}),
    ExperienceGate: settings(ExperienceGateSettings, signals={"stall": _STALL}),
    Sessions: settings(SessionsSettings, query="sum by (pod) (live)", deadline="Never"),
    Limits: LimitSettings(min=6, max=1200),
    ModeGuard: PolicySettings(),
    Overrides: PolicySettings(),
    Hands: PolicySettings(),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.__name__))
@pytest.mark.parametrize("policy", ALWAYS + OPTIONAL + SPOKEN, ids=lambda policy: str(policy.name))
def test_a_built_in_policy_conforms(
    policy: type[Policy[Any]], check: Callable[[Policy[Any]], None]
) -> None:
    check(policy(ROWS[policy]))


def test_one_call_runs_every_check() -> None:
    check_policy(Hold, HoldSettings())


def test_no_two_policies_share_a_name() -> None:
    names = [policy.name for policy in ALWAYS + OPTIONAL + SPOKEN]
    assert len(set(names)) == len(names)
