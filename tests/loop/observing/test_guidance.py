"""Events that are like an earlier one, from the calendar to the floor and to the forecast."""

from datetime import date

import pytest

from ebbtide.forecast.contract import NEVER_CHANGED
from ebbtide.loop.ports.cluster import Json
from ebbtide_policies.observation import Event
from tests.loop.world import HOME, World

SHAPE = [0.5, 1, 0.25]
LIKE = {"like": "double-11-2025", "times": 1.5}


def calendar(**expect: object) -> Json:
    """An event in an hour, for an hour."""
    event = {"start": "2026-11-11 13:00", "end": "2026-11-11 14:00", "expect": [expect]}
    return {"events": {"double-11": event}}


def profile(**more: object) -> Json:
    """An event of last year, at its peak four times the usual."""
    times = {"start": "2025-11-10 20:00", "end": "2025-11-12 00:00"}
    return times | {"peak": "400", "usual": "100", "shape": SHAPE} | more


def event_of(world: World) -> Event:
    return world.tick().accounts["live/edge"].seen.events[0]


def promoted(**expect: object) -> World:
    world = World()
    world.add()
    world.write("EventCalendar", "promotions", calendar(**expect or LIKE))
    return world


@pytest.mark.parametrize("namespace", ["live", HOME])
def test_an_event_has_the_shape_of_the_one_that_it_is_like(namespace: str) -> None:
    world = promoted()
    world.write("EventProfile", "double-11-2025", profile(), namespace=namespace)
    found = event_of(world)
    assert (found.times, found.shape, found.missing) == (6.0, (0.5, 1.0, 0.25), "")
    assert world.condition("EventsUnderstood")["status"] == "True"


def test_a_profile_beside_the_calendar_comes_before_one_of_the_operator() -> None:
    world = promoted()
    world.write("EventProfile", "double-11-2025", profile(usual="200"))
    world.write("EventProfile", "double-11-2025", profile(), namespace=HOME)
    assert event_of(world).times == 3.0


def test_a_demand_is_the_peak_of_its_shape() -> None:
    world = promoted(like="double-11-2025", demand="900")
    world.write("EventProfile", "double-11-2025", profile())
    found = event_of(world)
    assert (found.replicas, found.shape) == (900.0, (0.5, 1.0, 0.25))


def test_a_missing_profile_is_told_once_and_falls_back_to_times() -> None:
    world = promoted()
    world.write("EventProfile", "double-11-2025", profile(), namespace="elsewhere")
    found = event_of(world)
    assert (found.times, found.shape, found.missing) == (1.5, (), "double-11-2025")
    world.run(2)
    told = world.condition("EventsUnderstood")
    assert (told["status"], told["reason"]) == ("False", "ProfileMissing")
    assert "there is no EventProfile double-11-2025" in told["message"]
    assert world.reasons().count("ProfileMissing") == 1
    world.write("EventProfile", "double-11-2025", profile())
    world.run(1)
    assert world.condition("EventsUnderstood")["status"] == "True"


def test_a_profile_that_can_not_be_understood_is_a_missing_one() -> None:
    world = promoted()
    world.write("EventProfile", "double-11-2025", profile(shape=[2, 3]))
    assert event_of(world).missing == "double-11-2025"


def test_the_forecast_is_told_of_the_same_shape() -> None:
    world = promoted()
    world.write("EventProfile", "double-11-2025", profile())
    world.tick()
    [told] = world.forecaster.told[-1].series[0].events
    assert (told.times, told.peak, told.shape) == (6.0, 600.0, (0.5, 1.0, 0.25))


def test_the_forecast_is_told_of_days_of_their_own_kind() -> None:
    world = World()
    world.add()
    china, days = {"timeZone": "Asia/Shanghai"}, {"2026-11-11": "Holiday", "2026-11-14": "Workday"}
    world.write("EventCalendar", "china", china | {"days": days})
    world.write("EventCalendar", "sales", china | {"days": {"2026-12-25": "Sale"}})
    world.write("EventCalendar", "utc", {"days": {"2026-12-26": "Holiday"}})
    world.write("EventCalendar", "other", {"days": {"2026-11-12": "Holiday"}}, namespace="other")
    world.tick()
    told = world.forecaster.told[-1].series[0]
    kinds = {date.fromordinal(day).isoformat(): kind for day, kind in told.days.items()}
    assert (told.time_zone, told.clock) == ("Asia/Shanghai", NEVER_CHANGED)
    assert kinds == days | {"2026-12-25": "Sale"}


@pytest.mark.parametrize(
    ("calendar_zone", "policy_zone", "clock"),
    [
        ("Europe/Berlin", None, "Europe/Berlin"),
        ("Europe/Berlin", "America/New_York", "America/New_York"),
        ("Europe/Berlin", "UTC", NEVER_CHANGED),
        (None, "America/New_York", "America/New_York"),
        (None, None, NEVER_CHANGED),
    ],
)
def test_the_forecast_goes_by_the_clock_of_the_policy_or_else_of_the_days(
    calendar_zone: str | None, policy_zone: str | None, clock: str
) -> None:
    world = World()
    said = {"timeZone": policy_zone} if policy_zone else {}
    world.add(forecast={"model": "Flat"} | said)
    if calendar_zone:
        days = {"timeZone": calendar_zone, "days": {"2026-11-14": "Sale"}}
        world.write("EventCalendar", "days", days)
    world.tick()
    assert world.forecaster.told[-1].series[0].clock == clock


def test_the_forecast_is_told_of_the_days_of_a_country_and_what_is_written_wins() -> None:
    world = World()
    world.add()
    written = {"2026-10-01": "Sale", "2026-11-11": "Holiday"}
    spec = {"timeZone": "Asia/Shanghai", "country": "CN", "days": written}
    world.write("EventCalendar", "china", spec)
    world.tick()
    told = world.forecaster.told[-1].series[0]
    assert told.time_zone == "Asia/Shanghai"
    days = ("2026-02-17", "2026-02-14", "2026-10-01", "2026-11-11", "2026-11-14", "2026-11-13")
    assert [told.kind(date.fromisoformat(day).toordinal()) for day in days] == [
        "Holiday",  # the year begins
        "Workday",  # a Saturday that is worked for it
        "Sale",
        "Holiday",
        "Weekend",
        "Workday",
    ]
