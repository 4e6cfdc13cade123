"""What others have begun limits what may be done now."""

from dataclasses import replace
from typing import Any

import pytest

from ebbtide_policies.contract import Bound, PolicySettings
from ebbtide_policies.hands import Hands
from ebbtide_policies.limits import Overrides
from ebbtide_policies.observation import OtherHands, Override
from ebbtide_policies.resolve import resolve
from ebbtide_policies.snapshot import Snapshot
from tests.policies.builders import NAN, NOW, house, seen, steady


def beside(hands: OtherHands, **words: Any) -> Snapshot:
    """A scene in which others have a hand on the fleet."""
    return replace(seen(**words), hands=hands)


def asked(found: Snapshot) -> list[Bound]:
    """What every policy of the house says of it."""
    return [bound for p in house() for bound in p.bounds(found, p.recall(None, found))]


@pytest.mark.parametrize(
    ("hands", "replicas", "reason"),
    [
        pytest.param(OtherHands(), 0, "DesiredWithinRange", id="nobody"),
        pytest.param(OtherHands(paused=True), 100, "RolloutPaused", id="a paused rollout"),
        pytest.param(OtherHands(zero=True), 100, "ScaledToZero", id="a fleet that is off"),
        pytest.param(OtherHands(reset="cron"), 100, "ReplicasReset", id="a reset in war"),
        pytest.param(OtherHands(most=40.0), 0, "DesiredWithinRange", id="room enough"),
    ],
)
def test_nothing_goes_while_somebody_has_a_hand_on_it(
    hands: OtherHands, replicas: int, reason: str
) -> None:
    found = beside(hands)
    decision = resolve(found, Hands(PolicySettings()).bounds(found, {}))
    assert (decision.replicas, decision.binding.reason) == (replicas, reason)


def test_a_fleet_that_was_switched_off_stays_off_whatever_the_demand() -> None:
    found = beside(OtherHands(zero=True), current=0, demand=(steady(50.0),))
    assert resolve(found, asked(found)).replicas == 0


def test_a_paused_rollout_leaves_the_way_up_open() -> None:
    found = beside(OtherHands(paused=True), demand=(steady(130.0),))
    assert resolve(found, asked(found)).replicas > 100


def test_no_more_is_asked_than_the_autoscaler_may_have() -> None:
    found = beside(OtherHands(most=120.0), demand=(steady(150.0),))
    decision = resolve(found, asked(found))
    assert (decision.replicas, decision.binding.reason) == (120, "AutoscalerMaximum")


@pytest.mark.parametrize(
    ("word", "replicas", "reason"),
    [
        pytest.param({"floor": 120.0}, 120, "ManualFloor", id="up is a floor"),
        pytest.param({"ceiling": 80.0, "floor": NAN}, 0, "DesiredWithinRange", id="down a ceiling"),
    ],
)
def test_a_change_by_hand_says_so_in_its_reason(
    word: dict[str, Any], replicas: int, reason: str
) -> None:
    said = Override("kubectl by hand", "from 100", NOW + 60, spoken="Manual", **word)
    found = seen(overrides=(said,))
    decision = resolve(found, Overrides(PolicySettings()).bounds(found, {}))
    assert (decision.replicas, decision.binding.reason) == (replicas, reason)
