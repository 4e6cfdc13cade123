"""Capacity for an announced event."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ebbtide_policies.event_calendar import Calendar, CalendarSettings, need_of, prewarm_starts
from ebbtide_policies.observation import Event, Override, Phase
from ebbtide_policies.scale_up import ScaleUp
from tests.policies.builders import NAN, NOW, seen, settings, steady

USUAL = np.full(1440, 80.0)
MINUTE, HOUR = 60.0, 3600.0


def event(ready_in: float = HOUR, **more: Any) -> Event:
    given: dict[str, Any] = {"times": 1.5} | more
    ready = NOW + ready_in
    return Event("double-11", ready + MINUTE, ready + 2 * HOUR, ready, **given)


def floors(event_: Event, policy: Calendar | None = None, **words: Any) -> list[tuple[str, float]]:
    given: dict[str, Any] = {"demand": (steady(ordinary=USUAL),), "events": (event_,)} | words
    bounds = (policy or Calendar(CalendarSettings())).bounds(seen(**given), {})
    return [(bound.reason, float(bound.replicas)) for bound in bounds]


# From 100 to 132 replicas it is one patch; 180 s of lead time, and 120 s to spare.
@pytest.mark.parametrize(
    ("ready_in", "said"),
    [
        pytest.param(301.0, [("EventPrewarm", 0.0)], id="before the prewarm nothing"),
        pytest.param(300.0, [("EventPrewarm", 132.0)], id="from its start the whole, and a tenth"),
        pytest.param(0.0, [("EventPrewarm", 132.0)], id="until the event"),
        pytest.param(-MINUTE, [("EventFloor", 132.0)], id="in it"),
        pytest.param(1 - 2 * HOUR, [("EventFloor", 132.0)], id="to its last second"),
        pytest.param(-2 * HOUR, [], id="and not after it"),
    ],
)
def test_an_event_of_one_and_a_half_times_the_usual_asks_for(
    ready_in: float, said: list[tuple[str, float]]
) -> None:
    assert floors(event(ready_in)) == said


def test_a_long_climb_starts_early() -> None:
    slow = ScaleUp(share=0.1, replicas=4, period=60.0)
    starts = prewarm_starts(
        event(), seen(current=20, scale_up=slow, demand=(steady(ordinary=USUAL),))
    )
    by_tens = np.ceil(np.log(132 / 20) / np.log(1.1)) - 1
    assert starts == NOW + HOUR - 180 - 120 - 60 * by_tens


@pytest.mark.parametrize(
    ("phase", "patches"),
    [
        pytest.param(Phase.PEACE, 30, id="by the pace of the prewarm"),
        pytest.param(Phase.WAR, 0, id="by its own in a war, which goes on until then"),
    ],
)
def test_the_climb_to_an_event_is_reckoned(phase: Phase, patches: int) -> None:
    by_ones = ScaleUp(share=0.0, replicas=1, period=60.0)
    now = replace(seen(current=100, phase=phase), prewarm_scale_up=by_ones)
    starts = prewarm_starts(event(replicas=119.0), now)
    assert starts == NOW + HOUR - 180 - 120 - 60 * patches


def test_the_climb_goes_to_the_least_fleet_of_the_prewarm_where_the_event_needs_less() -> None:
    by_ones = ScaleUp(share=0.0, replicas=1, period=60.0)
    now = replace(seen(current=100, scale_up=by_ones), prewarm_least=151.0)
    for unknown in (event(replicas=119.0), event(times=NAN)):
        assert prewarm_starts(unknown, now) == NOW + HOUR - 180 - 120 - 60 * 50


def test_a_part_of_a_replica_takes_a_patch_of_its_own() -> None:
    by_ones = seen(current=100, scale_up=ScaleUp(share=0.0, replicas=1, period=60.0))
    starts = prewarm_starts(event(replicas=119.0), by_ones)  # with a tenth to spare 130.9
    assert starts == NOW + HOUR - 180 - 120 - 60 * 30
    assert floors(event(0.0, replicas=119.0)) == [("EventPrewarm", 131.0)]


@pytest.mark.parametrize(
    ("start", "end", "minute"),
    [
        pytest.param(2 * HOUR, 5 * HOUR, 14 * 60 + 59, id="for an hour from its start"),
        pytest.param(-HOUR, 5 * HOUR, 12 * 60 + 59, id="once it has begun from now on"),
        pytest.param(-HOUR, 600.0, 12 * 60 + 9, id="and no longer than it lasts"),
    ],
)
def test_the_usual_of_an_event_is_the_highest(start: float, end: float, minute: float) -> None:
    """Demand of the ordinary day grows by one a minute; it is noon."""
    rising = seen(demand=(steady(ordinary=np.arange(1440.0)),))
    announced = Event("double-11", NOW + start, NOW + end, NOW + start, times=2.0)
    assert need_of(announced, rising) == 2 * minute


@pytest.mark.parametrize("rate", [ScaleUp(), ScaleUp(0.1, 4, 60)], ids=["as HPA", "slowly"])
@pytest.mark.parametrize("tick", [5, 15, 20, 60])
def test_a_prewarm_that_has_begun_goes_on_until_the_event(tick: int, rate: ScaleUp) -> None:
    current, phase = 3, Phase.PEACE
    wanted = []
    for now in np.arange(NOW, NOW + HOUR, tick):
        said = floors(
            event(replicas=120.0),
            now=float(now),
            current=current,
            phase=phase,
            scale_up=rate,
            demand=(steady(now=float(now)),),
        )
        wanted.append(said[0][1])
        if wanted[-1]:
            current, phase = int(min(wanted[-1], rate.highest(current))), Phase.PREWARM
    assert wanted == sorted(wanted)
    assert current == 132


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        pytest.param(Phase.WAR, (), id="in the war of another event"),
        pytest.param(Phase.EBB, (Phase.EBB,), id="in a phase that somebody has set"),
    ],
)
@pytest.mark.parametrize("rate", [ScaleUp(0.05, 2, 60), ScaleUp(0.1, 4, 300)], ids=str)
def test_so_it_does_where_no_phase_tells_of_it(
    phase: Phase, words: tuple[Phase, ...], rate: ScaleUp
) -> None:
    """Each patch makes the climb shorter, and by more than the time that has passed."""
    current, opened = 88, -HOUR
    going_on = Event("sale", NOW - HOUR, NOW + 3 * HOUR, NOW - HOUR, replicas=80.0)
    wanted = []
    for now in np.arange(NOW, NOW + 2 * HOUR, 15.0):
        said = floors(
            event(2 * HOUR, replicas=240.0),
            events=(going_on, event(2 * HOUR, replicas=240.0)),
            overrides=tuple(Override("w", "x", NOW + 3 * HOUR, phase=one) for one in words),
            now=float(now),
            current=current,
            phase=phase,
            scale_up=rate,
            demand=(steady(80.0, now=float(now)),),
        )
        wanted.append(said[1][1])
        if wanted[-1] > current and now - opened >= rate.period:
            current, opened = int(min(wanted[-1], rate.highest(current))), float(now)
    assert wanted == sorted(wanted)
    assert current == 264


def test_what_a_climb_in_a_war_begins_with_is_held_by_demand_and_by_what_goes_on() -> None:
    by_ones = ScaleUp(share=0.0, replicas=1, period=60.0)
    now = seen(current=100, phase=Phase.WAR, scale_up=by_ones, demand=(steady(60.0),))
    sale = Event("sale", NOW - HOUR, NOW + HOUR, NOW - HOUR, replicas=80.0)
    for events, begins in (((), 60), ((sale,), 88), ((sale._replace(replicas=NAN),), 60)):
        starts = prewarm_starts(event(replicas=110.0), replace(now, events=events))
        assert starts == NOW + HOUR - 180 - 120 - 60 * (121 - begins - 1)
    blind = prewarm_starts(event(replicas=110.0), replace(now, demand=(steady(NAN),)))
    assert blind == NOW + HOUR - 180 - 120 - 60 * 20


def test_the_settings_are_headroom_and_margin() -> None:
    policy = Calendar(settings(CalendarSettings, headroom="50%", margin="0s"))
    assert floors(event(181.0), policy) == [("EventPrewarm", 0.0)]
    assert floors(event(180.0), policy) == [("EventPrewarm", 180.0)]


@pytest.mark.parametrize(
    ("demand", "more", "need"),
    [
        pytest.param((steady(ordinary=USUAL),), {}, 120.0, id="a multiple of the usual"),
        pytest.param((steady(),), {"replicas": 500.0}, 500.0, id="a number"),
        pytest.param((), {"replicas": 500.0}, 500.0, id="a number needs no signal"),
        pytest.param((steady(NAN),), {"replicas": 500.0}, 500.0, id="nor any data"),
        pytest.param((steady(),), {}, NAN, id="unknown where the usual is"),
        pytest.param((), {}, NAN, id="or where there is no signal"),
        pytest.param(
            (steady(ordinary=USUAL), steady(name="egress", ordinary=USUAL * 2)),
            {},
            240.0,
            id="the larger of two signals",
        ),
    ],
)
def test_an_event_needs(demand: Any, more: dict[str, float], need: float) -> None:
    assert need_of(event(**more), seen(demand=demand)) == pytest.approx(need, nan_ok=True)


def test_lanes_may_mix_numbers_and_multiples() -> None:
    mixed = event(replicas=np.array([NAN, 500.0]))
    found = need_of(mixed, seen(demand=(steady(ordinary=USUAL),)))
    assert np.asarray(found).tolist() == [120.0, 500.0]


def test_an_event_that_cannot_be_reckoned_is_unknown_from_a_lead_time_before() -> None:
    (early,) = floors(event(301.0), demand=(steady(),))
    (late,) = floors(event(300.0), demand=(steady(),))
    assert early == ("EventPrewarm", 0.0)
    assert np.isnan(late[1])


def test_every_event_speaks_for_itself() -> None:
    found = seen(
        demand=(steady(ordinary=USUAL),),
        events=(event(0.0), event(0.0, times=2.0)._replace(name="b")),
    )
    said = [bound.message for bound in Calendar(CalendarSettings()).bounds(found, {})]
    assert said == [
        "double-11 is expected to need 120.0 replicas",
        "b is expected to need 160.0 replicas",
    ]


# --- the shape of an earlier event

OPENING = (1.0, 0.25, 0.25, 0.5, 0.25)
"""A rush at the start, a calm hour, a second peak half as high after 90 minutes of two hours."""


def shaped(minutes_in: float, **words: Any) -> float:
    """What an event of two hours needs, some minutes after its start; its peak is 800."""
    start = NOW - minutes_in * MINUTE
    event_ = Event("double-11", start, start + 2 * HOUR, start, times=10.0, shape=OPENING)
    given: dict[str, Any] = {"demand": (steady(ordinary=USUAL),), "scale_up": ScaleUp(1.0, 1000)}
    return float(need_of(event_, seen(**given | words), margin=0.0))


def test_before_an_event_its_opening_is_needed() -> None:
    assert shaped(-60) == 800.0


def test_in_an_event_the_need_follows_the_earlier_one() -> None:
    assert shaped(15) == 500.0
    assert shaped(45) == 200.0
    assert shaped(120) == 200.0


def test_a_rise_is_needed_one_climb_before_it_comes() -> None:
    assert shaped(60) == pytest.approx(200 + 200 * 3 / 30)
    assert shaped(57) == 200.0
    by_tens = ScaleUp(share=0.1, replicas=1, period=60.0)
    climb = 180 + 60 * (np.ceil(np.log(400 / 200) / np.log(1.1)) - 1)
    assert shaped(60, scale_up=by_tens) == pytest.approx(200 + 200 * climb / 1800)


def test_a_shape_may_stand_on_a_number_of_replicas() -> None:
    event_ = Event("a", NOW, NOW + HOUR, NOW, replicas=300.0, shape=(0.5, 0.5))
    assert need_of(event_, seen(demand=())) == 150.0


def test_a_shape_above_an_unknown_usual_is_unknown() -> None:
    assert np.isnan(shaped(0, demand=(steady(),)))


def test_lanes_follow_a_shape_each_by_its_own_climb() -> None:
    found = need_of(
        Event("a", NOW - HOUR, NOW + HOUR, NOW - HOUR, times=10.0, shape=OPENING),
        seen(demand=(steady(ordinary=USUAL),), scale_up=ScaleUp(1.0, 1000), lead_time=180.0),
        margin=np.array([0.0, 120.0]),
    )
    assert np.asarray(found).tolist() == pytest.approx([220.0, 220.0 + 200 * 2 / 30])
