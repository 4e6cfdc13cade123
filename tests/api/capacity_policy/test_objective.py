"""What may go wrong, in place of the knobs: `objective` and the settings that follow from it."""

from collections.abc import Mapping
from typing import Any

import pytest

from ebbtide.api.capacity_policy.objective import (
    PRIORS,
    Settings,
    bursting,
    knobs,
    prior,
    with_settings,
)
from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput

BARE: Mapping[str, Any] = {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "edge"},
    "demand": {"query": "sum(viewers)"},
    "capacity": {"perReplica": 100},
    "replicas": {"min": 2, "max": 500},
}


def present_need(**more: Any) -> Any:
    """The settings of presentNeed in a policy that says no more than this."""
    found = compose(parse_policy({**BARE, **more}), {})
    return next(policy.settings for policy in found if policy.name == "presentNeed")


def test_the_settings_follow_from_the_objective() -> None:
    loose, strict = (present_need(objective={"unserved": share}) for share in ("0.1%", "0.006%"))
    assert (loose.headroom, loose.width) == (0.02, 1.0)
    assert strict.headroom > loose.headroom
    assert strict.width > loose.width


def test_what_is_written_wins_over_the_objective_and_both_over_the_preset() -> None:
    written = {"presentNeed": {"headroom": "33%"}}
    found = present_need(preset="streaming-edge", objective={"unserved": "0.1%"}, policies=written)
    assert (found.headroom, found.width) == (0.33, 1.0)
    assert present_need(preset="streaming-edge", objective={"unserved": "0.1%"}).headroom == 0.02


def test_without_an_objective_nothing_changes() -> None:
    assert (present_need().headroom, present_need().width) == (0.1, 0.0)


@pytest.mark.parametrize(
    ("unserved", "level"),
    [
        pytest.param(0.05, 1e-2, id="looser than all, the loosest"),
        pytest.param(1e-4, 1e-4, id="one that is known, itself"),
        pytest.param(1.1e-4, 1e-4, id="between two, the stricter"),
        pytest.param(1e-6, 1e-6, id="the strictest"),
    ],
)
def test_the_prior_is_never_looser_than_the_objective(unserved: float, level: float) -> None:
    assert prior(unserved) == dict(PRIORS)[level]


@pytest.mark.parametrize("unserved", ["0%", "6%", "0.00001%", "0.01"])
def test_an_objective_that_makes_no_sense_is_refused(unserved: str) -> None:
    with pytest.raises(InvalidInput, match=r"spec\.objective\.unserved"):
        present_need(objective={"unserved": unserved})


def test_an_objective_that_is_no_map_is_refused_too() -> None:
    with pytest.raises(InvalidInput, match=r"spec\.objective"):
        present_need(objective="0.01%")


def pace_up(settings: Settings, **more: Any) -> Any:
    """The settings of rate where these are in force for an objective of one in a thousand."""
    written = {**BARE, "objective": {"unserved": "0.1%"}, **more}
    found = compose(parse_policy(with_settings(written, settings)), {})
    return next(policy.settings for policy in found if policy.name == "rate")


@pytest.mark.parametrize(
    ("settings", "more", "share"),
    [
        pytest.param(knobs(0.1, 1.0), {}, 1.0, id="calm demand is followed as the HPA does"),
        pytest.param(bursting(3.0, "1h"), {}, 3.0, id="a burst four times as fast"),
        pytest.param(
            bursting(3.0, "1h"), {"preset": "ai-service"}, 0.5, id="no faster than a preset allows"
        ),
        pytest.param(
            bursting(3.0, "1h"), {"policies": {"rate": {"share": "20%"}}}, 0.2, id="or a policy"
        ),
    ],
)
def test_settings_for_bursts_grow(
    settings: Settings, more: Mapping[str, Any], share: float
) -> None:
    assert pace_up(settings, **more).share == share
