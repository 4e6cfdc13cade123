"""What people wrote and nobody understands may say anything: nothing goes, and it is said aloud."""

from typing import Any

import pytest

from ebbtide.loop.ports.cluster import Json
from tests.loop.world import HOME, SLOW, World

FLEET, NEED = 20, 10
SKIPPED: Json = {"until": "2027-03-14 02:30", "timeZone": "America/New_York"}
"""An end in the hour that clocks skip: the API server knows of no such hours."""
EVENTS = "EventsUnderstood"


def on_its_way_down() -> World:
    world = World()
    world.add(replicas=FLEET, level=float(NEED), policies=SLOW)
    world.run(0.75)
    assert world.replicas() == FLEET - 2
    return world


def calendar(start: str, end: str, **more: Any) -> Json:
    """A calendar with one event; its time zone is none that we know."""
    event = {"start": start, "end": end, "expect": [{"times": 2}]} | more
    return {"timeZone": "Mars/Olympus", "events": {"double-11": event}}


def test_a_freeze_with_an_end_that_clocks_skip_is_heeded_until_it_is_mended() -> None:
    world = on_its_way_down()
    world.write("CapacityOverride", "freeze-1", SKIPPED | {"freeze": True, "why": "migration"})
    world.run(3)
    assert world.replicas() == FLEET - 2
    assert world.status()["binding"]["reason"] == "Frozen"
    assert world.status()["overrides"] == ["CapacityOverride live/freeze-1"]
    told = world.condition(EVENTS)
    assert (told["status"], told["reason"]) == ("False", "GuidanceUnclear")
    assert "clocks in America/New_York skip 2027-03-14 02:30" in told["message"]
    assert world.reasons().count("GuidanceUnclear") == 1
    world.cluster.delete("CapacityOverride", "live", "freeze-1")
    world.run(3)
    assert world.replicas() < FLEET - 2
    assert world.condition(EVENTS)["status"] == "True"


def test_an_edit_that_breaks_a_calendar_while_its_event_goes_on_lets_nothing_go() -> None:
    world = on_its_way_down()
    known = calendar("2026-11-11 11:00", "2026-11-11 20:00")
    world.write("EventCalendar", "promotions", known | {"timeZone": "UTC"})
    world.run(1)
    assert world.status()["phase"] == "War"
    held = world.replicas()
    world.write("EventCalendar", "promotions", known)
    world.run(3)
    assert world.replicas() == held
    assert world.condition(EVENTS)["reason"] == "GuidanceUnclear"


def test_an_event_that_is_far_away_is_told_of_and_holds_nothing_yet() -> None:
    world = on_its_way_down()
    world.write("EventCalendar", "promotions", calendar("2026-12-12 00:00", "2026-12-13 00:00"))
    world.run(3)
    assert world.replicas() < FLEET - 2
    assert world.condition(EVENTS)["reason"] == "GuidanceUnclear"


@pytest.mark.parametrize(
    ("written", "namespace"),
    [
        pytest.param(calendar("2026-11-09 00:00", "2026-11-10 00:00"), "live", id="it is over"),
        pytest.param(
            calendar(
                "2026-11-11 11:00",
                "2026-11-11 20:00",
                expect=[{"selector": {"app": "origin"}, "times": 2}],
            ),
            HOME,
            id="it is about others",
        ),
        pytest.param(
            calendar("2026-11-11 11:00", "2026-11-11 20:00"), "elsewhere", id="it is of elsewhere"
        ),
    ],
)
def test_what_can_not_be_about_it_holds_nothing(written: Json, namespace: str) -> None:
    world = on_its_way_down()
    world.write("EventCalendar", "promotions", written, namespace=namespace)
    world.run(3)
    assert world.replicas() < FLEET - 2
    assert world.condition(EVENTS)["status"] == "True"


@pytest.mark.parametrize("garbled", [{"until": "soon"}, {}], ids=["no moment", "no end"])
def test_an_end_that_nobody_can_read_never_comes(garbled: Json) -> None:
    world = on_its_way_down()
    world.write("CapacityOverride", "freeze-1", {"freeze": True, "why": "migration"} | garbled)
    world.run(3)
    assert world.replicas() == FLEET - 2


def test_moments_that_nobody_can_read_are_now() -> None:
    world = on_its_way_down()
    world.write("EventCalendar", "promotions", {"events": {"sale": {"expect": [{"times": 2}]}}})
    world.run(3)
    assert world.replicas() == FLEET - 2
