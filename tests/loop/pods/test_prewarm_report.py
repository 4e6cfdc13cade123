"""What is said of a prewarm, row by row."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ebbtide.loop.pods.prewarm import next_event, prewarm, prewarm_late
from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.observation import Event, LastStep, Phase
from ebbtide_policies.scale_up import ScaleUp
from tests.policies.builders import NOW, seen, settings

SETTINGS = settings(CalendarSettings, headroom="0%")
QUICK = ScaleUp(1.0, 1000, 15.0)


def event(ready_in: float, name: str = "double-11", **more: Any) -> Event:
    ready = NOW + ready_in
    return Event(name, ready + 60, ready + 3600, ready, **({"replicas": 200.0} | more))


def rise(ago: float) -> LastStep:
    return LastStep(NOW - ago, 100, 200)


@pytest.mark.parametrize(
    ("words", "kept", "pending", "expected"),
    [
        pytest.param({"current": 200}, {}, {}, None, id="all are there"),
        pytest.param(
            {"current": 200, "ready": 150, "last_step": rise(30)},
            {"Booting": 50},
            {"Booting": 50},
            150,
            id="what boots comes a lead time after the rise",
        ),
        pytest.param(
            {"current": 200, "ready": 150, "last_step": rise(200)},
            {"Booting": 50},
            {"Booting": 50},
            0,
            id="what is overdue may come at any moment",
        ),
        pytest.param(
            {"current": 200, "ready": 150, "last_step": rise(600)},
            {"Booting": 50},
            {"Booting": 50},
            180,
            id="what is long overdue is stuck",
        ),
        pytest.param(
            {"current": 200, "ready": 150, "last_step": LastStep(NOW - 9, 210, 200)},
            {"Booting": 50},
            {"Booting": 50},
            180,
            id="after a step down nobody knows when it was asked for",
        ),
        pytest.param(
            {"current": 200, "ready": 150, "last_step": rise(30)},
            {"Booting": 10, "Quota": 40},
            {"Booting": 10, "Quota": 40},
            180,
            id="what is stuck comes a lead time after it comes loose",
        ),
        pytest.param(
            {"current": 100, "ready": 90},
            {"Booting": 10},
            {"Booting": 10, "NotAsked": 100},
            180,
            id="what is not asked for yet is asked for now",
        ),
        pytest.param(
            {"current": 100, "scale_up": ScaleUp(0.0, 10, 60.0)},
            {},
            {"NotAsked": 100},
            180 + 9 * 60,
            id="as fast as the pace allows",
        ),
    ],
)
def test_of_a_fleet_of_two_hundred_that_is_needed(
    words: dict[str, Any], kept: dict[str, int], pending: dict[str, int], expected: float | None
) -> None:
    given: dict[str, Any] = {"scale_up": QUICK, "phase": Phase.PREWARM} | words
    found = prewarm(seen(**given), event(600), SETTINGS, kept)
    assert found.pending == pending
    assert found.expected == pytest.approx(
        np.nan if expected is None else NOW + expected, nan_ok=True
    )


def test_a_boot_on_a_new_node_is_expected_later() -> None:
    given = replace(seen(current=100, scale_up=QUICK), longest_lead_time=400.0)
    assert prewarm(given, event(600), SETTINGS, {}).expected == NOW + 400


def test_it_is_late_from_the_second_on_at_which_it_can_not_be_ready_in_time() -> None:
    given = seen(current=100, scale_up=QUICK)
    assert not prewarm(given, event(180), SETTINGS, {}).late
    late = prewarm(given, event(179), SETTINGS, {})
    assert late.late
    told = prewarm_late(late, "exceeded quota: small")
    assert told[:3] == ("PrewarmLate", True, "PrewarmLate")
    assert told.message == (
        "double-11: 100 of 200 replicas are ready, due 2026-11-11 12:02 UTC; missing: 100 NotAsked;"
        " expected 2026-11-11 12:03 UTC (exceeded quota: small)"
    )


def test_the_event_that_is_first_due_is_the_one_that_is_told_of() -> None:
    late, soon = event(200, "late"), event(100, "soon")
    far, past = event(99999, "far"), event(-100, "past")
    given = seen(events=(far, late, soon, past), phase=Phase.PREWARM)
    found = next_event(given, SETTINGS)
    assert found is not None
    assert found.name == "soon"
    assert next_event(seen(events=(far, past)), SETTINGS) is None
