"""Between war and peace."""

from typing import Any

import numpy as np
import pytest

from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.observation import Event, Override, Phase
from ebbtide_policies.phase import next_phase
from tests.policies.builders import NAN, NOW, seen, settings, steady

PEACE, PREWARM, WAR, EBB = Phase.PEACE, Phase.PREWARM, Phase.WAR, Phase.EBB
USUAL = np.full(1440, 80.0)
HOUR = 3600.0


def demand(level: float) -> Any:
    return (steady(level, ordinary=USUAL),)


def event(start: float, end: float) -> Any:
    return (Event("double-11", NOW + start, NOW + end, NOW + start, replicas=150.0),)


def word(phase: Phase) -> Override:
    return Override(phase.value, "rehearsal", NOW + 60, phase=phase)


ROWS = [
    pytest.param(PEACE, {}, PEACE, id="an ordinary day is peace"),
    pytest.param(PEACE, {"events": event(HOUR, 2 * HOUR)}, PEACE, id="an event is far ahead"),
    pytest.param(PEACE, {"events": event(300, HOUR)}, PREWARM, id="its fleet has to grow"),
    pytest.param(PEACE, {"events": event(0, HOUR)}, WAR, id="it has begun"),
    pytest.param(WAR, {"events": event(-HOUR, 1)}, WAR, id="it goes on"),
    pytest.param(WAR, {"events": event(-HOUR, 0), "current": 200}, EBB, id="it has ended"),
    pytest.param(EBB, {"current": 93}, EBB, id="the fleet is still above an ordinary one"),
    pytest.param(EBB, {"current": 92}, PEACE, id="the fleet is an ordinary one"),
    pytest.param(EBB, {"demand": ()}, EBB, id="nobody knows what is ordinary"),
    pytest.param(EBB, {"demand": (steady(80.0),), "current": 92}, PEACE, id="half an hour tells"),
    pytest.param(EBB, {"demand": (steady(NAN),)}, EBB, id="not even half an hour is known"),
    pytest.param(EBB, {"demand": (steady(0.0),), "current": 1}, PEACE, id="one replica is ebbed"),
    pytest.param(PREWARM, {"current": 200}, EBB, id="an event was called off"),
    pytest.param(PEACE, {"demand": demand(160.0)}, PEACE, id="twice the usual is no surge yet"),
    pytest.param(PEACE, {"demand": demand(161.0)}, WAR, id="more is"),
    pytest.param(WAR, {"demand": demand(113.0)}, WAR, id="a surge lasts while it is well above"),
    pytest.param(WAR, {"demand": demand(112.0)}, EBB, id="and ends well below where it began"),
    pytest.param(EBB, {"demand": demand(113.0)}, EBB, id="an ebb is no surge again"),
    pytest.param(PEACE, {"demand": (steady(500.0),)}, PEACE, id="no usual, no surge"),
    pytest.param(PEACE, {"overrides": (word(WAR),)}, WAR, id="a person's word holds"),
    pytest.param(
        WAR, {"overrides": (word(WAR), word(PEACE))}, WAR, id="the more careful of two words"
    ),
]


@pytest.mark.parametrize(("before", "words", "after"), ROWS)
def test_the_phase_is(before: Phase, words: dict[str, Any], after: Phase) -> None:
    given: dict[str, Any] = {"demand": demand(80.0), "phase": before} | words
    assert next_phase(seen(**given)) is after


def test_an_ebb_ends_at_the_smallest_fleet_that_is_allowed() -> None:
    found = seen(current=120, phase=EBB, demand=demand(80.0))
    assert next_phase(found, least=119) is EBB
    assert next_phase(found, least=120) is PEACE


def test_an_ebb_ends_at_the_headroom_of_an_ordinary_day() -> None:
    found = seen(current=110, phase=EBB, demand=demand(80.0))
    assert next_phase(found, headroom=0.1) is EBB
    assert next_phase(found, headroom=0.2) is PEACE


def test_a_prewarm_follows_the_settings_of_the_calendar() -> None:
    found = seen(demand=demand(80.0), events=event(600, HOUR))
    assert next_phase(found) is PEACE
    assert next_phase(found, settings(CalendarSettings, margin="10m")) is PREWARM
