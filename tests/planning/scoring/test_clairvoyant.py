"""The clairvoyant bound is exact: nothing smaller serves all, checked by trying everything."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.planning.scoring.clairvoyant import Growth, least_replicas, least_start
from ebbtide.planning.simulated_fleet.plant import ready_replicas
from ebbtide_policies.lanes import Lanes, whole
from ebbtide_policies.rate import Rate, RateSettings
from ebbtide_policies.scale_up import ScaleUp
from tests.policies.builders import NOW, seen

MOST = 4
TICK = 15.0
needs = st.lists(st.integers(0, MOST), min_size=1, max_size=5)
paces = st.builds(
    ScaleUp, share=st.sampled_from((0.1, 0.5, 1.0)), replicas=st.sampled_from((1.0, 2.0))
)


def serves(asked: Lanes, demand: Lanes, lead: int) -> bool:
    return bool((ready_replicas(asked, lead) >= demand).all())


def keeps(asked: Lanes, pace: ScaleUp, period: int) -> bool:
    return all(
        asked[later] <= pace.highest(asked[at])
        for at in range(asked.size)
        for later in range(at + 1, min(asked.size, at + 1 + period))
    )


def allows(asked: Lanes, pace: ScaleUp) -> bool:
    """Whether the policy `rate` lets a fleet grow like that, a tick after another."""
    share, replicas, period = f"{pace.share:.0%}", f"{pace.replicas:.0f}", f"{pace.period:.0f}s"
    said = {"share": share, "replicas": int(replicas), "period": period}
    rate = Rate(RateSettings.model_validate(said))
    memory = rate.recall(None, seen(current=int(asked[0]), demand=()))
    for at, (before, after) in enumerate(pairwise(asked)):
        tick = seen(now=NOW + 1e6 + TICK * at, current=int(before), demand=())
        [bound] = rate.bounds(tick, memory)
        if after > bound.replicas:
            return False
        memory = rate.remember(tick, memory, after)
    return True


def every_fleet(ticks: int, least: int) -> Iterator[Lanes]:
    return (
        np.array(fleet, dtype=np.float64) for fleet in product(range(least, MOST + 1), repeat=ticks)
    )


@given(needs, st.integers(0, 3), st.integers(0, 2))
def test_no_fleet_that_serves_all_costs_less(needed: list[int], lead: int, least: int) -> None:
    demand = np.array(needed, dtype=np.float64)
    bound = least_replicas(demand, lead, least=least)
    assert serves(bound, demand, lead)
    fleets = every_fleet(demand.size, least)
    assert bound.sum() == min(fleet.sum() for fleet in fleets if serves(fleet, demand, lead))


@given(needs, st.integers(0, 2), paces, st.integers(0, 2))
def test_nor_does_one_that_may_grow_only_so_fast(
    needed: list[int], lead: int, pace: ScaleUp, least: int
) -> None:
    demand, period = np.array(needed, dtype=np.float64), 1 + lead % 2
    bound = least_replicas(demand, lead, growth=Growth(pace, period), least=least)
    assert serves(bound, demand, lead)
    assert keeps(bound, pace, period)
    sums = [
        fleet.sum()
        for fleet in every_fleet(demand.size, least)
        if serves(fleet, demand, lead) and keeps(fleet, pace, period)
    ]
    assert bound.sum() == min(sums)


@given(needs, st.integers(0, 1), paces, st.sampled_from((15.0, 20.0, 30.0, 45.0)))
def test_nor_does_one_that_the_policy_rate_lets_grow(
    needed: list[int], lead: int, pace: ScaleUp, period: float
) -> None:
    demand, paced = np.array(needed, dtype=np.float64), replace(pace, period=period)
    bound = least_replicas(demand, lead, growth=Growth.of(paced, TICK), least=0)
    allowed = [
        fleet.sum()
        for fleet in every_fleet(demand.size, 0)
        if serves(fleet, demand, lead) and allows(fleet, paced)
    ]
    if period == TICK:
        assert bound.sum() == min(allowed)
    assert bound.sum() <= min(allowed)


@given(st.integers(1, 3000), st.floats(0.01, 3.0), st.integers(0, 50))
def test_the_least_start_reaches_its_goal_and_one_less_does_not(
    goal: int, share: float, replicas: int
) -> None:
    pace = ScaleUp(share=share, replicas=float(replicas))
    start = least_start(float(goal), pace)
    assert start == whole(start)
    assert pace.highest(start) >= goal
    assert start <= 0 or pace.highest(start - 1) < goal


@pytest.mark.parametrize(
    ("demand", "lead", "asked"),
    [
        pytest.param([3.2, 1, 1, 4], 0, [4, 1, 1, 4], id="without a lead time it is the demand"),
        pytest.param([3.2, 1, 1, 4], 2, [4, 4, 4, 4], id="a gap within the lead time is bridged"),
        pytest.param([3.2, 1, 1, 4], 1, [4, 1, 4, 4], id="a longer one is not"),
        pytest.param([2, float("nan"), 2], 0, [2, 1, 2], id="what is unknown asks for nothing"),
    ],
)
def test_it_asks_one_lead_time_ahead(demand: list[float], lead: int, asked: list[float]) -> None:
    assert least_replicas(np.array(demand), lead).tolist() == asked


def test_it_never_goes_below_the_least_fleet() -> None:
    assert least_replicas(np.zeros(3), 1, least=2).tolist() == [2, 2, 2]


def test_it_is_never_above_what_any_scaler_needs() -> None:
    rng = np.random.default_rng(3)
    demand = np.abs(np.cumsum(rng.standard_normal(500))) * 3
    bound = least_replicas(demand, 6)
    assert (bound <= np.full(500, whole(demand.max()))).all()
