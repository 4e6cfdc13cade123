"""The way down: its size, its soak, its gates."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.contract import Bound
from ebbtide_policies.descent import Descent, DescentSettings, step_size
from ebbtide_policies.observation import Event, LastStep
from ebbtide_policies.resolve import resolve
from tests.policies.builders import NAN, NOW, foretold, outlook, seen, settings, signal, steady

RESTED = {"origin": 100.0, "replicas": 100.0, "at": NOW - 600, "maxStep": 0.05, "soak": 60.0}
LOW = (foretold(10.0, past=10.0),)
IDLE: dict[str, Any] = {"current": 100, "demand": LOW}


def descend(
    memory: dict[str, float], *, chosen: DescentSettings | None = None, **words: Any
) -> Any:
    found = seen(**(IDLE | words))
    policy = Descent(chosen or DescentSettings())
    return resolve(found, policy.bounds(found, policy.recall(memory, found)))


@pytest.mark.parametrize(
    ("origin", "share", "size"),
    [
        pytest.param(100, 0.05, 5, id="a share of the fleet"),
        pytest.param(119, 0.05, 5, id="rounded down"),
        pytest.param(7, 0.05, 1, id="but at least one replica"),
        pytest.param(0, 0.05, 1, id="even of none"),
        pytest.param(300, 0.07, 21, id="21 of 300, though 300 * 0.07 is a hair less"),
        pytest.param(10, 1.0, 10, id="all of it where that is what was asked for"),
    ],
)
def test_the_size_of_a_step_is(origin: float, share: float, size: float) -> None:
    assert step_size(origin, share) == size


def case(memory: dict[str, float], replicas: int, reason: str, sentence: str, **words: Any) -> Any:
    return pytest.param(RESTED | memory, words, replicas, reason, id=sentence)


@pytest.mark.parametrize(
    ("memory", "words", "replicas", "reason"),
    [
        case({}, 95, "DescentStep", "one step once all gates are open"),
        case({"origin": 200.0}, 90, "DescentStep", "a share of the start of the descent"),
        case({"origin": 200.0, "replicas": 120.0}, 95, "DescentStep", "another hand moved it"),
        case({"at": NOW - 59}, 100, "DescentSoaking", "no step before the soak is over"),
        case({"at": NOW - 60}, 95, "DescentStep", "a step as soon as it is"),
        case({"at": NOW + 1}, 100, "DescentSoaking", "a step from the future is taken now"),
        case({"soak": 900.0}, 100, "DescentSoaking", "the old soak holds if it is longer"),
        case({"soak": 1.0, "at": NOW - 30}, 100, "DescentSoaking", "the new one if that is"),
        case({"maxStep": 0.01}, 99, "DescentStep", "the old step holds if it is smaller"),
        case({"maxStep": 0.5}, 95, "DescentStep", "the new one if that is"),
        case({}, 100, "FleetNotWhole", "a replica that is missing holds", ready=99),
        case({}, 100, "FleetNotWhole", "a rollout holds", rollout=True),
        case({}, 95, "DescentStep", "pods that linger do not", ready=103),
        case({}, 98, "ForecastGate", "what will come back stays", demand=(foretold(97.3),)),
        case({}, 100, "ForecastGate", "a rise ahead is no ebb", demand=(foretold(140.0),)),
        case({}, 95, "DescentStep", "demand that was high is past", demand=(foretold(9.0),)),
        case({}, 100, "DemandMayReturn", "no known demand holds", demand=(steady(NAN),)),
        case({}, 100, "DemandMayReturn", "nor does none at all let go", demand=()),
    ],
)
def test_of_a_hundred_idle_replicas_there_stay(
    memory: dict[str, float], words: dict[str, Any], replicas: int, reason: str
) -> None:
    decision = descend(memory, **words)
    assert (decision.replicas, decision.binding.reason) == (replicas, reason)


@pytest.mark.parametrize(
    ("last_step", "ends"),
    [
        pytest.param(None, NOW + 10, id="where nothing else is known, from the decision"),
        pytest.param(LastStep(NOW - 40, 105, 100), NOW + 20, id="from the write that came after"),
        pytest.param(LastStep(NOW - 300, 110, 105), NOW + 10, id="and not from one before it"),
        pytest.param(LastStep(NOW - 5, 95, 100), NOW + 10, id="nor from a rise"),
        pytest.param(LastStep(NOW - 5, 100, 100), NOW + 10, id="or from what moved nothing"),
    ],
)
def test_a_step_rests_for_a_soak(last_step: LastStep | None, ends: float) -> None:
    decision = descend(RESTED | {"at": NOW - 50}, last_step=last_step)
    assert (decision.replicas, decision.binding.reason) == (100, "DescentSoaking")
    assert decision.binding.until == ends


WITHIN = 180 + 15 + 60 + 300
"""Seconds that a dip may last: lead time, period of scaling up, soak and window."""


def dipped(minutes_ago: int, **more: Any) -> Any:
    """Demand that fell from 99 to 10, and was 99 for the last time so many minutes ago."""
    return signal([99.0] * 20 + [10.0] * minutes_ago, **more)


@pytest.mark.parametrize(
    ("minutes_ago", "early", "replicas"),
    [
        pytest.param(0, "50%", 99, id="what demand is has to fit"),
        pytest.param(1, "50%", 95, id="a little may go soon"),
        pytest.param(1, "0%", 99, id="nothing where nothing is to go early"),
        pytest.param(WITHIN // 60, "0%", 99, id="and that for as long as a dip may last"),
        pytest.param(WITHIN // 60 + 1, "0%", 95, id="but no longer"),
    ],
)
def test_of_demand_that_may_return(minutes_ago: int, early: str, replicas: int) -> None:
    chosen = settings(DescentSettings, early=early)
    found = descend(RESTED, chosen=chosen, demand=(dipped(minutes_ago),))
    assert found.replicas == replicas


@pytest.mark.parametrize("trusted", [True, False])
def test_no_forecast_takes_the_place_of_what_was_just_seen(trusted: bool) -> None:
    sure = dipped(2, outlook=outlook(*[9.0] * 60), trusted=trusted)
    chosen = settings(DescentSettings, early="0%")
    decision = descend(RESTED, chosen=chosen, demand=(sure,))
    assert (decision.replicas, decision.binding.reason) == (99, "DemandMayReturn")


@pytest.mark.parametrize(
    ("ended", "replicas"),
    [
        pytest.param(NOW - 120, 95, id="after the announced end of an event nothing is waited for"),
        pytest.param(NOW - 300, 99, id="unless demand outlived it"),
        pytest.param(NOW + 60, 99, id="or it has not ended"),
    ],
)
def test_of_a_fall(ended: float, replicas: int) -> None:
    chosen = settings(DescentSettings, early="0%")
    event = Event("double-11", NOW - 7200, ended, NOW - 7300)
    found = descend(RESTED, chosen=chosen, demand=(dipped(1),), events=(event,))
    assert found.replicas == replicas


def test_the_end_of_a_part_of_an_event_is_no_end_while_the_whole_goes_on() -> None:
    chosen = settings(DescentSettings, early="0%")
    part = Event("first-hour", NOW - 3600, NOW - 120, NOW - 3700)
    longer = Event("double-11", NOW - 7200, NOW + 7200, NOW - 7300)
    found = descend(RESTED, chosen=chosen, demand=(dipped(1),), events=(longer, part))
    assert found.replicas == 99


def test_the_steps_grow_while_it_stays_calm() -> None:
    """Small ones while demand may return, whole ones once it is clear that it does not."""
    chosen = settings(DescentSettings, maxStep="20%")
    left, sizes = 100.0, []
    for minute in range(1, 12):
        memory = RESTED | {"maxStep": 0.2, "replicas": left}
        after = descend(
            memory, chosen=chosen, current=int(left), demand=(dipped(minute),), lead_time=60.0
        )
        sizes.append(int(left) - after.replicas)
        left = float(after.replicas)
    assert (sizes[:7], sizes[7:]) == ([4, 3, 4, 3, 4, 3, 3], [20, 20, 20, 6])


@given(
    fall=st.lists(st.floats(1.0, 90.0), min_size=1, max_size=12),
    higher=st.floats(0.0, 50.0),
    early=st.sampled_from(["0%", "25%", "100%"]),
)
def test_more_demand_in_the_past_never_lets_more_go(
    fall: list[float], higher: float, early: str
) -> None:
    chosen = settings(DescentSettings, early=early)
    low = signal([90.0] * 10 + fall)
    high = signal([90.0 + higher] * 10 + [each + higher for each in fall])
    kept = [descend(RESTED, chosen=chosen, demand=(each,)).replicas for each in (low, high)]
    assert kept[0] <= kept[1]
    assert kept[0] >= min(100, np.ceil(fall[-1] - 1e-6), 95)


@pytest.mark.parametrize(
    ("past", "ahead", "reason"),
    [
        pytest.param(10.0, 88.0, "ForecastGate", id="forecast"),
        pytest.param(88.0, 10.0, "DemandMayReturn", id="past"),
    ],
)
def test_headroom_is_laid_on_top_of_the(past: float, ahead: float, reason: str) -> None:
    chosen = settings(DescentSettings, headroom="10%")
    decision = descend(RESTED, chosen=chosen, demand=(foretold(ahead, past=past),))
    assert (decision.replicas, decision.binding.reason) == (97, reason)


@pytest.mark.parametrize(
    ("minutes", "replicas"),
    [
        pytest.param(5, 97, id="within the time to win capacity back, and a soak"),
        pytest.param(6, 95, id="but no later"),
    ],
)
def test_a_rise_is_no_ebb_that_comes(minutes: int, replicas: int) -> None:
    """Lead time, period of scaling up and soak are 255 s: they reach into the fifth minute."""
    rising = steady(10.0, outlook=outlook(*[10.0] * (minutes - 1), *[97.0] * 60), trusted=True)
    assert descend(RESTED, demand=(rising,)).replicas == replicas


def test_the_largest_signal_decides() -> None:
    both = (foretold(10.0), foretold(96.2, name="egress"))
    assert descend(RESTED, demand=both).replicas == 97


def test_memory_that_is_lost_takes_the_last_step_as_taken_now() -> None:
    decision = descend({})
    assert (decision.replicas, decision.binding.reason) == (100, "DescentSoaking")


@pytest.mark.parametrize("key", list(RESTED))
def test_memory_that_lacks_a_number_is_lost(key: str) -> None:
    policy, found = Descent(DescentSettings()), seen(**IDLE)
    half = {k: v for k, v in RESTED.items() if k != key}
    assert policy.recall(half, found) == policy.recall(None, found)


def test_memory_whose_start_is_below_its_end_is_lost() -> None:
    assert descend(RESTED | {"origin": 99.0}).replicas == 100


def learn(memory: dict[str, float], replicas: float) -> dict[str, float]:
    found = seen(**IDLE)
    policy = Descent(settings(DescentSettings, maxStep="10%", soak="2m"))
    learnt = policy.remember(found, policy.recall(memory, found), replicas)
    return {key: float(value) for key, value in learnt.items() if "." not in key}


def test_a_step_is_remembered_with_the_settings_that_it_was_taken_by() -> None:
    assert learn(RESTED | {"origin": 120.0}, 95) == {
        "origin": 120.0,
        "replicas": 95,
        "at": NOW,
        "maxStep": 0.1,
        "soak": 120.0,
    }


def test_a_rise_starts_the_next_descent_and_is_no_step() -> None:
    assert learn(RESTED, 150) == RESTED | {"origin": 150, "replicas": 150}


@pytest.mark.parametrize("moved", [{}, {"origin": 130.0, "replicas": 120.0}])
def test_no_change_is_not_remembered(moved: dict[str, float]) -> None:
    assert learn(RESTED | moved, 100) == RESTED | moved


def test_every_gate_has_a_sentence() -> None:
    found = seen(**IDLE)
    policy = Descent(DescentSettings())
    said: list[Bound] = list(policy.bounds(found, policy.recall(RESTED, found)))
    assert [bound.message for bound in said] == [
        "a step takes at most 5 of 100 replicas",
        "600 s of the 60 s soak have passed since the last step",
        "100 of 100 replicas are ready",
        "until capacity could be won back, demand may need 10.0 replicas",
        "10.0 replicas may be needed again: a dip may last 555 s",
    ]
