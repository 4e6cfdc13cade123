"""Between war and peace."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ebbtide_policies.event_calendar import CalendarSettings
from ebbtide_policies.observation import Event, Override, Phase
from ebbtide_policies.phase import LULL, next_phase
from ebbtide_policies.phase_lanes import one_phase, places
from tests.policies.builders import NAN, NOW, seen, settings, signal, steady
from tests.policies.stacking import stack

PEACE, PREWARM, WAR, EBB = Phase.PEACE, Phase.PREWARM, Phase.WAR, Phase.EBB
USUAL = np.full(1440, 80.0)
HOUR = 3600.0


def demand(level: float) -> Any:
    return (steady(level, ordinary=USUAL),)


def around(minutes: int) -> Any:
    """A surge, were twice as much not usual some minutes from now, which is noon."""
    usual = USUAL.copy()
    usual[720 + minutes] = 160.0
    return (steady(161.0, ordinary=usual),)


def event(start: float, end: float) -> Any:
    return (Event("double-11", NOW + start, NOW + end, NOW + start, replicas=150.0),)


def word(phase: Phase) -> Override:
    return Override(phase.value, "rehearsal", NOW + 60, phase=phase)


def after(before: float, last: float) -> Any:
    """Demand that has just changed."""
    return (signal([before] * 59 + [last], ordinary=USUAL),)


def unknown() -> Any:
    return (steady(NAN, ordinary=USUAL),)


def over(level: float, rise: float = 0.0, hours: float = 1.0) -> dict[str, Any]:
    """An event is over; demand has risen evenly over the last half hour."""
    way = [*[level - rise] * 30, *np.linspace(level - rise, level, 31)]
    events = event(-hours * HOUR - HOUR, -hours * HOUR)
    return {"demand": (signal(way, ordinary=USUAL),), "events": events, "phase_since": NOW - 9e4}


ROWS = [
    pytest.param(PEACE, {}, PEACE, id="an ordinary day is peace"),
    pytest.param(PEACE, {"events": event(HOUR, 2 * HOUR)}, PEACE, id="an event is far ahead"),
    pytest.param(PEACE, {"events": event(300, HOUR)}, PREWARM, id="its fleet has to grow"),
    pytest.param(PEACE, {"events": event(0, HOUR)}, WAR, id="it has begun"),
    pytest.param(WAR, {"events": event(-HOUR, 1)}, WAR, id="it goes on"),
    pytest.param(WAR, {"events": event(-HOUR, 0), "current": 200}, EBB, id="it has ended"),
    pytest.param(EBB, {"current": 93}, EBB, id="the fleet is still above an ordinary one"),
    pytest.param(EBB, {"current": 92}, PEACE, id="the fleet is an ordinary one"),
    pytest.param(
        EBB,
        {"current": 93, "demand": (steady(80.0, ordinary=USUAL + 0.5),)},
        PEACE,
        id="which is rounded up",
    ),
    pytest.param(EBB, {"demand": ()}, EBB, id="nobody knows what is ordinary"),
    pytest.param(EBB, {"demand": (steady(80.0),), "current": 92}, PEACE, id="half an hour tells"),
    pytest.param(EBB, {"demand": (steady(NAN),)}, EBB, id="not even half an hour is known"),
    pytest.param(EBB, {"demand": (steady(0.0),), "current": 1}, PEACE, id="one replica is ebbed"),
    pytest.param(PREWARM, {"current": 200}, EBB, id="an event was called off"),
    pytest.param(PEACE, {"demand": demand(160.0)}, PEACE, id="twice the usual is no surge yet"),
    pytest.param(PEACE, {"demand": demand(161.0)}, WAR, id="more is"),
    pytest.param(PEACE, {"demand": around(25)}, PEACE, id="unless half an hour later it is usual"),
    pytest.param(PEACE, {"demand": around(-25)}, PEACE, id="or half an hour before"),
    pytest.param(PEACE, {"demand": around(35)}, WAR, id="but no later"),
    pytest.param(PEACE, {"demand": around(-35)}, WAR, id="and not before"),
    pytest.param(WAR, {"demand": demand(113.0)}, WAR, id="a surge lasts while it is well above"),
    pytest.param(WAR, {"demand": demand(112.0)}, EBB, id="and ends well below where it began"),
    pytest.param(EBB, {"demand": demand(113.0)}, EBB, id="an ebb is no surge again"),
    pytest.param(PEACE, {"demand": (steady(500.0),)}, PEACE, id="no usual, no surge"),
    pytest.param(WAR, {"demand": (steady(500.0),)}, PEACE, id="nor does one go on"),
    pytest.param(WAR, {"demand": after(161.0, 80.0)}, WAR, id="one calm minute ends no surge"),
    pytest.param(WAR, {"demand": after(161.0, NAN)}, WAR, id="what is not known ends none"),
    pytest.param(WAR, {"demand": unknown()}, WAR, id="not even when nothing is known"),
    pytest.param(PEACE, {"demand": after(80.0, NAN)}, PEACE, id="nor does it begin one"),
    pytest.param(PEACE, {"demand": after(80.0, 161.0)}, WAR, id="one minute above begins one"),
    pytest.param(WAR, over(170.0), EBB, id="an event ends with its end, however high demand is"),
    pytest.param(EBB, over(170.0), EBB, id="what an event leaves behind is no surge"),
    pytest.param(EBB, over(170.0, rise=45.0), WAR, id="a rise after an event is a new one"),
    pytest.param(EBB, over(170.0, rise=39.0), EBB, id="unless it is small"),
    pytest.param(EBB, over(150.0, rise=45.0), EBB, id="or demand is no surge"),
    pytest.param(EBB, over(170.0, hours=25.0), WAR, id="a day later the event is past"),
    pytest.param(WAR, over(120.0) | {"phase_since": NOW}, WAR, id="a new surge goes on"),
    pytest.param(
        WAR,
        {"overrides": (word(PEACE),), "events": event(-HOUR, HOUR)},
        PEACE,
        id="a word holds in an event",
    ),
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


def test_a_few_viewers_whom_the_smallest_fleet_carries_are_no_war() -> None:
    night = (steady(3.0, ordinary=USUAL * 0.01),)
    assert next_phase(seen(demand=night)) is WAR
    assert next_phase(seen(demand=night), least=3.0) is PEACE


def test_a_prewarm_that_has_begun_survives_a_shorter_lead_time() -> None:
    soon = event(400, HOUR)
    early = seen(demand=demand(80.0), events=soon, lead_time=300.0)
    later = seen(demand=demand(80.0), events=soon, lead_time=60.0, phase=PREWARM)
    assert next_phase(early) is PREWARM
    assert next_phase(later) is PREWARM


def test_a_prewarm_of_an_event_that_is_put_off_ends() -> None:
    assert next_phase(seen(current=200, phase=PREWARM, events=event(9 * HOUR, 10 * HOUR))) is EBB


LANE = st.tuples(
    st.sampled_from([80.0, 113.0, 161.0, NAN]),
    st.sampled_from(list(Phase)),
    st.sampled_from([60, 93, 120]),
    st.sampled_from([NAN, 80.0]),
    st.sampled_from([0, 600, 7200]),
)


@given(
    st.lists(LANE, min_size=4, max_size=4),
    st.sampled_from([(), event(300, HOUR), event(-HOUR, HOUR), event(-2 * HOUR, -HOUR)]),
)
def test_lanes_are_each_in_the_phase_in_which_they_are_alone(
    lanes: list[tuple[float, Phase, int, float, int]], events: Any
) -> None:
    looks = [
        seen(
            now=NOW + later,
            current=current,
            demand=(steady(level, now=NOW + later, ordinary=np.full(1440, usual)),),
            phase=before,
            events=events,
        )
        for level, before, current, usual, later in lanes
    ]
    before: Any = np.concatenate([[places(look.phase)] for look in looks])
    together = next_phase(replace(stack(looks), phase=before))
    alone = [int(places(next_phase(look))) for look in looks]
    assert np.broadcast_to(places(together), 4).tolist() == alone


LEVELS = st.floats(0.0, 400.0)


def course(minutes: list[float], start: Phase, current: int) -> list[Phase]:
    """The phases of some minutes, one after the other, and the one before them."""
    phases, since, known = [start], NOW, [80.0] * 15
    for i, level in enumerate(minutes):
        known = [*known[1:], level]
        now = NOW + 60.0 * i
        found = seen(
            now=now,
            current=current,
            demand=(signal(known, now=now, ordinary=USUAL),),
            phase=phases[-1],
            phase_since=since,
        )
        phases.append(one_phase(next_phase(found)))
        since = now if phases[-1] is not phases[-2] else since
    return phases


def turns(phases: list[Phase]) -> int:
    return sum(one is not other for one, other in pairwise(phases))


@profile(max_examples=60)
@given(
    st.floats(20.0, 400.0),
    st.lists(st.floats(0.85, 1.15), min_size=60, max_size=60),
    st.sampled_from([PEACE, EBB, WAR]),
    st.sampled_from([50, 200]),
)
def test_under_noise_the_phase_does_not_flap(
    level: float, noise: list[float], start: Phase, current: int
) -> None:
    """A seventh of noise around any level: at most a surge that begins, or one that ends."""
    assert turns(course([level * part for part in noise], start, current)) <= 2


@profile(max_examples=60)
@given(st.lists(LEVELS | st.just(NAN), min_size=40, max_size=40), st.sampled_from([PEACE, WAR]))
def test_whatever_demand_does_a_war_lasts_as_long_as_a_lull(
    minutes: list[float], start: Phase
) -> None:
    phases = course(minutes, start, 200)
    ends = [i for i, (one, next_) in enumerate(pairwise(phases)) if (one, next_) == (WAR, EBB)]
    begins = [i for i, (one, next_) in enumerate(pairwise(phases)) if next_ is WAR is not one]
    assert all(end - begin > LULL / 60 for begin in begins for end in ends if end > begin)


@given(LEVELS, st.sampled_from(list(Phase)), st.sampled_from(list(Phase)))
def test_a_word_about_the_phase_leaves_nothing_behind_but_the_phase(
    level: float, before: Phase, said: Phase
) -> None:
    spoken = seen(demand=demand(level), phase=before, overrides=(word(said),))
    assert next_phase(spoken) is said
    assert next_phase(seen(demand=demand(level), phase=said)) is not PREWARM
