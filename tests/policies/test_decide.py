"""One decision of all policies, and what holds for every one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide_policies.contract import Bound, Kind, Memory, Policy, PolicySettings
from ebbtide_policies.decide import decide
from ebbtide_policies.demand import Outlook, Signal
from ebbtide_policies.observation import LastStep, Observation
from ebbtide_policies.snapshot import Snapshot
from tests.conformance import DOUBTS, SITUATIONS
from tests.policies.builders import LEVELS, NAN, NOW, house, seen, signal, steady
from tests.policies.strangers import Stranger

KNOWN = st.floats(0, 500)
MINUTES = st.lists(st.one_of(KNOWN, st.just(NAN)), min_size=1, max_size=20)
ROWS = st.lists(st.lists(KNOWN, min_size=12, max_size=12), min_size=3, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(["at", "start", "origin", "replicas", "maxStep", "soak"])
MEMORIES = st.dictionaries(st.sampled_from(["descent", "rate"]), st.dictionaries(KEYS, JSON))


@st.composite
def observations(draw: st.DrawFn) -> Snapshot:
    """Any fleet under any demand, with any forecast or none."""
    ahead = Outlook(NOW - draw(st.sampled_from([0, 60, 600, 6000])), LEVELS, np.array(draw(ROWS)))
    current = draw(st.integers(0, 300))
    demand = signal(
        draw(MINUTES),
        late=draw(st.sampled_from([0.0, 30.0, 120.0, 900.0])),
        outlook=draw(st.sampled_from([None, ahead])),
        trusted=draw(st.booleans()),
    )
    return seen(current=current, ready=draw(st.integers(0, current)), demand=(demand,))


SEEN = observations()


def changed(found: Snapshot, **changes: Any) -> Snapshot:
    """The same, with another demand."""
    (demand,) = found.demand
    assert isinstance(demand, Signal)
    return replace(found, demand=(replace(demand, **changes),))


@given(SEEN, st.permutations(house()))
def test_the_order_of_policies_changes_nothing(
    found: Snapshot, shuffled: list[Policy[Any]]
) -> None:
    assert repr(decide(shuffled, found, {}).decision) == repr(decide(house(), found, {}).decision)


@given(SEEN, MEMORIES)
def test_the_same_observation_makes_the_same_decision(found: Snapshot, stored: Any) -> None:
    first, again = (decide(house(), found, stored) for _ in range(2))
    assert repr(first.decision) == repr(again.decision)
    assert dict(first.memories) == dict(again.memories)
    assert json.loads(json.dumps(first.memories, allow_nan=False)) == first.memories


@given(SEEN, st.floats(0, 500))
def test_want_is_monotone_in_present_demand(found: Snapshot, more: float) -> None:
    (demand,) = found.demand
    assert isinstance(demand, Signal)
    raised = demand.minutes.copy()
    raised[np.flatnonzero(~np.isnan(raised))[-1:]] += more
    higher = decide(house(), changed(found, minutes=raised), {}).decision
    assert decide(house(), found, {}).decision.want <= higher.want


@given(SEEN, ROWS)
def test_want_is_monotone_in_each_quantile_of_the_forecast(
    found: Snapshot, more: list[list[float]]
) -> None:
    (demand,) = found.demand
    assert isinstance(demand, Signal)
    if demand.outlook:
        raised = replace(demand.outlook, values=demand.outlook.values + np.array(more))
        higher = decide(house(), changed(found, outlook=raised), {}).decision
        assert decide(house(), found, {}).decision.want <= higher.want


@given(SEEN, MEMORIES, st.integers(0, 40))
def test_no_data_never_shrinks(found: Snapshot, stored: Any, minutes: int) -> None:
    blind = changed(found, minutes=np.full(minutes, NAN))
    assert decide(house(), blind, stored).decision.replicas >= found.fleet.current


@pytest.mark.parametrize("name", DOUBTS)
def test_no_doubt_ever_shrinks(name: str) -> None:
    stored = {"descent": {"origin": 100, "replicas": 100, "at": 0, "maxStep": 1, "soak": 1}}
    assert decide(house(), DOUBTS[name], stored).decision.replicas >= 100


@pytest.mark.parametrize("name", SITUATIONS)
def test_at_first_sight_nothing_goes(name: str) -> None:
    found = SITUATIONS[name]
    assert decide(house(most=10**7), found, {}).decision.replicas >= found.fleet.current


# --- policies that fail -------------------------------------------------------------------------


class Forgetful(Policy[PolicySettings]):
    """Fails to recall and to remember; with `answer` None to answer, too."""

    name = "forgetful"

    def __init__(self, answer: Any) -> None:
        super().__init__(PolicySettings())
        self.answer = answer

    def bounds(self, seen: Observation, memory: Memory) -> Iterable[Bound]:
        yield Bound(Kind.FLOOR, self.answer, self.name, f"Said{len(memory)}")

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        raise LookupError

    def remember(self, seen: Observation, memory: Memory, replicas: Any) -> Memory:
        raise LookupError


IDLE = seen(demand=(steady(10.0),))
RESTED = {"descent": {"origin": 100, "replicas": 100, "at": 0, "maxStep": 1, "soak": 1}}


def test_without_it_an_idle_fleet_takes_a_step() -> None:
    assert decide(house(), IDLE, RESTED).decision.replicas == 95


def test_a_policy_that_raises_holds_capacity_and_says_so() -> None:
    decision = decide(house(Stranger(None)), IDLE, RESTED).decision
    assert (decision.replicas, decision.binding.reason) == (100, "PolicyFailed")
    assert decision.binding.message == "the policy failed: LookupError: no answer"


def test_a_policy_that_raises_stops_no_rise() -> None:
    rising = seen(demand=(steady(150.0),))
    assert decide(house(Stranger(None)), rising, {}).decision.replicas >= 150


@pytest.mark.parametrize("answer", [None, "many", np.array([1.0, 2.0])])
def test_a_bound_that_is_no_number_is_a_failure(answer: Any) -> None:
    decision = decide(house(Forgetful(answer)), IDLE, RESTED).decision
    assert (decision.replicas, decision.binding.reason) == (100, "PolicyFailed")


def test_a_policy_that_cannot_remember_is_asked_all_the_same() -> None:
    outcome = decide(house(Forgetful(97.0)), IDLE, RESTED)
    assert (outcome.decision.replicas, outcome.decision.binding.reason) == (97, "Said0")
    assert "forgetful" not in outcome.memories


class Stuck(Forgetful):
    """Recalls, and fails to remember."""

    def recall(self, stored: Mapping[str, object] | None, seen: Observation) -> Memory:
        return {"seen": 1.0}


def test_a_policy_that_cannot_remember_keeps_what_it_had() -> None:
    assert decide(house(Stuck(97.0)), IDLE, RESTED).memories["forgetful"] == {"seen": 1.0}


@pytest.mark.parametrize("stored", ["text", 7, None, ["at"], {"at": 10**400}])
def test_a_memory_that_is_none_is_lost(stored: Any) -> None:
    outcome = decide(house(), IDLE, {"descent": stored, "rate": stored})
    assert outcome.decision.binding.reason == "DescentSoaking"
    assert outcome.memories["descent"]["at"] == NOW


def test_the_settings_that_were_written_are_in_force() -> None:
    decision = decide(house(least=98), IDLE, RESTED).decision
    assert (decision.replicas, decision.binding.reason) == (98, "TooFewReplicas")


def test_a_rollback_goes_back_no_further_than_the_last_step_left() -> None:
    far = house(Stranger((Kind.ROLLBACK, 1e9)))
    assert decide(far, IDLE, RESTED).decision.replicas == 100
    stepped = seen(demand=(steady(10.0),), last_step=LastStep(NOW - 90, 105, 100))
    assert decide(far, stepped, RESTED).decision.replicas == 105
