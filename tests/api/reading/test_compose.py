"""From a spec come the policies that decide, with their settings."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from ebbtide.api.reading.compose import compose
from ebbtide.api.reading.parse import parse_policy
from ebbtide.errors import InvalidInput
from ebbtide_policies.contract import Policy
from ebbtide_policies.descent import Descent
from ebbtide_policies.limits import Limits
from ebbtide_policies.registry import ALWAYS, OPTIONAL, SPOKEN
from ebbtide_policies.schedule import Schedule
from tests.api.plugin import Tide
from tests.api.written import POLICY, spec_of


def names(policies: Iterable[Policy[Any]]) -> list[str]:
    return [policy.name for policy in policies]


def test_policies_that_keep_a_workload_safe_are_always_there() -> None:
    bare = compose(parse_policy(spec_of(POLICY, policies={})), {})
    assert names(bare) == [policy.name for policy in (*SPOKEN, *ALWAYS)]
    descent = next(policy for policy in bare if isinstance(policy, Descent))
    assert descent.settings.max_step == 0.05


def test_policies_have_the_settings_that_are_written() -> None:
    made = compose(parse_policy(spec_of(POLICY, policies={"descent": {"soak": "5m"}})), {})
    assert next(p.settings.soak for p in made if isinstance(p, Descent)) == 300
    assert next(p.settings.max for p in made if isinstance(p, Limits)) == 100


def test_optional_policies_are_there_when_they_are_named() -> None:
    made = compose(parse_policy(spec_of(POLICY, policies={p.name: {} for p in OPTIONAL})), {})
    assert {policy.name for policy in OPTIONAL} <= set(names(made))
    named = compose(parse_policy(spec_of(POLICY)), {})
    assert next(p.settings.windows for p in named if isinstance(p, Schedule))["late"].floor == 4


def test_plugins_are_there_when_they_are_named() -> None:
    written = parse_policy(spec_of(POLICY, plugins={"tide": {"share": "7%"}}))
    made = compose(written, {"tide": Tide})[-1]
    assert isinstance(made, Tide)
    assert made.settings.share == pytest.approx(0.07)
    assert "tide" not in names(compose(parse_policy(spec_of(POLICY)), {"tide": Tide}))


@pytest.mark.parametrize(
    ("plugins", "why"),
    [
        pytest.param(
            {"ebb": {}},
            "spec.plugins.ebb: no such policy is installed: is not known here; known are tide",
            id="unknown",
        ),
        pytest.param(
            {"tide": {"share": 7}},
            "spec.plugins.tide.share: 7 is not a percentage; write it like 5% or 0.01%",
            id="settings",
        ),
    ],
)
def test_a_wrong_plugin_is_refused(plugins: Mapping[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        compose(parse_policy(spec_of(POLICY, plugins=plugins)), {"tide": Tide})
    assert str(refused.value) == why


def test_without_plugins_none_is_known() -> None:
    with pytest.raises(InvalidInput, match="known are none"):
        compose(parse_policy(spec_of(POLICY, plugins={"tide": {}})), {})
