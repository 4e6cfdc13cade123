"""Numbers and lanes agree: many variants in one pass decide as each of them does alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ebbtide_policies.contract import Memory, Policy
from ebbtide_policies.decide import Memories, decide
from ebbtide_policies.lanes import Moment, before, whole
from ebbtide_policies.observation import Event
from ebbtide_policies.registry import ALWAYS, SPOKEN
from ebbtide_policies.resolve import settle, tightest
from ebbtide_policies.scale_up import ScaleUp
from ebbtide_policies.snapshot import Snapshot
from tests.policies.builders import INF, NAN, NOW, house, outlook, seen, signal, steady
from tests.policies.stacking import memory_lane, stack, stack_settings

LANES = 4
LEVELS = st.sampled_from([0.0, 3.0, 40.0, 41.5, 90.0, 300.0, NAN, INF])
EVENTS = (Event("double-11", NOW + 1500.0, NOW + 5000.0, NOW + 1200.0, replicas=110.0),)
COURSE = st.lists(LEVELS, min_size=12, max_size=12)


@dataclass
class Variant:
    """One variant of a plan, alone: its fleet, its policies, and what they remember."""

    policies: list[Policy[Any]]
    course: list[float]
    current: int
    lead_time: float
    trusted: bool
    stored: Mapping[str, Memory] = field(default_factory=dict)

    def look(self, tick: int, now: float) -> Snapshot:
        """What there is to see at a tick."""
        demand = signal(
            [*self.course, *self.course[:tick]],
            now=now,
            outlook=outlook(*self.course[3:], origin=now, spread=2.0),
            trusted=self.trusted,
        )
        found = seen(now=now, current=self.current, demand=(demand,), lead_time=self.lead_time)
        return replace(found, scale_up=ScaleUp(0.5, 2.0, 15.0), answers={"query/spare": 30.0})


@st.composite
def variants(draw: st.DrawFn) -> Variant:
    """Any settings of any policy, over any demand."""
    chosen: dict[str, dict[str, float]] = {
        "descent": {"max_step": draw(st.sampled_from([0.05, 0.3, 1.0])), "soak": 60.0},
        "forecastNeed": {"quantile": draw(st.sampled_from([0.5, 0.9, 0.999]))},
        "presentNeed": {
            "headroom": draw(st.sampled_from([0.0, 0.05, 0.5])),
            "width": draw(st.sampled_from([0.0, 2.0])),
        },
        "hold": {"believable_drop": draw(st.sampled_from([0.5, 1.0])), "window": 120.0},
        "stabilization": {"window": draw(st.sampled_from([0.0, 300.0]))},
        "replicas": {"min": draw(st.sampled_from([0, 1, 30]))},
        "rate": {"share": draw(st.sampled_from([0.0, 0.1, 1.0])), "period": 60.0},
    }
    policies = [_with(policy, chosen.get(policy.name, {})) for policy in house(most=250)]
    return Variant(
        policies=policies,
        course=draw(COURSE),
        current=draw(st.integers(0, 300)),
        lead_time=draw(st.sampled_from([0.0, 180.0, 3000.0])),
        trusted=draw(st.booleans()),
    )


def _with(policy: Policy[Any], chosen: Mapping[str, float]) -> Policy[Any]:
    return type(policy)(policy.settings.model_copy(update=dict(chosen)))


def _stacked(alone: list[Variant]) -> list[Policy[Any]]:
    return [
        type(same[0])(stack_settings([policy.settings for policy in same]))
        for same in zip(*(variant.policies for variant in alone), strict=True)
    ]


@profile(max_examples=40)
@given(st.lists(variants(), min_size=LANES, max_size=LANES), st.sampled_from([20, 60]))
def test_variants_decide_together_as_each_does_alone(alone: list[Variant], tick: int) -> None:
    policies, memories = _stacked(alone), dict[str, Memory]()
    for step in range(12):
        looks = [variant.look(step, NOW + step * tick) for variant in alone]
        together = stack(looks)
        memories = memories or {p.name: p.recall(None, together) for p in policies}
        bounds = [bound for p in policies for bound in p.bounds(together, memories[p.name])]
        want, replicas = settle(tightest(bounds, together.fleet.current))
        memories = {p.name: p.remember(together, memories[p.name], replicas) for p in policies}
        for lane, (variant, look) in enumerate(zip(alone, looks, strict=True)):
            outcome = decide(variant.policies, look, variant.stored)
            assert np.broadcast_to(want, LANES)[lane] == outcome.decision.want
            assert np.broadcast_to(replicas, LANES)[lane] == outcome.decision.replicas
            for name, memory in outcome.memories.items():
                assert memory_lane(memories[name], lane) == dict(memory)
            variant.current = outcome.decision.replicas
            variant.stored = outcome.memories


def test_no_need_is_nought_and_not_minus_nought() -> None:
    assert str(whole(0.0)) == "0.0"


@given(
    st.lists(st.sampled_from([0, 300, 1200, 3600, 90000]), min_size=3, max_size=3),
    st.lists(LEVELS, min_size=3, max_size=3),
)
def test_lanes_at_different_moments_decide_as_each_does_alone(
    after: list[int], levels: list[float]
) -> None:
    policies = [policy for policy in house() if type(policy) in ALWAYS + SPOKEN]
    stored: list[Memories] = [{}] * 3
    memories = dict[str, Memory]()
    for step in range(3):
        moments = [NOW + seconds + 60.0 * step for seconds in after]
        looks = [
            seen(now=now, current=90, demand=(steady(level, now=now),), events=EVENTS)
            for now, level in zip(moments, levels, strict=True)
        ]
        together = stack(looks)
        memories = memories or {p.name: p.recall(None, together) for p in policies}
        bounds = [bound for p in policies for bound in p.bounds(together, memories[p.name])]
        replicas = settle(tightest(bounds, together.fleet.current)).replicas
        memories = {p.name: p.remember(together, memories[p.name], replicas) for p in policies}
        alone = [decide(policies, look, known) for look, known in zip(looks, stored, strict=True)]
        stored = [outcome.memories for outcome in alone]
        assert np.asarray(replicas).tolist() == [outcome.decision.replicas for outcome in alone]


def two_moments() -> Moment:
    return np.array([NOW, NOW + 60.0])


def test_what_types_refuse_of_lanes_at_different_moments_fails() -> None:
    """Mypy would tell here of an ignore that is not needed."""
    now = two_moments()
    with pytest.raises(ValueError, match="ambiguous"):
        assert now < NOW + 30.0  # type: ignore[operator]
    with pytest.raises(ValueError, match="ambiguous"):
        assert not before(now, NOW + 30.0)  # type: ignore[truthy-bool]
    with pytest.raises(TypeError, match="scalar"):
        float(now)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="scalar"):
        datetime.fromtimestamp(now, UTC)  # type: ignore[arg-type]


def test_every_policy_that_always_applies_is_among_them() -> None:
    assert {policy.name for policy in ALWAYS} < {policy.name for policy in house()}
