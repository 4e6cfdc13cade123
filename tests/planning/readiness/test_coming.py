"""What announced events will need, by the rules of the calendar."""

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.planning.demand.series import DemandSeries
from ebbtide.planning.readiness.coming import coming, ordinary
from ebbtide_policies.demand import Signal
from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.lanes import UNKNOWN
from ebbtide_policies.observation import Event, Fleet
from ebbtide_policies.snapshot import Snapshot

DAY = 86400.0
NOW = 10 * DAY
EVENING = NOW + 20 * 3600.0


def seen(usual: float, known: slice = slice(None)) -> Snapshot:
    """A fleet of ten whose every minute is usually like the others, as far as it is known."""
    ordinary_day = np.full(1440, UNKNOWN)
    ordinary_day[known] = usual
    demand = Signal(
        name="demand",
        now=NOW,
        per_replica=100.0,
        newest=NOW,
        minutes=np.array([usual]),
        ordinary=ordinary_day,
    )
    fleet = Fleet(current=10.0, ready=10.0)
    return Snapshot(workload="live/edge", now=NOW, fleet=fleet, demand=[demand], lead_time=90.0)


def event(times: float = UNKNOWN, replicas: float = UNKNOWN) -> Event:
    return Event("opening", EVENING, EVENING + 7200, EVENING - 600, times, replicas)


@pytest.mark.parametrize(
    ("told", "replicas"),
    [
        pytest.param(event(replicas=50.0), 55.0, id="in numbers"),
        pytest.param(event(replicas=51.0), 57.0, id="of which a part is a whole one"),
        pytest.param(event(times=3.0), 66.0, id="a multiple of the usual"),
        pytest.param(event(times=3.0)._replace(shape=(0.2, 1.0, 0.5)), 66.0, id="with a shape"),
    ],
)
def test_the_peak_of_an_event_has_the_headroom_of_the_calendar(
    told: Event, replicas: float
) -> None:
    [found] = coming([told], seen(2000.0), CalendarSettings())
    assert found.replicas == replicas
    assert found.ready_by == EVENING - 600
    assert EVENING - 3600 < found.begins < EVENING - 600


def test_a_peak_between_two_hours_is_the_peak() -> None:
    shape = (*[0.2] * 10, 1.0, *[0.2] * 50)
    long = event(times=3.0)._replace(end=EVENING + 6 * 3600, shape=shape)
    [found] = coming([long], seen(2000.0), CalendarSettings())
    assert found.replicas == 66.0


def test_an_event_that_is_over_is_none_to_come() -> None:
    past = event(replicas=50.0)._replace(start=NOW - 7200, end=NOW)
    assert list(coming([past], seen(2000.0), CalendarSettings())) == []


def test_of_an_event_that_goes_on_only_what_is_left_counts() -> None:
    ending = event(times=3.0)._replace(shape=(1.0, 0.1, 0.1, 0.1))
    late = replace(seen(2000.0), now=EVENING + 5400.0)
    [whole] = coming([ending], seen(2000.0), CalendarSettings())
    [left] = coming([ending], late, CalendarSettings())
    assert left.replicas < 30.0 < whole.replicas
    assert left.begins == whole.begins


def test_the_hours_that_are_known_say_what_is_needed() -> None:
    opening_hour = slice(20 * 60, 21 * 60)
    [found] = coming([event(times=3.0)], seen(2000.0, opening_hour), CalendarSettings())
    assert found.replicas == 66.0


def test_a_multiple_of_what_nobody_knows_is_not_known() -> None:
    [found] = coming([event(times=3.0)], seen(float("nan")), CalendarSettings())
    assert np.isnan(found.replicas)


def test_an_ordinary_day_is_the_median_of_those_that_are_known() -> None:
    minutes = np.full(3 * 1440, 10.0)
    minutes[1440:2880] = 1000.0
    minutes[5] = np.nan
    minutes[1445] = np.nan
    usual = ordinary(DemandSeries(start=NOW, minutes=minutes))
    assert usual.shape == (1440,)
    assert set(usual) == {10.0}


def test_an_ordinary_day_starts_at_midnight_whatever_the_recording_does() -> None:
    usual = ordinary(DemandSeries(start=NOW + 3600, minutes=np.arange(60.0)))
    assert usual[60:120].tolist() == list(range(60))
    assert np.isnan(usual[:60]).all()
    assert np.isnan(usual[120:]).all()
