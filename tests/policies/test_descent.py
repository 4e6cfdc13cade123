"""The way down: its size, its soak, its gates."""

from typing import Any

import pytest

from ebbtide_policies.contract import Bound
from ebbtide_policies.descent import Descent, DescentSettings, step_size
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
        case({}, 100, "ForecastGate", "no known demand holds", demand=(steady(NAN),)),
        case({}, 100, "ForecastGate", "nor does none at all let go", demand=()),
    ],
)
def test_of_a_hundred_idle_replicas_there_stay(
    memory: dict[str, float], words: dict[str, Any], replicas: int, reason: str
) -> None:
    decision = descend(memory, **words)
    assert (decision.replicas, decision.binding.reason) == (replicas, reason)


DIP = [99.0] * 8 + [10.0] * 8
"""Demand that was high until eight minutes ago."""


@pytest.mark.parametrize(
    "doubtful",
    [
        pytest.param(signal(DIP), id="there is none"),
        pytest.param(signal(DIP, outlook=outlook(9.0)), id="it is not trusted"),
        pytest.param(
            signal(DIP, outlook=outlook(9.0, 9.0, origin=NOW - 3600), trusted=True),
            id="it has expired",
        ),
        pytest.param(
            signal(DIP, outlook=outlook(*[9.0] * 60), trusted=True, per_replica=1.0),
            id="its horizon is shorter than the way back",
        ),
    ],
)
def test_the_past_takes_the_place_of_a_forecast_where(doubtful: Any) -> None:
    slow = 4000.0 if doubtful.outlook and doubtful.outlook.end > NOW + 600 else 180.0
    decision = descend(RESTED, demand=(doubtful,), lead_time=slow)
    assert (decision.replicas, decision.binding.reason) == (99, "ForecastGate")


def test_the_past_that_is_asked_for_is_lead_time_period_soak_and_window() -> None:
    past = 180 + 15 + 60 + 300
    until = past // 60
    remembered = signal([99.0] + [10.0] * until)
    forgotten = signal([99.0] + [10.0] * (until + 1))
    assert descend(RESTED, demand=(remembered,)).replicas == 99
    assert descend(RESTED, demand=(forgotten,)).replicas == 95


def test_headroom_makes_the_gate_narrower() -> None:
    chosen = settings(DescentSettings, headroom="10%")
    assert descend(RESTED, chosen=chosen, demand=(foretold(88.0, past=88.0),)).replicas == 97


def test_the_largest_signal_decides() -> None:
    both = (foretold(10.0), foretold(96.2, name="egress"))
    assert descend(RESTED, demand=both).replicas == 97


def test_memory_that_is_lost_takes_the_last_step_as_taken_now() -> None:
    decision = descend({})
    assert (decision.replicas, decision.binding.reason) == (100, "DescentSoaking")


@pytest.mark.parametrize("key", list(RESTED))
def test_memory_that_lacks_a_number_is_lost(key: str) -> None:
    assert descend({k: v for k, v in RESTED.items() if k != key}).replicas == 100


def test_memory_whose_start_is_below_its_end_is_lost() -> None:
    assert descend(RESTED | {"origin": 99.0}).replicas == 100


def learn(memory: dict[str, float], replicas: float) -> dict[str, float]:
    found = seen(**IDLE)
    policy = Descent(settings(DescentSettings, maxStep="10%", soak="2m"))
    return dict(policy.remember(found, policy.recall(memory, found), replicas))  # type: ignore[arg-type]


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


def test_no_change_is_not_remembered() -> None:
    assert learn(RESTED, 100) == RESTED


def test_every_gate_has_a_sentence() -> None:
    found = seen(**IDLE)
    policy = Descent(DescentSettings())
    said: list[Bound] = list(policy.bounds(found, policy.recall(RESTED, found)))
    assert [bound.message for bound in said] == [
        "a step takes at most 5 of 100 replicas",
        "600 s of the 60 s soak have passed since the last step",
        "100 of 100 replicas are ready; rollout in progress: False",
        "until capacity could be won back, demand may need 10.0 replicas",
    ]
